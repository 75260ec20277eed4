"""What `conan create` runs against the package that it has made."""
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class AsterismTestPackage(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "PkgConfigDeps"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            checkpoint = os.path.join(self.recipe_folder, "..", "..", "golden", "models", "demo")
            self.run(os.path.join(self.cpp.build.bindir, "plan"), env="conanrun")
            self.run(f"{os.path.join(self.cpp.build.bindir, 'tokens')} {checkpoint}", env="conanrun")
