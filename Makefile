# Targets. `make` lists them.
export CGO_ENABLED := 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
MODULES := . fault
BIN := bin
TARGETS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/seismo
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/seismo ./cmd/seismo

.PHONY: run
run: ## start the server on :8000 with data in ./seismo-data
	go run ./cmd/seismo serve

.PHONY: test
test: ## all tests; says what it skips and why (TEST_ENGINES=all: nothing may be skipped)
	./tools/test.sh

.PHONY: race
race: ## the tests of the server's packages under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -short ./internal/... ./fault/...

.PHONY: contract
contract: ## only the contract suites of the engines
	go test -run 'Contract|Suite' ./internal/queue/... ./internal/eventstore/... ./internal/blob/... ./internal/catalog/...

.PHONY: e2e
e2e: ## the real binary, real SDKs, bad days
	./tools/test.sh e2e

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (default 20s)
	./tools/fuzz.sh

.PHONY: bench
bench: build ## the numbers of docs/performance.md, on this machine
	./tools/bench.sh

.PHONY: lint
lint: ## vet, golangci-lint, formatting
	./tools/lint.sh

.PHONY: fmt
fmt: ## format all code
	go tool -modfile=tools/go.mod gofumpt -w cmd internal fault e2e tools

.PHONY: vuln
vuln: ## known vulnerabilities in what we depend on (asks vuln.go.dev)
	go tool -modfile=tools/go.mod govulncheck ./...

.PHONY: generate
generate: ## rewrite generated files: docs/config.md, catalog schemas
	go test ./internal/config ./internal/catalog -run 'Docs|Schema' -update

.PHONY: fonts
fonts: ## fetch the optional fonts of the pages (npm)
	cd tools/ui && npm ci --ignore-scripts --no-fund --no-audit && npm run --silent fonts

.PHONY: release
release: ## static binaries for every platform into dist/
	@for t in $(TARGETS); do os=$${t%/*}; arch=$${t#*/}; ext=; [ $$os = windows ] && ext=.exe; \
	  echo "dist/seismo-$$os-$$arch$$ext"; \
	  GOOS=$$os GOARCH=$$arch go build -trimpath -ldflags '$(LDFLAGS)' -o dist/seismo-$$os-$$arch$$ext ./cmd/seismo || exit 1; done
	@cd dist && sha256sum seismo-* > SHA256SUMS

.PHONY: check
check: lint test ## what CI runs
