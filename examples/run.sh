#!/bin/sh
# Sets up what is missing, builds the main example and runs it on the checkpoint that the repository ships.
# Arguments go to the example: sh examples/run.sh --help. The other examples: cmake --build build/release --target
# examples
set -eu
started_in=$PWD
cd "$(dirname "$0")/.."
. cmake/setup.sh
need $base_packages
build=build/release
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ ! -f "$build/build.ninja" ]; then
  want $optional_packages
  cmake --preset examples >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  echo "building, which takes a minute or two the first time" >&2
fi
cmake --build "$build" --target mixtral_dual_16gb >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
rm -f "$log"
root=$PWD
cd "$started_in"  # paths in the arguments are the caller's
exec "$root/$build/mixtral_dual_16gb" "$@"
