#!/usr/bin/env bash
# Requests a second of a small GET, beside nginx serving the same bytes, and memory of idle WebSockets. One run, loopback,
# one server thread each. Needs nginx, wrk and curl.
# usage: bench/http_bench.sh <build folder with cli/lyceum and bench/> [seconds]
set -euo pipefail

build=${1:?usage: bench/http_bench.sh <build folder> [seconds]}
seconds=${2:-10}
lyceum=$(find "$build" -name lyceum -type f -perm -u+x | head -1)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

export LYCEUM_TOKEN=benchmark-token-benchmark
LYCEUM_DATA_DIR=$work/data LYCEUM_PORT=0 LYCEUM_THREADS_IO=1 "$lyceum" serve --print-url >"$work/url" 2>"$work/log" &
server=$!
until [ -s "$work/url" ]; do kill -0 $server; sleep 0.1; done
url=$(sed 's,/#.*,,' "$work/url")
port=${url##*:}

mkdir "$work/www"
curl -sf "$url/" >"$work/www/index.html"
curl -sf "$url/api/health" >"$work/www/health"
nginx_port=$((port > 60000 ? port - 1000 : port + 1000))
cat >"$work/nginx.conf" <<CONF
daemon off; master_process off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; keepalive_requests 100000000;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  types { text/html html; } default_type application/json;
  server { listen 127.0.0.1:$nginx_port; root $work/www; }
}
CONF
nginx -c "$work/nginx.conf" 2>/dev/null &
until curl -sf "http://127.0.0.1:$nginx_port/" >/dev/null; do sleep 0.1; done

measure() {  # <name> <address>
  wrk -t1 -c64 -d"${seconds}s" --latency "$2" >"$work/wrk"
  printf '%-34s %12s %10s\n' "$1" "$(awk '/Requests\/sec/ {print $2}' "$work/wrk")" "$(awk '$1 == "99%" {print $2}' "$work/wrk")"
}

printf '%-34s %12s %10s\n' "small GET, 64 connections" requests/s p99
for round in 1 2; do
  measure "nginx, page ($round)" "http://127.0.0.1:$nginx_port/"
  measure "lyceum, page ($round)" "$url/"
  measure "nginx, health as a file ($round)" "http://127.0.0.1:$nginx_port/health"
  measure "lyceum, /api/health ($round)" "$url/api/health"
done

idle=$(find "$build" -name idle_sockets_bench -type f -perm -u+x | head -1)
if [ -n "$idle" ]; then "$idle" "$port" "$LYCEUM_TOKEN" "$server" 2000; fi
