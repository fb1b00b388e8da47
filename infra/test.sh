#!/usr/bin/env bash
# Builds everything and runs every test project, one after the other; the last line is "N passed, N failed, N skipped".
# Called by ./paris test, which has chosen the packages. Usage: infra/test.sh BIN [PROJECT ...]
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=$1
shift
results="$root/artifacts/test-results"
rm -rf "$results"
mkdir -p "$results"

echo "building ..." >&2
if ! dotnet build "$root/Paris.Orleans.sln" -c Release -v quiet --nologo >"$results/build.log" 2>&1; then
  grep -E 'error|warning' "$results/build.log" | sort -u | head -n 40
  echo "the build failed; the whole log is artifacts/test-results/build.log"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
export PARIS_WORKER="$bin/Paris.Worker/release/Paris.Worker.dll" PARIS_ROOT="$root"

projects=("$@")
[ ${#projects[@]} -gt 0 ] || mapfile -t projects < <(cd "$root/tests" && ls -d *.Tests)
passed=0 failed=0 skipped=0
for project in "${projects[@]}"; do
  log="$results/$project.log"
  start=$SECONDS
  dotnet test "$root/tests/$project" -c Release --no-build --nologo --blame-hang-timeout 10m --results-directory "$results" \
    --logger "console;verbosity=normal" >"$log" 2>&1
  code=$?
  p=$(sed -nE 's/^ *Passed: *([0-9]+)$/\1/p' "$log" | tail -n 1)
  f=$(sed -nE 's/^ *Failed: *([0-9]+)$/\1/p' "$log" | tail -n 1)
  s=$(sed -nE 's/^ *Skipped: *([0-9]+)$/\1/p' "$log" | tail -n 1)
  p=${p:-0} f=${f:-0} s=${s:-0}
  # A project that ended badly without a failed test (crash, hang, nothing found) is a failure too.
  if [ $code -ne 0 ] && [ "$f" = 0 ]; then f=1; fi
  if [ $((p + f + s)) = 0 ]; then f=1; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-32s %4d passed %4d failed %4d skipped %5ds\n' "$project" "$p" "$f" "$s" $((SECONDS - start))
  if [ "$f" != 0 ]; then
    grep -E -A 25 '^ *Failed |error|Aborted|crash' "$log" | head -n 120
    echo "    the whole log is artifacts/test-results/$project.log"
  fi
  # Every skipped test with its reason, which the runner prints on the line after it.
  grep -A 1 -F '[SKIP]' "$log" | grep -v -e '^--$' | sed -E 's/^\[xUnit\.net [0-9:.]+\] */    /' | head -n 24
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
