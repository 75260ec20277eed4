# Sourced by the scripts beside it: the compiler for aarch64 on Debian, with the warnings of this project as errors, and
# a compiler cache where there is one.
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
cache=$(command -v ccache || true)
eigen=/usr/include/eigen3

# compile SOURCE OPTIONS...
compile() {
  $cache aarch64-linux-gnu-g++ -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Werror -ffile-prefix-map="$root=." \
    -Iinclude -Itests -isystem "$eigen" "$@"
}
