#!/bin/sh
# No header needs one of x86: all but those for CUDA, with their bodies, for aarch64; and those for NEON, which are
# empty elsewhere, each alone.
#   sh tests/aarch64/headers.sh FOLDER
set -eu
. "$(dirname "$0")/cross.sh"
mkdir -p "$1"
all=$1/headers.cpp
(cd include && find asterism -name '*.hpp' ! -path 'asterism/cuda/*' ! -name 'hnsw*.hpp' ! -name 'faiss*.hpp' | sort) |
  sed 's/.*/#include "&"/' >"$all"
compile -fsyntax-only "$all"
for header in include/asterism/simd/*/neon*.hpp; do
  compile -DASTERISM_COMPILED -fsyntax-only -x c++ -include "$header" /dev/null
done
echo "$(wc -l <"$all") headers compile for aarch64"
