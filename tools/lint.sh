#!/usr/bin/env bash
# Vet, linters and formatting over all modules. The linters are pinned in tools/go.mod and built once.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
mkdir -p bin
linter=$root/bin/golangci-lint
if [ ! -x "$linter" ] || [ tools/go.mod -nt "$linter" ]; then
	echo "building golangci-lint (a few minutes, once)"
	(cd tools && go build -o "$linter" github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
fi
for module in . fault; do
	(cd "$module" && go vet ./... && "$linter" run ./...)
done
if command -v npm >/dev/null; then
	(cd tools/ui && npm ci --ignore-scripts --no-fund --no-audit --silent && npx tsc -p ../../internal/web)
else
	echo "skip: npm is not installed, so the types of the pages' modules are not checked"
fi
unformatted=$(go tool -modfile=tools/go.mod gofumpt -l cmd internal fault e2e)
if [ -n "$unformatted" ]; then
	echo "not formatted, run make fmt:"
	echo "$unformatted"
	exit 1
fi
