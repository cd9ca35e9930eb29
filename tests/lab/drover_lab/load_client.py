"""A client of a cluster under upgrade: it writes documents with known ids and reads them back, through every endpoint.

A request goes to the next endpoint in turn. As in the official clients, a connection error, a time-out or a status of
429, 502, 503 or 504 sends it on to another endpoint, at most MAX_RETRIES times; an endpoint that gave a connection
error is left alone for a while. What fails after that counts as failed. At the end every acknowledged document is asked
for by its id: one that no endpoint can give back is lost.
"""

import http.client
import json
import threading
import time

from .rest import connect

INDEX = "lab-load"
MAX_RETRIES = 3
RETRY_STATUSES = {429, 502, 503, 504}
TIMEOUT = 30.0
FIRST_REST = 1.0
LONGEST_REST = 16.0
VERIFY_BATCH = 500


class Refused(Exception):
    """The request failed for good."""


class Pool:
    """The endpoints, shared by all threads: which is next, and which are resting after a connection error."""

    def __init__(self, endpoints):
        self._endpoints = list(endpoints)
        self._next = 0
        self._resting = {}
        self._lock = threading.Lock()

    def choose(self, avoid: set) -> str:
        """The next endpoint in turn; one that rests or was just tried only when there is no other."""
        with self._lock:
            now = time.monotonic()
            turn = [self._endpoints[(self._next + i) % len(self._endpoints)] for i in range(len(self._endpoints))]
            self._next += 1
            awake = [e for e in turn if self._resting.get(e, (0, 0))[0] <= now]
            for group in ([e for e in awake if e not in avoid], [e for e in turn if e not in avoid], awake, turn):
                if group:
                    return group[0]
        raise AssertionError("a pool has at least one endpoint")

    def failed(self, endpoint: str) -> None:
        """Lets the endpoint rest, each time twice as long."""
        with self._lock:
            rest = min(self._resting.get(endpoint, (0, FIRST_REST / 2))[1] * 2, LONGEST_REST)
            self._resting[endpoint] = (time.monotonic() + rest, rest)

    def worked(self, endpoint: str) -> None:
        """The endpoint answers."""
        with self._lock:
            self._resting.pop(endpoint, None)


class Counters:
    """What happened so far; safe to use from all threads."""

    NAMES = ("acknowledged", "verified", "lost", "writes", "reads", "retried", "failed_after_retries")

    def __init__(self):
        self._values = dict.fromkeys(self.NAMES, 0)
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self.failures = []

    def add(self, name: str, amount: int = 1) -> None:
        """Counts."""
        with self._lock:
            self._values[name] += amount

    def fail(self, text: str) -> None:
        """Counts a request that failed for good; the first twenty are kept with their reason."""
        with self._lock:
            self._values["failed_after_retries"] += 1
            if len(self.failures) < 20:
                self.failures.append(f"{time.monotonic() - self._start:.1f} s: {text}")

    def snapshot(self) -> dict:
        """All counts, with the seconds since the start."""
        with self._lock:
            return dict(self._values) | {"seconds": round(time.monotonic() - self._start, 1),
                                         "failures": list(self.failures)}


