#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME each (default 20s).
set -euo pipefail
cd "$(dirname "$0")/.."
for module in . fault; do
	(
		cd "$module"
		for pkg in $(go list ./...); do
			dir=$(go list -f '{{.Dir}}' "$pkg")
			for target in $(grep -hoE '^func (Fuzz[A-Za-z0-9_]*)' "$dir"/*_test.go 2>/dev/null | awk '{print $2}'); do
				echo "$pkg $target"
				go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" "$pkg"
			done
		done
	)
done
