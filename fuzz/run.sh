#!/bin/sh
# Runs one fuzz target, or all of them one after the other, for so many seconds each: sh fuzz/run.sh [TARGET] [SECONDS]
set -eu
cd "$(dirname "$0")"

target=${1:-}
seconds=${2:-180}

missing() {
  echo "make fuzz needs $1" >&2
  exit 2
}
cargo fuzz --version >/dev/null 2>&1 || missing 'cargo-fuzz, which is not on the PATH: cargo install cargo-fuzz --locked'
command -v "${CXX:-c++}" >/dev/null || missing 'a C++ compiler for libFuzzer, for example the package g++'
command -v python3 >/dev/null || missing 'python3, which writes the seeds'
targets=$(cargo fuzz list --fuzz-dir .)
if [ -n "$target" ]; then
  echo "$targets" | grep -qx "$target" || missing "a target that exists, found $target: $(echo $targets)"
  targets=$target
fi

python3 seeds.py
# A sanitizer needs a nightly compiler, and the workspace has no unsafe code outside ko-morph.
cargo fuzz build --fuzz-dir . --sanitizer none $([ -z "$target" ] || echo "$target")

failed=
for name in $targets; do
  log=$(mktemp)
  printf '%-22s ' "$name"
  # A slow input is a finding, too. Memory is limited to 1 GiB.
  if cargo fuzz run --fuzz-dir . --sanitizer none "$name" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=8192 -dict=dictionaries/"$name" \
    -print_final_stats=1 >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    cover=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/cov \1, ft \2, corpus \3/p' "$log" | tail -n 1)
    memory=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
    echo "$runs runs, $cover, peak $memory MiB, no finding"
  else
    failed="$failed $name"
    echo "FAILED, see $log"
    tail -n 25 "$log" >&2
  fi
done
[ -z "$failed" ] || { echo "findings in:$failed" >&2; exit 1; }
