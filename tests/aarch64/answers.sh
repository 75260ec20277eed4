#!/bin/sh
# The answers of the shipped checkpoint on aarch64, on processors with and without dot products and products of
# matrices. PCRE2 and utf8proc for arm64 are unpacked in FOLDER, not installed.
#   sh tests/aarch64/answers.sh FOLDER
set -eu
. "$(dirname "$0")/cross.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
libraries=$folder/packages/usr/lib/aarch64-linux-gnu

if [ ! -e "$libraries/libpcre2-8.a" ] || [ ! -e "$libraries/libutf8proc.a" ]; then
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  : >"$folder/apt/status"
  cat >"$folder/apt/config" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "$(id -un)";
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
END
  (
    export APT_CONFIG="$folder/apt/config"
    cd "$folder/apt" && apt-get update -qq && apt-get download -qq libpcre2-dev libutf8proc-dev &&
      for package in *.deb; do dpkg -x "$package" "$folder/packages"; done
  ) >"$folder/apt.log" 2>&1 || true
fi
if [ ! -e "$libraries/libpcre2-8.a" ] || [ ! -e "$libraries/libutf8proc.a" ]; then
  echo "skipped: PCRE2 and utf8proc for arm64 can't be had here: $folder/apt.log"
  exit 0
fi

compile -O1 -c tests/aarch64/answers.cpp -o "$folder/answers.o"
aarch64-linux-gnu-g++ -static "$folder/answers.o" -L"$libraries" -lpcre2-8 -lutf8proc -o "$folder/answers"
export ASTERISM_TUNING=ahead=8192  # nothing is measured in an emulator
for processor in cortex-a72 neoverse-n1 max; do
  qemu-aarch64 -cpu $processor "$folder/answers"
done
