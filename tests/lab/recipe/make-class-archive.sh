#!/bin/bash
# Runs in the image's build: one node boots, takes and finds a document, and writes the class-data archive as it ends.
set -euo pipefail
home=/usr/share/opensearch
mkdir -p "$home/cds"
cd /tmp
env MAKE_CLASS_ARCHIVE=1 network.host=127.0.0.1 discovery.type=single-node path.data=/tmp/data path.logs=/tmp/logs path.repo=/tmp/repo \
  "$home/entry.sh" > /tmp/boot.log 2>&1 &
node=$!

# request METHOD PATH [BODY]: succeeds when the answer's status is 2xx.
request() {
  local body=${3:-} status
  exec 3<> /dev/tcp/127.0.0.1/9200 || return 1
  printf '%s %s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "$1" "$2" "${#body}" "$body" >&3
  read -r _ status _ <&3
  cat <&3 > /dev/null
  exec 3>&-
  [[ $status == 2* ]]
}

for _ in $(seq 240); do
  if request GET '/_cluster/health?wait_for_status=yellow&timeout=5s' 2> /dev/null; then ready=1; break; fi
  kill -0 $node 2> /dev/null || break
  sleep 0.5
done
if [[ -z ${ready:-} ]]; then
  echo "the node that should write the class-data archive did not come up:" >&2
  tail -n 40 /tmp/boot.log >&2
  exit 1
fi
request PUT /warm '{"settings":{"number_of_shards":1,"number_of_replicas":0}}'
request PUT '/warm/_doc/1?refresh=true' '{"text":"one"}'
request GET '/warm/_search?q=text:one'
request PUT /_snapshot/warm '{"type":"fs","settings":{"location":"/tmp/repo"}}'
request PUT '/_snapshot/warm/one?wait_for_completion=true'
request GET '/_nodes/stats'
kill -TERM $node
wait $node || true
rm -rf /tmp/data /tmp/logs /tmp/repo
if [[ ! -s $home/cds/opensearch.jsa ]]; then
  echo "the node ended without writing the class-data archive:" >&2
  tail -n 40 /tmp/boot.log >&2
  exit 1
fi
rm /tmp/boot.log
