#!/usr/bin/env bash
# Starts three primaries with a replica each, three proxies and HAProxy on this machine, and tells their process ids. All
# of it ends with this script: at Ctrl-C, or when it is told to end.
#
#   examples/cluster/start.sh
#   redis-cli -p 8080 set greeting hello
#
# Ports: PORT (of HAProxy), NODES (six), PROXY_1 to PROXY_3, ADMIN_1 to ADMIN_3. Programs: GLASSCACHE, REDIS_SERVER,
# REDIS_CLI, HAPROXY.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export PORT=${PORT:-8080}
export PROXY_1=${PROXY_1:-8101} PROXY_2=${PROXY_2:-8102} PROXY_3=${PROXY_3:-8103}
export ADMIN_1=${ADMIN_1:-8111} ADMIN_2=${ADMIN_2:-8112} ADMIN_3=${ADMIN_3:-8113}
read -r -a nodes <<< "${NODES:-7001 7002 7003 7004 7005 7006}"
glasscache=${GLASSCACHE:-$here/../../bin/glasscache}
redis_server=${REDIS_SERVER:-redis-server} redis_cli=${REDIS_CLI:-redis-cli} haproxy=${HAPROXY:-haproxy}

data=$(mktemp -d)
started=()
finish() {
  trap - EXIT INT TERM
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait
  rm -rf "$data"
}
trap finish EXIT
trap 'exit 0' INT TERM

# Tries again until a command succeeds, for 30 seconds.
await() {
  for _ in {1..300}; do
    if "$@" > /dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "waited in vain: $*" >&2
  exit 1
}

start() {
  local name=$1 port=$2
  shift 2
  "$@" > "$data/$name-$port.log" 2>&1 &
  started+=($!)
  echo "$name on port $port: process $!"
}

addresses=()
for port in "${nodes[@]}"; do
  mkdir "$data/$port"
  start node "$port" "$redis_server" "$here/redis.conf" --port "$port" --dir "$data/$port"
  addresses+=("127.0.0.1:$port")
done
for port in "${nodes[@]}"; do await "$redis_cli" -p "$port" ping; done
"$redis_cli" --cluster create "${addresses[@]}" --cluster-replicas 1 --cluster-yes > "$data/create.log"
await "$redis_cli" --cluster check "${addresses[0]}"

# Some nodes are enough: they tell of the others.
origin=redis+cluster://${addresses[0]},${addresses[1]},${addresses[2]}
for number in 1 2 3; do
  proxy=PROXY_$number admin=ADMIN_$number
  start proxy "${!proxy}" "$glasscache" proxy --config "$here/glasscache.json" \
    --origin "$origin" --port "${!proxy}" --admin "127.0.0.1:${!admin}"
done

start haproxy "$PORT" "$haproxy" -f "$here/haproxy.cfg"
# HAProxy takes clients once it has found a proxy ready.
await bash -c "test \"\$($redis_cli -p $PORT ping)\" = PONG"
echo "ready: redis://127.0.0.1:$PORT"
wait
