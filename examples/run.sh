#!/bin/sh
# Sets up what is missing, builds the main example and runs it on the checkpoint that the repository ships.
# Arguments go to the example: sh examples/run.sh --help
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
need $base_packages
build=build/examples
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ -f "$build/build.ninja" ] ||
  cmake --preset examples >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
echo "building (the first time takes a minute or two)" >&2
cmake --build "$build" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
rm -f "$log"
exec "$build/mixtral_dual_16gb" "$@"
