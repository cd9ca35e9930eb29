#!/usr/bin/python3
"""record.py URL FOLDER: has a fresh lab cluster answer what controller/opensearch asks, and keeps the answers.

Makes indexes of each kind (hidden, closed, without replicas, with allocation settings), a repository and a snapshot
first; run it against a cluster of its own: `lab cluster up rec --version V`, then this, then `lab down --cluster rec`.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

INDEX_GROUPS = ("version", "uuid", "hidden", "number_of_shards", "number_of_replicas", "auto_expand_replicas", "routing",
                "write", "blocks", "codec", "replication", "remote_store", "store", "knn")
STATE = ("/_cluster/state/metadata,routing_table,nodes,master_node?filter_path=cluster_name,cluster_uuid,master_node,"
         "cluster_manager_node,metadata.cluster_coordination,metadata.indices.*.state,metadata.indices.*.settings.archived,"
         + ",".join(f"metadata.indices.*.settings.index.{g}" for g in INDEX_GROUPS) + ","
         + ",".join(f"routing_table.indices.*.shards.*.{f}" for f in ("state", "primary", "node", "relocating_node",
                                                                        "unassigned_info.reason")))
ASKED = {
    "identity": "/",
    "health": "/_cluster/health?wait_for_events=languid&timeout=5s",
    "health_timed_out": "/_cluster/health?wait_for_nodes=9&timeout=10ms",
    "nodes": "/_nodes/settings,http?filter_path=nodes.*.name,nodes.*.version,nodes.*.roles,nodes.*.host,nodes.*.ip,"
             "nodes.*.transport_address,nodes.*.attributes,nodes.*.http.publish_address,nodes.*.settings.path",
    "node_stats": "/_nodes/stats/fs,jvm,breaker,process?filter_path=nodes.*.fs.data,"
                  "nodes.*.jvm.mem.heap_used_percent,nodes.*.breakers.*.tripped,nodes.*.process.max_file_descriptors",
    "state": STATE,
    "settings": "/_cluster/settings?flat_settings=true&include_defaults=true&filter_path=persistent,transient,"
                "defaults.*watermark*low,defaults.cluster.max_shards_per_node",
    "index_stats": "/_stats/docs,store?level=indices&expand_wildcards=all&forbid_closed_indices=false&"
                   "filter_path=indices.*.primaries.docs.count,indices.*.total.store.size_in_bytes",
    "policies": "/_plugins/_sm/policies",
    "snapshots_running": "/_snapshot/_status",
    "repository": "/_snapshot/backups",
    "repository_missing": "/_snapshot/nowhere",
    "snapshot": "/_snapshot/backups/first",
    "snapshot_missing": "/_snapshot/backups/none",
    "snapshots": "/_snapshot/backups/_all",
}


def call(url, method, path, body=None):
    """Status and text, whatever the status."""
    request = urllib.request.Request(url + path, method=method, data=json.dumps(body).encode() if body else None,
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def main(url, folder):
    """Records one cluster."""
    def keep(name, method, path, body=None):
        status, text = call(url, method, path, body)
        answer = json.loads(text)
        (folder / f"{name}.json").write_text(json.dumps({"status": status, "body": answer}, indent=1) + "\n")
        return answer

    def index(name, docs=5, **settings):
        call(url, "PUT", f"/{name}?wait_for_active_shards=0",
             {"settings": {"number_of_shards": 2, "number_of_replicas": 1, **settings}})
        for n in range(docs):
            call(url, "PUT", f"/{name}/_doc/{n}", {"n": n})

    folder.mkdir(parents=True, exist_ok=True)
    index("plain")
    index("hidden", hidden=True, number_of_replicas=0)
    index("closed")
    index("pinned", **{"routing.allocation.exclude._name": "nobody", "write.wait_for_active_shards": "2",
                       "auto_expand_replicas": "0-1"})
    call(url, "GET", "/_cluster/health/plain,hidden,closed,pinned?wait_for_status=green&timeout=30s")
    call(url, "POST", "/_refresh")
    call(url, "POST", "/closed/_close")
    call(url, "GET", "/_cluster/health/plain,hidden,closed,pinned?wait_for_status=green&timeout=30s")
    index("homeless", docs=0, **{"routing.allocation.require._name": "nobody"})
    call(url, "PUT", "/_cluster/settings", {"persistent": {"cluster.routing.rebalance.enable": "none"},
                                            "transient": {"cluster.routing.allocation.enable": "all"}})
    keep("repository_unverified", "PUT", "/_snapshot/bad", {"type": "fs", "settings": {"location": "/elsewhere"}})
    call(url, "PUT", "/_snapshot/backups", {"type": "fs", "settings": {"location": "/snap",
                                                                       "max_snapshot_bytes_per_sec": "10kb"}})
    keep("verified", "POST", "/_snapshot/backups/_verify")
    body = {"indices": "*,-homeless", "expand_wildcards": "all", "include_global_state": True, "partial": False}
    keep("snapshot_begun", "PUT", "/_snapshot/backups/first", body)
    keep("status_running", "GET", "/_snapshot/backups/_status")
    keep("snapshot_taken", "PUT", "/_snapshot/backups/first", body)
    for _ in range(300):
        if not json.loads(call(url, "GET", "/_snapshot/_status")[1])["snapshots"]:
            break
        time.sleep(0.2)
    call(url, "PUT", "/_snapshot/backups/second?wait_for_completion=true", {"indices": "*", "partial": True})
    for name, path in ASKED.items():
        keep(name, "GET", path)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
