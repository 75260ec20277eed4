#!/bin/sh
# Sets up what is missing, builds the tests and runs them.
#   sh tests/run.sh [PRESET] [--build-only] [ctest arguments]     PRESET: release (default), dev, asan, tsan
# Without arguments for ctest it leaves out what takes minutes and seldom breaks alone, and says so: packages as others
# take them, the pages' programs, lower instruction sets, what nvcc refuses, compile times (`-L apart`; .ci/run runs
# them).
set -eu
cd "$(dirname "$0")/.."
preset=release
case ${1:-} in
  release | dev | asan | tsan) preset=$1 && shift ;;
esac
. cmake/setup.sh
need $base_packages $knowledge_packages doctest-dev:/usr/include/doctest/doctest.h python3:python3 doxygen:doxygen \
  doxygen-awesome-css:/usr/share/doxygen-awesome-css/doxygen-awesome.css
python3 -c "import ensurepip" 2>/dev/null || need python3-venv:ensurepip  # for tests/consume/conan_create.sh
want g++-aarch64-linux-gnu:aarch64-linux-gnu-g++ qemu-user:qemu-aarch64  # for tests/aarch64
case $preset in
  asan | tsan)
    need clang:clang++
    need "libclang-rt-14-dev:$(clang++ -print-resource-dir)/lib/linux/libclang_rt.tsan-$(uname -m).a"
    ;;
esac
build=build/$preset
log=$(mktemp)
cmake --preset "$preset" >"$log" 2>&1 || { cat "$log"; exit 1; }
grep "left out:" "$log" || true
rm -f "$log"
cmake --build "$build"
if [ "${1:-}" = --build-only ]; then exit 0; fi
run() { ctest --test-dir "$build" --parallel "$(nproc)" --output-on-failure --no-tests=error "$@"; }
if [ $# -gt 0 ]; then
  run "$@"
else
  run -LE apart
  echo "left out: packages, pages, lower instruction sets, refusals of nvcc, compile times (sh tests/run.sh $preset -L apart)"
fi
