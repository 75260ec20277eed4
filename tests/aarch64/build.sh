#!/bin/sh
# The tests of the kernels as one program for aarch64, FOLDER/simd_test.
#   sh tests/aarch64/build.sh FOLDER
set -eu
. "$(dirname "$0")/cross.sh"
mkdir -p "$1"
objects=""
for test in tests/doctest_main.cpp tests/simd/*_test.cpp tests/quant/kernel_order_test.cpp; do
  case $test in
    */avx* | */amx*) continue ;;  # empty here
    */portable_tiles* | */tuning*) continue ;;  # the same as elsewhere; emulation is not measured
  esac
  object=$1/$(basename "$test" .cpp).o
  compile -O1 -c "$test" -o "$object"
  objects="$objects $object"
done
aarch64-linux-gnu-g++ -static $objects -o "$1/simd_test"
