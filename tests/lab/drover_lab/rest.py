"""A small OpenSearch REST client: JSON in, JSON out, the next endpoint when one does not answer."""

import base64
import http.client
import json
import ssl
import urllib.parse
from dataclasses import dataclass

from .shell import LabError


@dataclass(frozen=True)
class Access:
    """How a client comes into a secured cluster: whom it trusts, and who it is."""

    ca: str
    user: str
    password: str

    def headers(self) -> dict:
        """What each request carries."""
        return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}


def connect(endpoint: str, timeout: float, access=None) -> http.client.HTTPConnection:
    """A connection to http://address:port or, with an Access, https://address:port."""
    where = urllib.parse.urlsplit(endpoint)
    if where.scheme == "http":
        return http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
    context = ssl.create_default_context(cafile=access.ca)
    return http.client.HTTPSConnection(where.hostname, where.port, timeout=timeout, context=context)


class HttpError(LabError):
    """An answer with a status of 400 or more."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


class Cluster:
    """Talks to a cluster through its endpoints (http://address:port); one connection per call."""

    def __init__(self, endpoints, access=None):
        self.endpoints = list(endpoints)
        self._access = access

    def without(self, endpoint: str) -> "Cluster":
        """The same cluster, asked through its other endpoints only."""
        return Cluster([e for e in self.endpoints if e != endpoint] or self.endpoints, self._access)

    def call(self, method: str, path: str, body=None, timeout: float = 70):
        """The decoded answer of the first endpoint that answers. HttpError for a refusal, LabError if none answers."""
        failures = []
        for endpoint in self.endpoints:
            try:
                return self._call(endpoint, method, path, body, timeout)
            except (OSError, http.client.HTTPException) as e:
                failures.append(f"{endpoint}: {e or type(e).__name__}")
        raise LabError(f"{method} {path}: no endpoint answered ({'; '.join(failures)})")

    def _call(self, endpoint: str, method: str, path: str, body, timeout: float):
        connection = connect(endpoint, timeout, self._access)
        try:
            data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
            headers = self._access.headers() if self._access else {}
            connection.request(method, path, data, headers | ({"Content-Type": kind} if data else {}))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        if answer.status >= 400:
            raise HttpError(answer.status, f"{method} {endpoint}{path} was answered {answer.status}: {text[:400]}")
        return json.loads(text) if text else None
