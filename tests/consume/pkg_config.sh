#!/bin/sh
# An installed Asterism without CMake: pkg-config tells the flags.
#   sh pkg_config.sh COMPILER PREFIX CHECKPOINT     in the folder that is to hold the programs
set -eu
CXX=$1
prefix=$2
programs=$(dirname "$0")/programs

export PKG_CONFIG_PATH="$prefix/share/pkgconfig"
$CXX -std=c++20 -O1 "$programs/plan.cpp" $(pkg-config --cflags --libs asterism) -o plan
$CXX -std=c++20 -O1 "$programs/alike.cpp" $(pkg-config --cflags --libs asterism-knowledge) -o alike
$CXX -std=c++20 -O1 "$programs/tokens.cpp" $(pkg-config --cflags --libs asterism-text) -o tokens
$CXX -std=c++20 -O1 "$programs/encoded.cpp" $(pkg-config --cflags --libs asterism-librarian) -o encoded
$CXX -std=c++20 -O1 "$programs/learning.cpp" $(pkg-config --cflags --libs asterism-train) -o learning

# The compiled form: the program's own build compiles the sources that the file names.
$CXX -std=c++20 -O1 "$programs/tokens.cpp" $(pkg-config --variable=sources asterism-text-compiled) \
  $(pkg-config --cflags --libs asterism-text-compiled) -o compiled_tokens

./plan
./alike
./encoded
./learning
./compiled_tokens "$3"
./tokens "$3"
pkg-config --exact-version="$(pkg-config --modversion asterism)" asterism-text
# The core's users link neither PCRE2 nor utf8proc.
case $(pkg-config --libs asterism) in
  *pcre2* | *utf8proc*) echo "asterism.pc links what only text needs"; exit 1 ;;
esac
