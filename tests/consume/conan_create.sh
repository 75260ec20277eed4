#!/bin/sh
# `conan create` from the checkout, with Debian's packages as dependencies and a Conan home of its own.
#   sh conan_create.sh CHECKOUT     in the folder that is to hold everything; exits with 77 where Conan cannot be had
set -eu
checkout=$1
export CONAN_HOME="$PWD/home"

# Conan 2 in a virtual environment, made once.
if ! PATH="$PWD/venv/bin:$PATH" conan --version >version.txt 2>&1 || ! grep -q "version 2" version.txt; then
  if ! { python3 -m venv venv && venv/bin/pip install -q --retries 1 "conan>=2.3,<3"; } >venv.txt 2>&1; then
    cat venv.txt
    echo "skipped: Conan 2 is not installed, and pip could not install it"
    exit 77
  fi
fi
PATH="$PWD/venv/bin:$PATH"

log="$PWD/create.txt"

cd "$checkout"
conan create . --profile:all=cmake/conan/debian12.profile --no-remote \
  -c tools.cmake.cmake_layout:test_folder="$CONAN_HOME/../test" -c tools.build:jobs=1 >"$log" 2>&1 || {
  cat "$log"
  exit 1
}
# The recipe asks for every library, and the system's packages answer.
for library in eigen nlohmann_json pcre2 utf8proc sqlite3 xxhash; do
  grep -q "$library/.* - Platform" "$log" || { echo "the recipe does not require $library"; exit 1; }
done

# Alone, the recipe fetches an archive, and says that it has none; and other systems than Linux are refused.
mkdir -p "$CONAN_HOME/../alone"
cp conanfile.py conandata.yml "$CONAN_HOME/../alone"
profile="$checkout/cmake/conan/debian12.profile"
cd "$CONAN_HOME/../alone"
refused() {
  if conan create . --version 9.9.9 --profile:all="$profile" --no-remote -tf "" "$@" >"$log" 2>&1; then return 1; fi
  cat "$log"
}
refused | grep -q "names no archive of asterism 9.9.9" || { echo "an archive that is missing is not named"; exit 1; }
refused -s os=Windows | grep -q "runs on Linux, not on Windows" || { echo "Windows is not refused"; exit 1; }
