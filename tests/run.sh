#!/usr/bin/env bash
# Installs what the tests need (Debian; as root or with sudo) and runs all of them, with the time of each step.
# The last line is 'N passed, N failed'; the exit code is 1 if anything failed.
#
#   tests/run.sh             everything
#   tests/run.sh quick       without the slow ones: format, lints, unit tests, schema
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. tests/needs.sh

passed=0 failed=0 began=$SECONDS
broken=()
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n== %s\n' "$*"; }

# step NAME COMMAND…: one check more, passed or failed.
step() {
  local name=$1 from=$SECONDS
  shift
  say "$name"
  if "$@"; then
    passed=$((passed + 1))
    echo "-- $name: ok, $((SECONDS - from)) s (of $((SECONDS - began)))"
  else
    failed=$((failed + 1)) broken+=("$name")
    echo "-- $name: FAILED, $((SECONDS - from)) s (of $((SECONDS - began)))"
  fi
}

# tests NAME COMMAND…: as many checks as cargo counts in the command's output.
tests() {
  local name=$1 from=$SECONDS log=$logs/out ok ko status
  shift
  say "$name"
  "$@" 2>&1 | tee "$log"
  status=$?
  ok=$(sum passed "$log") ko=$(sum failed "$log")
  # Something that ended before it could count, such as a failed build.
  [ $status -ne 0 ] && [ "$ko" -eq 0 ] && ko=1
  passed=$((passed + ok)) failed=$((failed + ko))
  [ "$ko" -eq 0 ] || broken+=("$name")
  echo "-- $name: $ok passed, $ko failed, $((SECONDS - from)) s (of $((SECONDS - began)))"
}

sum() { sed -nE "s/^test result:.* ([0-9]+) $1;.*/\1/p" "$2" | awk '{n += $1} END {print n + 0}'; }

finish() {
  echo
  [ ${#broken[@]} -eq 0 ] || printf 'failed: %s\n' "${broken[@]}"
  echo "$((SECONDS - began)) s"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

set_up() {
  need build-essential cc
  need dovecot-imapd /usr/lib/dovecot/imap
  need isync mbsync
  need postgresql '/usr/lib/postgresql/*/bin/initdb'
  need pgbouncer pgbouncer
  need util-linux setpriv
  need nodejs node
  need npm npm
  need chromium chromium
  need curl curl
  need jq jq
  need python3 python3
  need python3-venv "/usr/lib/python3*/ensurepip"
  python3 -c 'import dateutil' 2>/dev/null || need python3-dateutil "/usr/lib/python3/dist-packages/dateutil"
  install_needs && find_cargo && (cd tests/node && npm ci --no-fund --no-audit) &&
    (cd sandbox/tests/judges && npm ci --no-fund --no-audit)
}

no_second_tls_stack() {
  local tree
  tree=$(cargo tree --locked -e normal -i ring --target x86_64-unknown-linux-gnu 2>/dev/null)
  [ -z "$tree" ] || { echo "ring came in beside aws-lc-rs:"; echo "$tree"; return 1; }
}

documented() { (cd tests/node && npm run --silent documented); }

lint_schema() { (cd tests/node && npm run --silent lint-schema); }

written_schema_is_current() { cargo run --locked -q --features failpoints -- schema --check schema.graphql; }

step "set-up" set_up
[ "$failed" -eq 0 ] || finish
step "format" cargo fmt --all --check
step "one TLS stack" no_second_tls_stack
step "lints" cargo clippy --locked --workspace --all-targets --features failpoints -- -D warnings
step "compile the tests" cargo test --locked --workspace --features failpoints --no-run
[ "$failed" -eq 0 ] || finish
if [ "${1:-}" = quick ]; then
  tests "unit tests" cargo test --locked --workspace --features failpoints --lib --bins --no-fail-fast
else
  tests "tests" cargo test --locked --workspace --features failpoints --no-fail-fast
fi
step "the written schema is current" written_schema_is_current
step "the schema's descriptions, names and connections" lint_schema
step "the documentation's queries are queries" documented
finish
