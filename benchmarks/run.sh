#!/bin/sh
# Sets up what is missing, builds all benchmarks, and runs the first of each program for a moment to see that it works;
# figures are made by the commands of docs/performance.md. The programs lie in build/release/benchmarks.
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
need $base_packages $knowledge_packages libbenchmark-dev:/usr/include/benchmark/benchmark.h
build=build/release
log=$(mktemp)
if [ -f "$build/build.ninja" ]; then
  cmake -DASTERISM_BUILD_BENCHMARKS=ON "$build" >"$log" 2>&1 || { cat "$log"; exit 1; }
else
  cmake --preset bench >"$log" 2>&1 || { cat "$log"; exit 1; }
fi
cmake --build "$build" --target benchmarks
for program in $(cat "$build/benchmarks/google_benchmarks"); do
  echo "-- $program"
  first=$("$build/benchmarks/$program" --benchmark_list_tests | head -n 1 | sed 's/[][().*+?^$|{}\\]/\\&/g')
  "$build/benchmarks/$program" --benchmark_min_time=0 "--benchmark_filter=^$first\$" >"$log" 2>&1 ||
    { cat "$log"; exit 1; }
done
echo "-- index_peers_bench"
"$build/benchmarks/index_peers_bench" --rows 2000 --rounds 1 --seconds 0 >"$log" 2>&1 || { cat "$log"; exit 1; }
rm -f "$log"
