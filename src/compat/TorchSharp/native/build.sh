#!/bin/sh
# Builds libparistorch.so into the folder $1. Safe beside another build of the same folder: the second waits and finds the work done.
set -e
out="$1"
source="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "$out/cmake"

configure() {
  generator=""
  if [ ! -f "$out/cmake/CMakeCache.txt" ] && command -v ninja >/dev/null 2>&1; then generator="-G Ninja"; fi
  # shellcheck disable=SC2086
  cmake -S "$source" -B "$out/cmake" $generator -DCMAKE_BUILD_TYPE=Release
}

build() {
  # A cache of another place or another CMake is of no use: once more from scratch.
  configure || { rm -rf "$out/cmake"; configure; }
  cmake --build "$out/cmake" --parallel 2
  # A new file by rename: a process that has the old one loaded keeps it whole.
  if ! cmp -s "$out/cmake/libparistorch.so" "$out/libparistorch.so"; then
    cp "$out/cmake/libparistorch.so" "$out/libparistorch.so.new"
    mv "$out/libparistorch.so.new" "$out/libparistorch.so"
  fi
  touch "$out/libparistorch.so"
}

if command -v flock >/dev/null 2>&1; then
  exec 9>"$out/lock"
  flock 9
fi
build
