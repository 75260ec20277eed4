# Sourced by examples/run.sh and tests/run.sh: makes sure that compilers and libraries are there.
# Usage: . cmake/setup.sh; need PACKAGE:FILE-OR-COMMAND ...
#
# A word is a Debian package and what proves that it is there: a command, or the path of a file. What is missing is
# installed with apt-get where that is allowed (root, or sudo without a password); otherwise the packages are named.

base_packages="
  g++:g++ cmake:cmake ninja-build:ninja pkg-config:pkg-config ccache:ccache
  libeigen3-dev:/usr/include/eigen3/Eigen/Core
  nlohmann-json3-dev:/usr/include/nlohmann/json.hpp
  libpcre2-dev:/usr/include/pcre2.h
  libutf8proc-dev:/usr/include/utf8proc.h
  libcli11-dev:/usr/include/CLI/CLI.hpp"

# For tests and benchmarks of the room knowledge.
knowledge_packages="
  libsqlite3-dev:/usr/include/sqlite3.h
  libxxhash-dev:/usr/include/xxhash.h
  libhnswlib-dev:/usr/include/hnswlib/hnswlib.h
  libfaiss-dev:/usr/include/faiss/Index.h"

# What makes things nicer: editing at the prompt of the main example, and the example that serves, with its metrics.
optional_packages="
  libedit-dev:/usr/include/histedit.h
  libboost-dev:/usr/include/boost/beast.hpp
  prometheus-cpp-dev:/usr/include/prometheus/registry.h"

need() {
  missing=""
  for word in "$@"; do
    package=${word%%:*}
    proof=${word#*:}
    case $proof in
      /*) [ -e "$proof" ] || missing="$missing $package" ;;
      *) command -v "$proof" >/dev/null 2>&1 || missing="$missing $package" ;;
    esac
  done
  [ -z "$missing" ] && return 0

  as_root=""
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root="none"; fi
  fi
  if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "These packages are missing:$missing" >&2
    echo "Install them, on Debian or Ubuntu with: sudo apt-get install$missing" >&2
    exit 1
  fi
  echo "installing:$missing"
  log=$(mktemp)
  if ! { $as_root apt-get update -qq &&
         DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install:$missing" >&2
    exit 1
  fi
  rm -f "$log"
}

# The same for what can be done without: it is installed where that is allowed, and not asked for elsewhere.
want() {
  (need "$@") >/dev/null 2>&1 || true
}
