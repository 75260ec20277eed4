#!/bin/sh
# Sets up what is missing, builds the tests and runs them.
#   sh tests/run.sh [PRESET] [ctest arguments]     PRESET: release (default), dev, asan, tsan
set -eu
cd "$(dirname "$0")/.."
preset=release
case ${1:-} in
  release | dev | asan | tsan) preset=$1 && shift ;;
esac
. cmake/setup.sh
need $base_packages doctest-dev:/usr/include/doctest/doctest.h python3:python3
python3 -c "import ensurepip" 2>/dev/null || need python3-venv:ensurepip  # for tests/consume/conan_create.sh
if [ "$preset" = tsan ]; then
  need clang:clang++
  need "libclang-rt-14-dev:$(clang++ -print-resource-dir)/lib/linux/libclang_rt.tsan-$(uname -m).a"
fi
build=build/$preset
log=$(mktemp)
[ -f "$build/build.ninja" ] || cmake --preset "$preset" >"$log" 2>&1 || { cat "$log"; exit 1; }
rm -f "$log"
cmake --build "$build"
exec ctest --test-dir "$build" --parallel "$(nproc)" --output-on-failure --no-tests=error "$@"
