#!/bin/sh
# A checkout of Asterism and a compiler, and nothing else.
#   sh plain.sh COMPILER CHECKOUT EIGEN CHECKPOINT     in the folder that is to hold the programs
set -eu
CXX=$1
checkout=$2
eigen=$3
programs=$(dirname "$0")/programs

$CXX -std=c++20 -O1 -I "$checkout/include" -I "$eigen" "$programs/plan.cpp" -pthread -o plan
$CXX -std=c++20 -O1 -I "$checkout/include" -I "$eigen" "$programs/answer.cpp" -lpcre2-8 -lutf8proc -pthread -o answer

./plan
./answer "$4"
