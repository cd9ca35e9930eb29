#!/usr/bin/python3
"""Tests of the lab's own parts that need no Engine: above all that the load client sees what goes wrong."""

import json
import os
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCRATCH = tempfile.TemporaryDirectory()
os.environ["LAB"] = f"{SCRATCH.name}/lab"
os.environ["DROVER_LAB_CACHE"] = f"{SCRATCH.name}/cache"
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from drover_lab import mirror, processes, projects, registry, settings, specs  # noqa: E402
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


if __name__ == "__main__":
    unittest.main()
