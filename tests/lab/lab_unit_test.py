#!/usr/bin/python3
"""Tests of the lab's own parts that need no Engine: above all that the load client sees what goes wrong."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCRATCH = tempfile.TemporaryDirectory()
os.environ["LAB"] = f"{SCRATCH.name}/lab"
os.environ["DROVER_LAB_CACHE"] = f"{SCRATCH.name}/cache"
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from drover_lab import (companion, evidence, mirror, processes, projects, registry, resting, settings,  # noqa: E402
                        specs, summary)
from drover_lab.load_client import MAX_RETRIES, Load  # noqa: E402
from drover_lab.shell import LabError  # noqa: E402


class FakeNode:
    """One endpoint of a pretended cluster; all endpoints share `documents`."""

    def __init__(self, documents: dict, answer_writes=lambda: 201, keeps=lambda document_id: True):
        handler = type("Handler", (BaseHTTPRequestHandler,), {
            "protocol_version": "HTTP/1.1", "disable_nagle_algorithm": True, "log_message": lambda *_: None, "documents": documents,
            "answer_writes": staticmethod(answer_writes), "keeps": staticmethod(keeps),
            "do_GET": FakeNode._get, "do_PUT": FakeNode._put, "do_POST": FakeNode._post})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _reply(handler, status: int, body) -> None:
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    @staticmethod
    def _body(handler):
        return json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", 0))) or "null")

    def _get(handler):
        document = handler.documents.get(handler.path.rsplit("/", 1)[1])
        if "/_doc/" in handler.path and document is None:
            return FakeNode._reply(handler, 404, {"found": False})
        return FakeNode._reply(handler, 200, {"found": True, "_source": document})

    def _put(handler):
        body, name = FakeNode._body(handler), handler.path.rsplit("/", 1)[1]
        status = handler.answer_writes()
        if status == 201 and handler.keeps(name):
            handler.documents[name] = body
        FakeNode._reply(handler, status, {})

    def _post(handler):
        body = FakeNode._body(handler) or {}
        found = [{"found": i in handler.documents, "_source": handler.documents.get(i)} for i in body.get("ids", [])]
        FakeNode._reply(handler, 200, {"docs": found})


class LoadClientTest(unittest.TestCase):
    def _run(self, *nodes, endpoints=None, seconds=0.6, rate=200.0) -> dict:
        for node in nodes:
            self.addCleanup(node.close)
        load = Load(endpoints or [n.endpoint for n in nodes], rate, "test")
        load.prepare()
        threading.Timer(seconds, load.stop).start()
        load.run(lambda: None)
        load.verify()
        return load.counters.snapshot()

    def test_all_is_well(self):
        documents = {}
        counts = self._run(FakeNode(documents), FakeNode(documents))
        self.assertGreater(counts["acknowledged"], 50)
        self.assertEqual(counts["verified"], counts["acknowledged"])
        self.assertEqual((counts["lost"], counts["retried"], counts["failed_after_retries"]), (0, 0, 0))

    def test_a_document_that_was_acknowledged_and_not_kept_is_lost(self):
        documents = {}
        counts = self._run(FakeNode(documents, keeps=lambda name: not name.endswith("7")))
        self.assertGreater(counts["lost"], 0)
        self.assertEqual(counts["verified"] + counts["lost"], counts["acknowledged"])

    def test_a_document_with_other_content_is_lost(self):
        class Forgetful(dict):
            def __setitem__(self, key, value):
                super().__setitem__(key, value | {"n": -1})

        counts = self._run(FakeNode(Forgetful()))
        self.assertEqual((counts["verified"], counts["lost"]), (0, counts["acknowledged"]))
        self.assertGreater(counts["lost"], 0)

    def test_a_dead_endpoint_costs_retries_and_nothing_else(self):
        node, dead = FakeNode({}), FakeNode({})
        dead.close()
        counts = self._run(node, endpoints=[node.endpoint, dead.endpoint])
        self.assertGreater(counts["retried"], 0)
        self.assertLess(counts["retried"], 10)
        self.assertEqual((counts["lost"], counts["failed_after_retries"]), (0, 0))

    def test_a_busy_endpoint_is_retried_on_the_other(self):
        documents = {}
        counts = self._run(FakeNode(documents, answer_writes=lambda: 503), FakeNode(documents))
        self.assertGreater(counts["retried"], 10)
        self.assertEqual((counts["lost"], counts["failed_after_retries"]), (0, 0))
        self.assertEqual(counts["acknowledged"], counts["writes"])

    def test_what_fails_on_every_endpoint_is_counted_with_its_reason(self):
        documents, answers = {}, [201] * 20
        counts = self._run(FakeNode(documents, answer_writes=lambda: answers.pop() if answers else 503))
        self.assertGreater(counts["failed_after_retries"], 0)
        self.assertEqual(counts["retried"], counts["failed_after_retries"] * MAX_RETRIES)
        self.assertIn("503", counts["failures"][0])
        self.assertEqual(counts["lost"], 0)

    def test_a_refusal_that_no_retry_can_help_is_not_retried(self):
        documents, answers = {}, [201] * 20
        counts = self._run(FakeNode(documents, answer_writes=lambda: answers.pop() if answers else 400))
        self.assertGreater(counts["failed_after_retries"], 0)
        self.assertEqual(counts["retried"], 0)


class SpecTest(unittest.TestCase):
    def test_members_go_round_the_hosts_and_get_ports_of_their_own(self):
        spec = specs.plan("demo", "2.17.1", ["h1", "h2"], 2, "256m", "mixed", 10)
        self.assertEqual([(m.name, m.host, m.service, m.http_port) for m in spec.members], [
            ("os-1", "h1", "opensearch-1", 9210), ("os-2", "h2", "opensearch-1", 9210),
            ("os-3", "h1", "opensearch-2", 9211), ("os-4", "h2", "opensearch-2", 9211)])

    def test_a_second_cluster_on_the_same_hosts_gets_other_ports(self):
        specs.save(specs.plan("first", "2.17.1", ["h1"], 1, "256m", "mixed", None))
        self.addCleanup(specs.forget, "first")
        self.assertEqual(specs.plan("second", "2.17.1", ["h1", "h2"], 1, "256m", "mixed", None).port_offset, 10)
        self.assertEqual(specs.plan("second", "2.17.1", ["h2"], 1, "256m", "mixed", None).port_offset, 0)
        self.assertEqual(specs.load("first").members[0].endpoint, "http://10.77.0.11:9200")

    def test_bad_values_are_refused_by_name(self):
        for name, hosts, per_host, style, word in (("Demo", ["h1"], 1, "mixed", "Demo"), ("a", ["h1"], 0, "mixed", "0"),
                                                   ("a", ["h1", "h1"], 1, "mixed", "twice"), ("a", ["h1"], 1, "x", "x")):
            with self.assertRaisesRegex(LabError, word):
                specs.plan(name, "2.17.1", hosts, per_host, "256m", style, None)
        with self.assertRaisesRegex(LabError, "no cluster 'gone'"):
            specs.load("gone")


class ProjectTest(unittest.TestCase):
    def _files(self, style: str, host: str = "h1") -> dict:
        return projects.files(specs.plan("demo", "2.17.1", ["h1", "h2", "h3"], 1, "256m", style, 0), host)

    def test_each_style_names_the_version_once_where_it_counts(self):
        expected = {"plain": ("docker-compose.yml", "image: registry.lab:5000/opensearch:2.17.1   #"),
                    "quoted": ("docker-compose.yml", 'image: "registry.lab:5000/opensearch:2.17.1"'),
                    "env": (".env", "OPENSEARCH_VERSION=2.17.1"),
                    "anchor": ("docker-compose.yml", "x-image: &opensearch-image registry.lab:5000/opensearch:2.17.1"),
                    "override": ("docker-compose.override.yml", "image: registry.lab:5000/opensearch:2.17.1  #")}
        for style, (file, text) in expected.items():
            with self.subTest(style=style):
                self.assertEqual(self._files(style)[file].count(text), 1)

    def test_mixed_gives_each_host_its_own_style(self):
        self.assertIn("# pinned", self._files("mixed", "h1")["docker-compose.yml"])
        self.assertIn('"registry.lab', self._files("mixed", "h2")["docker-compose.yml"])
        self.assertIn(".env", self._files("mixed", "h3"))

    def test_first_generation_nodes_get_the_setting_that_they_know(self):
        old = projects.files(specs.plan("demo", "1.3.20", ["h1"], 1, "256m", "plain", 0), "h1")["docker-compose.yml"]
        self.assertIn("cluster.initial_master_nodes=os-1", old)


class CompanionTest(unittest.TestCase):
    """The stand-in for Dashboards serves as Dashboards does."""

    PORT = 15601

    def _nodes(self, *versions: str) -> str:
        body = json.dumps({"nodes": {str(i): {"version": v} for i, v in enumerate(versions)}}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def _answer(self, version: str, endpoints: str, fault: str = "") -> tuple:
        """What it says, and how its health check ends."""
        environment = {"COMPANION_VERSION": version, "OPENSEARCH_HOSTS": endpoints, "COMPANION_FAULT": fault,
                       "COMPANION_PORT": str(self.PORT)}
        perl = ["/usr/bin/perl", str(companion.PROGRAM)]
        server = subprocess.Popen([*perl, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            self.assertIn(f"companion {version} listens", server.stdout.readline())
            check = subprocess.run([*perl, "check"], env=environment, check=False).returncode
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.PORT}/api/status", timeout=10) as answer:
                    return answer.read().decode(), check
            except urllib.error.HTTPError as e:
                with e:
                    return e.read().decode(), check
        finally:
            server.terminate()
            self.assertEqual(server.wait(5), 0)
            server.stdout.close()

    def test_it_serves_with_nodes_of_its_own_minor_or_a_later_one(self):
        for own, nodes in (("2.17.1", ("2.17.1",)), ("2.17.1", ("2.17.1", "2.19.1")), ("2.19.1", ("2.19.1", "2.19.4"))):
            self.assertEqual(self._answer(own, self._nodes(*nodes)), ("ok", 0), (own, nodes))

    def test_it_does_not_with_an_older_one_with_another_major_or_with_none(self):
        dead = "http://127.0.0.1:9"
        for endpoints, word in ((self._nodes("2.19.1", "2.17.1"), "a node runs 2.17"), (self._nodes("3.8.0"), "runs 3.8"),
                                (dead, "no node answers")):
            text, check = self._answer("2.19.1", endpoints)
            self.assertIn(word, text)
            self.assertEqual(check, 1)
        self.assertEqual(self._answer("2.19.1", f"{dead},{self._nodes('2.19.1')}"), ("ok", 0))
        self.assertEqual(self._answer("2.19.1", self._nodes("2.19.1"), fault="1"), ("made to fail", 1))

    def test_the_files_name_it(self):
        spec = specs.plan("demo", "2.17.1", ["h1", "h2"], 1, "256m", "plain", 10)
        text = companion.compose_file(spec, "h2", "2.17.1")
        self.assertIn("image: registry.lab:5000/opensearch-dashboards:2.17.1   #", text)
        self.assertIn('"10.77.0.12:5611:5601"', text)
        self.assertIn("=http://10.77.0.11:9210,http://10.77.0.12:9210\n", text)
        self.assertEqual(companion.cluster_file_lines("demo", ["h2"]), "companions:\n  - {host: h2, project: demo-dashboards, "
                         'service: dashboards, image: "registry.lab:5000/opensearch-dashboards:{version}"}\n')


class MirrorTest(unittest.TestCase):
    def _address(self, files: dict) -> str:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
            before, mirror.SOURCES = mirror.SOURCES, Path(folder)
            try:
                return mirror.address()
            finally:
                mirror.SOURCES = before

    def test_both_forms_of_sources_are_read_and_foreign_ones_passed_over(self):
        codename = mirror._codename()
        stanza = f"# a comment: with a colon\nTypes: deb\nURIs: http://mirror.test/debian/\nSuites: {codename} {codename}-updates\n"
        self.assertEqual(self._address({"sources.list.d/debian.sources": stanza}), "http://mirror.test/debian")
        line = f"deb [arch=amd64] http://lines.test/debian {codename} main\n"
        other = f"deb http://other.test/apt tool-{codename} main\n"
        self.assertEqual(self._address({"sources.list.d/a.list": other, "sources.list": line}), "http://lines.test/debian")

    def test_no_source_is_said(self):
        with self.assertRaisesRegex(LabError, "no apt source"):
            self._address({"sources.list": ""})


class RegistryTest(unittest.TestCase):
    def test_a_tag_without_its_manifest_does_not_count(self):
        root = registry.STORAGE / "docker/registry/v2"
        link = root / "repositories/opensearch/_manifests/tags/1.0.0/current/link"
        self.assertFalse(registry.has("opensearch", "1.0.0"))
        link.parent.mkdir(parents=True)
        link.write_text("sha256:abcdef", encoding="ascii")
        self.assertFalse(registry.has("opensearch", "1.0.0"))
        blob = root / "blobs/sha256/ab/abcdef/data"
        blob.parent.mkdir(parents=True)
        blob.write_text("{}", encoding="ascii")
        self.assertTrue(registry.has("opensearch", "1.0.0"))


class NameTest(unittest.TestCase):
    def test_host_names(self):
        self.assertEqual([settings.host_number(h) for h in ("h1", "h60", "h61", "h0", "h01", "x1", "h", "builder")],
                         [1, 60, 0, 0, 0, 0, 0, 0])
        self.assertEqual(settings.host_address("h3"), "10.77.0.13")


class ProcessTest(unittest.TestCase):
    def test_a_process_that_ignores_term_is_ended_all_the_same(self):
        child = os.fork()
        if child == 0:
            os.execv("/bin/sh", ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"])
        time.sleep(0.3)
        processes.end([child], patience=0.5)
        self.assertFalse(processes.is_alive(child))
        os.waitpid(child, 0)


class EvidenceTest(unittest.TestCase):
    """What `lab evidence` calls unchanged has to be unchanged."""

    OLD, NEW = {"2.17.1"}, {"2.19.1"}

    def tags(self, old: str, new: str):
        return evidence.changed_tags(old.encode(), new.encode(), self.OLD, self.NEW)

    def test_only_the_tag(self):
        self.assertEqual(self.tags("image: r/o:2.17.1  # ä\r\n", "image: r/o:2.19.1  # ä\r\n"), 1)
        self.assertEqual(self.tags("V=2.17.1\n", "V=2.19.1\n"), 1)
        self.assertEqual(self.tags("image: r/o:${V:-2.17.1}", "image: r/o:${V:-2.19.1}"), 1)
        self.assertEqual(self.tags("image: r/o:2.17.1", "image: r/o:2.17.1"), 0)

    def test_anything_else(self):
        for old, new in (("image: r/o:2.17.1 # pinned", "image: r/o:2.19.1"), ("a: 2\n", "a: 2"), ("x:2.17.1", "x:2.18.0"),
                         ("x:2.17.10", "x:2.19.10"), ("# since 2.17.1\n", "# since 2.19.1\n"), ("a\r\n", "a\n")):
            self.assertIsNone(self.tags(old, new), (old, new))

    def test_the_snapshot_has_to_come_first(self):
        done = {"sequence": "9", "kind": "snapshot.done"}
        stop = {"sequence": "10", "kind": "member.step", "fields": {"to": "STOP"}}
        self.assertTrue(evidence.snapshot_came_first([stop, done]))
        self.assertFalse(evidence.snapshot_came_first([stop, done | {"sequence": "11"}]))
        self.assertFalse(evidence.snapshot_came_first([stop]))


class SummaryTest(unittest.TestCase):
    """The summary is good only if every part of it is."""

    LOAD = {"lost": 0, "acknowledged": 5, "verified": 5, "failed_after_retries": 0, "writes": 5, "reads": 5, "retried": 1}

    def found(self) -> dict:
        return {"versions": {"before": {"a": "1"}, "after": {"a": "2"}}, "health": "green",
                "settings": {"equal": True, "before": {}, "after": {}},
                "documents": {"equal": True, "before": 1, "after": 1},
                "files": [{"host": "h1", "file": "f", "equal_but_tag": True, "tags_changed": 1}],
                "containers": {"a": {"stops": 1, "replaced": True}},
                "snapshot": {"name": "s", "state": "SUCCESS", "seconds_before_first_stop": 1.0, "by_events": True}}

    def is_good(self, found: dict, load: dict) -> bool:
        return all(good for good, _, _ in summary.verdicts(found, load, "2"))

    def test_all_well(self):
        self.assertTrue(self.is_good(self.found(), self.LOAD))

    def test_each_part_counts(self):
        for change in ({"lost": 1}, {"acknowledged": 6}, {"failed_after_retries": 1}, {"acknowledged": 0, "verified": 0}):
            self.assertFalse(self.is_good(self.found(), self.LOAD | change), change)
        for change in ({"health": "yellow"}, {"settings": {"equal": False, "before": {}, "after": {}}},
                       {"documents": {"equal": False, "before": 2, "after": 1}},
                       {"versions": {"before": {"a": "1"}, "after": {"a": "1"}}},
                       {"versions": {"before": {"a": "1", "b": "1"}, "after": {"a": "2"}}},
                       {"files": [{"host": "h1", "file": "f", "equal_but_tag": False, "tags_changed": 0}]},
                       {"files": [{"host": "h1", "file": "f", "equal_but_tag": True, "tags_changed": 0}]},
                       {"containers": {"a": {"stops": 2, "replaced": True}}},
                       {"snapshot": self.found()["snapshot"] | {"state": "PARTIAL"}},
                       {"snapshot": self.found()["snapshot"] | {"seconds_before_first_stop": -0.1}},
                       {"snapshot": self.found()["snapshot"] | {"by_events": False}}):
            self.assertFalse(self.is_good(self.found() | change, self.LOAD), change)


class RestingTest(unittest.TestCase):
    """Memory and CPU time come from /proc."""

    def test_own_process(self):
        measured = resting.measure(os.getpid(), 0.05)
        self.assertGreater(measured["rss_mb"], 1)
        self.assertLess(measured["cpu_percent_of_a_core"], 200)


if __name__ == "__main__":
    unittest.main()
