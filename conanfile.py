"""Conan 2 recipe: `conan create .` in a checkout packages that checkout; alone, with conandata.yml, it fetches the
archive of the version that it is given. See docs/packaging.md."""
import os
import re

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get, load

required_conan_version = ">=2.3"


class AsterismRecipe(ConanFile):
    name = "asterism"
    license = "Apache-2.0"
    url = "https://asterism.example/asterism"
    homepage = "https://asterism.example/asterism"
    description = "Header-only toolkit for Mixture-of-Experts models larger than fast memory"
    topics = ("mixture-of-experts", "large-language-models", "quantization", "inference", "cuda", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_cuda": [True, False], "compiled": [True, False]}
    default_options = {"with_cuda": False, "compiled": False}
    no_copy_source = True
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"
    test_package_folder = "tests/consume/conan"

    def set_version(self):
        header = os.path.join(self.recipe_folder, "include", "asterism", "core", "version.hpp")
        if os.path.exists(header):
            self.version = re.search(r'version = "([0-9.]+)"', load(self, header)).group(1)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("eigen/[>=3.4.0 <6]")
        self.requires("nlohmann_json/[>=3.11 <4]")
        self.requires("pcre2/[>=10.42 <11]")
        self.requires("utf8proc/[>=2.8 <3]")
        self.requires("sqlite3/[>=3.40 <4]")
        self.requires("xxhash/[>=0.8.1 <1]")

    def source(self):
        if os.path.exists(os.path.join(self.export_sources_folder, "include", "asterism")):
            return  # the checkout's
        archive = (self.conan_data or {}).get("sources", {}).get(str(self.version))
        if archive is None:
            raise ConanException(f"conandata.yml names no archive of asterism {self.version}")
        get(self, **archive, strip_root=True)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration(f"asterism runs on Linux, not on {self.settings.os}")
        check_min_cppstd(self, 20)
        if self.options.with_cuda:
            self.output.warning("the component cuda takes the CUDA toolkit from the system: Conan has no package of it")

    def package_id(self):
        # Headers, whatever compiles them; the config file alone knows whether they are taken in the compiled form.
        self.info.settings.clear()
        del self.info.options.with_cuda

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        toolchain.cache_variables["ASTERISM_BUILD_TESTS"] = False
        toolchain.cache_variables["ASTERISM_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["ASTERISM_COMPILED"] = bool(self.options.compiled)
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        # find_package(asterism) reads the config file of the package itself, as from every other installation: it finds
        # what its components need, from Conan or from the system.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "cmake", "asterism")]
