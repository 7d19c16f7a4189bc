#!/usr/bin/env bash
# Prints the numbers of docs/performance.md as Markdown: a fresh server on this machine, loaded by `seismo bench` from the
# same machine. BENCH_SECONDS (default 20) is the length of each run, BENCH_SUSTAINED (default 60) of the sustained ones.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${BENCH_SECONDS:-20} sustained=${BENCH_SUSTAINED:-60}
data=$(mktemp -d) port=$((20000 + RANDOM % 20000))
export SEISMO_ADMIN_TOKEN=seismo_bench_0123456789abcdef0123 SEISMO_ADMIN_EMAIL=bench@example.org SEISMO_ADMIN_PASSWORD=bench-bench-bench
export SEISMO_URL=http://127.0.0.1:$port SEISMO_TOKEN=$SEISMO_ADMIN_TOKEN
pid=
start() {
	bin/seismo serve --data "$data" --listen "127.0.0.1:$port" >"$data/out" 2>"$data/log" &
	pid=$!
	local began
	began=$(date +%s%N)
	until curl -sf "$SEISMO_URL/readyz" >/dev/null; do sleep 0.01; kill -0 $pid; done
	started=$((($(date +%s%N) - began) / 1000000))
}
finish() { [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$data"; }
trap finish EXIT
memory() { awk '/VmRSS/ {printf "%.0f MB", $2/1024}' "/proc/$pid/status"; }
dsn() { bin/seismo project create "$1" --json | sed 's/.*"dsn":"\([^"]*\)".*/\1/'; }

echo "## $(date -u +%F), $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(go version | cut -d' ' -f3), revision $(git rev-parse --short HEAD)"
start
sleep 5
echo "- idle: $(memory); first start ready after $started ms; binary $(stat -c %s bin/seismo | awk '{printf "%.0f MB", $1/1e6}')"
run() { # NAME ARGS…
	echo
	echo "### $1"
	local d
	d=$(dsn "$1")
	shift
	echo "\`seismo bench $*\`"
	echo '```'
	bin/seismo bench --dsn "$d" "$@"
	echo '```'
	echo "memory after: $(memory)"
}
run "acknowledged, 3 KB, 64 connections" --duration "${seconds}s" --payload small --issues 100
run "sustained, 3 KB, 100 issues" --duration "${sustained}s" --payload small --issues 100 --rate "${BENCH_RATE_SMALL:-5000}"
run "sustained, 8 KB, 2000 issues" --duration "${sustained}s" --payload typical --issues 2000 --rate "${BENCH_RATE_TYPICAL:-3000}"
run "500 events a second" --duration "${seconds}s" --payload small --issues 100 --rate 500
events=$(du -sb "$data/events" | cut -f1)
echo
echo "event store: $(du -sh "$data/events" | cut -f1), $(curl -s "$SEISMO_URL/metrics" | awk -v bytes="$events" '/^seismo_pipeline_items_total.*outcome="accepted"/ {n+=$2} END {printf "%d events, %.0f bytes each", n, n ? bytes/n : 0}')"
kill -9 "$pid"; wait "$pid" 2>/dev/null || true
start
echo "start after kill -9: $started ms"
