#!/usr/bin/env bash
# Runs the tests of all modules. Tests that need more than Go find it themselves and skip with a clear line when it is
# not there; with TEST_ENGINES=all they fail instead. The skips are listed at the end.
#   tools/test.sh          everything
#   tools/test.sh e2e      only the end-to-end tests
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0

run() { # DIR PACKAGES…
	local dir=$1
	shift
	(cd "$dir" && go test -count=1 -timeout 20m -v "$@" 2>&1) | tee -a "$out" |
		grep -Ev '^\s*(=== |--- PASS|--- SKIP|[a-z_0-9]+\.go:[0-9]+: skip)|^PASS$|no test files'
	[ "${PIPESTATUS[0]}" -eq 0 ] || status=1
}

if [ "${1:-}" = e2e ]; then
	run . ./e2e/...
else
	run fault ./...
	run . $(go list ./... | grep -v '/e2e')
	run . ./e2e/...
fi

passed=$(grep -c -- '^\s*--- PASS' "$out")
failed=$(grep -c -- '^\s*--- FAIL' "$out")
skipped=$(grep -c -- '^\s*--- SKIP' "$out")
if [ "$skipped" -gt 0 ]; then
	echo
	echo "Skipped, and why:"
	grep -A 3 -- '--- SKIP' "$out" | grep -E '\.go:[0-9]+:' | sed 's/^ *[a-z_0-9]*\.go:[0-9]*: /  /' | sort | uniq -c
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
