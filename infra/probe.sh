#!/usr/bin/env bash
# Asks the package feed once which families it carries (restoring one probe project each), records the answer in
# artifacts/feeds.env and prints one line. PARIS_FEED may name a folder feed. A family that does not restore gets its stand-in.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
answer="$root/artifacts/feeds.env"
mkdir -p "$root/artifacts"

feed=${PARIS_FEED:-}
if [ -n "$feed" ]; then
  [ -d "$feed" ] || { echo "paris: PARIS_FEED names no folder: $feed" >&2; exit 2; }
  feed=$(cd "$feed" && pwd)
fi
version=
if [ -n "$feed" ] && [ -z "${OrleansVersion:-}" ]; then
  # The folder feed's own version of Orleans, when it holds another one than ours.
  version=$(find "$feed" -iname 'microsoft.orleans.server.[0-9]*.nupkg' -printf '%f\n' | sed -E 's/^[^0-9]*([0-9].*)\.nupkg$/\1/I' | sort -V | tail -n 1)
fi
version=${OrleansVersion:-$version}
key=$(cat "$root"/infra/feeds/*/*.csproj "$root/Directory.Packages.props" "$root/Directory.Build.props" "$root/infra/probe.sh" <(echo "$feed $version $(ls "$feed" 2>/dev/null | wc -l)") | sha256sum | cut -c1-16)
if [ -e "$answer" ] && grep -q "^# key $key$" "$answer"; then exit 0; fi

export PARIS_FEED=$feed OrleansVersion=$version
# A folder of its own: a package left in this machine's cache by another feed proves nothing about this one.
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
pids=() families=(orleans torch exporter hashing tls)
for family in "${families[@]}"; do
  OrleansSource=package TorchSource=package ExporterSource=package HashingSource=package \
    dotnet restore "$root/infra/feeds/$family" --force --packages "$packages" -v quiet --nologo >"$root/artifacts/probe-$family.log" 2>&1 &
  pids+=($!)
done
declare -A source
for i in "${!families[@]}"; do
  if wait "${pids[$i]}"; then source[${families[$i]}]=package; else source[${families[$i]}]=standin; fi
done
# A library that this machine's C++ runtime is too old for restores and does not load.
torch_note= torch_served=
[ "${source[torch]}" = standin ] || torch_served=true
if [ "${source[torch]}" = package ] && [ "$(uname -sm)" = "Linux x86_64" ]; then
  library=$(find "$packages/torchsharp" -path '*linux-x64*' -name 'libLibTorchSharp.so' | head -n 1)
  lacks=$({ ldd "$library" 2>&1 || true; } | sed -nE "s/.*version \`([A-Z_0-9.]+)' not found.*/\1/p" | sort -u | head -n 1)
  if [ -n "$lacks" ]; then source[torch]=standin torch_note=" (the official one needs $lacks, newer than this machine's)"; fi
fi
# Orleans computes with what the stand-in for System.IO.Hashing only names.
[ "${source[hashing]}" = package ] || source[orleans]=standin
# Optional, and of no use beside the stand-in: without it one project is empty.
[ "${source[orleans]}" = package ] && [ "${source[tls]}" = package ] || source[tls]=absent

{
  echo "# Which families the feed carries; written by infra/probe.sh."
  echo "# key $key"
  echo "export OrleansSource=${source[orleans]} TorchSource=${source[torch]} ExporterSource=${source[exporter]} HashingSource=${source[hashing]} TlsSource=${source[tls]} TorchServed=$torch_served"
  echo "export OrleansVersion=$version PARIS_FEED='$feed'"
} >"$answer.new"
mv "$answer.new" "$answer"
label() { if [ "$2" = package ]; then echo "$1: official${3:+ $3}"; else echo "$1: stand-in"; fi; }
echo "feeds: $(label Orleans "${source[orleans]}" "$version"), $(label TorchSharp "${source[torch]}")$torch_note, $(label 'Prometheus exporter' "${source[exporter]}"), $(label System.IO.Hashing "${source[hashing]}")" >&2
