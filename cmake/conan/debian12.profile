# Debian 12: the compiler, and what Asterism needs, come from the system's packages; nothing is downloaded.
#   conan create . --profile:all=cmake/conan/debian12.profile --no-remote
[settings]
os=Linux
arch={{ detect_api.detect_arch() }}
compiler=gcc
compiler.version=12
compiler.libcxx=libstdc++11
compiler.cppstd=20
build_type=Release

[platform_requires]
eigen/3.4.0
nlohmann_json/3.11.2
pcre2/10.42
utf8proc/2.8.0
sqlite3/3.40.1
xxhash/0.8.1