class Client:
    """One thread's connections: one to each endpoint, kept open."""

    def __init__(self, pool: Pool, counters: Counters, access=None):
        self._pool = pool
        self._access = access
        self._counters = counters
        self._connections = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        for endpoint in list(self._connections):
            self._drop(endpoint)

    def call(self, method: str, path: str, body=None, expect_missing: bool = False):
        """The decoded answer, or None for 404 where that is expected. Refused when all retries failed."""
        tried, reason = set(), ""
        for attempt in range(MAX_RETRIES + 1):
            if attempt:
                self._counters.add("retried")
            endpoint = self._pool.choose(tried)
            tried.add(endpoint)
            try:
                status, text = self._once(endpoint, method, path, body)
            except (OSError, http.client.HTTPException) as e:
                self._drop(endpoint)
                self._pool.failed(endpoint)
                reason = f"{endpoint}: {type(e).__name__} {e}"
                continue
            self._pool.worked(endpoint)
            if status < 300:
                return json.loads(text)
            if status == 404 and expect_missing:
                return None
            reason = f"{endpoint} answered {status}: {text[:200]}"
            if status not in RETRY_STATUSES:
                break
        raise Refused(f"{method} {path}: {reason}")

    def _once(self, endpoint: str, method: str, path: str, body):
        connection = self._connections.get(endpoint)
        if connection is None:
            connection = connect(endpoint, TIMEOUT, self._access)
            self._connections[endpoint] = connection
        data = None if body is None else json.dumps(body)
        headers = self._access.headers() if self._access else {}
        connection.request(method, path, data, headers | ({"Content-Type": "application/json"} if data else {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")

    def _drop(self, endpoint: str) -> None:
        connection = self._connections.pop(endpoint, None)
        if connection:
            connection.close()


class Load:
    """The writing and reading threads, and the check at the end."""

    def __init__(self, endpoints, rate: float, run_id: str, access=None):
        self._rate = rate
        self._access = access
        self._run = run_id
        self._acknowledged = []
        self._stop = threading.Event()
        self._release = threading.Event()
        self.held = False
        self._pool = Pool(endpoints)
        self.counters = Counters()

    def prepare(self) -> None:
        """Makes the index, with its mapping complete, so that no write waits for the cluster manager."""
        with Client(self._pool, self.counters, self._access) as client:
            if client.call("GET", f"/{INDEX}/_count", expect_missing=True) is None:
                client.call("PUT", f"/{INDEX}", {
                    "settings": {"number_of_shards": 2, "number_of_replicas": 1},
                    "mappings": {"dynamic": False, "properties": {"n": {"type": "long"}, "run": {"type": "keyword"}}}})
            client.call("GET", f"/_cluster/health/{INDEX}?wait_for_status=green&timeout=30s")

    def run(self, on_tick) -> None:
        """Works until stop() is called; on_tick is called about once a second."""
        threads = [threading.Thread(target=self._with_client, args=(work,)) for work in (self._write, self._read)]
        for thread in threads:
            thread.start()
        while not self._stop.wait(1.0):
            on_tick()
        for thread in threads:
            thread.join()

    def stop(self) -> None:
        """Makes run() return once the requests under way have ended, and ends a hold."""
        self._release.set()
        self._stop.set()

    def hold(self) -> None:
        """Makes run() return; the check at the end waits for stop()."""
        self.held = True
        self._stop.set()

    def await_release(self) -> None:
        """Returns at once where nothing was held."""
        if self.held:
            self._release.wait()

    def _paced(self, rate: float):
        """Yields 0, 1, 2… at the given rate until stopped; after a stall it goes on without catching up."""
        due, number = time.monotonic(), 0
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1 / rate, time.monotonic() - 1)
            yield number
            number += 1

    def _with_client(self, work) -> None:
        with Client(self._pool, self.counters, self._access) as client:
            work(client)

    def _write(self, client: Client) -> None:
        for number in self._paced(self._rate):
            self.counters.add("writes")
            try:
                client.call("PUT", f"/{INDEX}/_doc/{self._run}-{number}", {"n": number, "run": self._run})
            except Refused as e:
                self.counters.fail(str(e))
                continue
            self._acknowledged.append(number)
            self.counters.add("acknowledged")

    def _read(self, client: Client) -> None:
        for turn in self._paced(self._rate / 2):
            known = len(self._acknowledged)
            if known == 0:
                continue
            number = self._acknowledged[known - 1 if turn % 2 else turn * 7919 % known]
            self.counters.add("reads")
            try:
                found = client.call("GET", f"/{INDEX}/_doc/{self._run}-{number}", expect_missing=True)
            except Refused as e:
                self.counters.fail(str(e))
                continue
            if found is None:
                self.counters.fail(f"document {number} was acknowledged, and a read did not find it")

    def verify(self) -> None:
        """Asks for every acknowledged document by its id and counts verified and lost."""
        self._with_client(self._verify)

    def _verify(self, client: Client) -> None:
        client.call("POST", f"/{INDEX}/_refresh")
        for first in range(0, len(self._acknowledged), VERIFY_BATCH):
            batch = self._acknowledged[first:first + VERIFY_BATCH]
            answer = client.call("POST", f"/{INDEX}/_mget", {"ids": [f"{self._run}-{n}" for n in batch]})
            for number, document in zip(batch, answer["docs"]):
                right = document.get("found") and document["_source"]["n"] == number
                self.counters.add("verified" if right or self._is_there(client, number) else "lost")

    def _is_there(self, client: Client, number: int) -> bool:
        """A second, single look at a document that the batch did not show."""
        try:
            found = client.call("GET", f"/{INDEX}/_doc/{self._run}-{number}", expect_missing=True)
        except Refused:
            return False
        return bool(found) and found["_source"]["n"] == number
