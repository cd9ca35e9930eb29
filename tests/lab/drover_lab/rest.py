"""A small OpenSearch REST client: JSON in, JSON out, the next endpoint when one does not answer."""

import http.client
import json
import urllib.parse

from .shell import LabError


class HttpError(LabError):
    """An answer with a status of 400 or more."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


class Cluster:
    """Talks to a cluster through its endpoints (http://address:port); one connection per call."""

    def __init__(self, endpoints):
        self.endpoints = list(endpoints)

    def without(self, endpoint: str) -> "Cluster":
        """The same cluster, asked through its other endpoints only."""
        return Cluster([e for e in self.endpoints if e != endpoint] or self.endpoints)

    def call(self, method: str, path: str, body=None, timeout: float = 70):
        """The decoded answer of the first endpoint that answers. HttpError for a refusal, LabError if none answers."""
        failures = []
        for endpoint in self.endpoints:
            try:
                return _call(endpoint, method, path, body, timeout)
            except (OSError, http.client.HTTPException) as e:
                failures.append(f"{endpoint}: {e or type(e).__name__}")
        raise LabError(f"{method} {path}: no endpoint answered ({'; '.join(failures)})")


def _call(endpoint: str, method: str, path: str, body, timeout: float):
    where = urllib.parse.urlsplit(endpoint)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
    try:
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        connection.request(method, path, data, {"Content-Type": kind} if data else {})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
    if answer.status >= 400:
        raise HttpError(answer.status, f"{method} {endpoint}{path} was answered {answer.status}: {text[:400]}")
    return json.loads(text) if text else None
