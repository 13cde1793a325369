"""Fault injection: rules that say which requests go wrong, and how. The format is described in README.md."""

from __future__ import annotations

import dataclasses
import email.utils
import fnmatch
import json
import random
import threading
import time
import typing as t

from tests.emulator import errors
from tests.emulator.messages import Response

KINDS = (
    "status",
    "html",
    "truncated_json",
    "wrong_length",
    "slow_first_byte",
    "slow_body",
    "reset_before_commit",
    "reset_after_commit",
    "close_mid_stream",
)
# What the server itself would say with these; other statuses come from a proxy or load balancer, in HTML.
OWN_FAILURES = {
    401: errors.KEY_NOT_FOUND,
    403: errors.NO_PROJECT_ROLE,
    404: errors.PROJECT_NOT_FOUND,
    409: errors.PROJECT_EXISTS,
    500: errors.GENERIC_ERROR,
}
HTML = b"<html><head><title>%d</title></head><body><h1>The service is not available</h1></body></html>"


@dataclasses.dataclass
class Fault:
    """How one request goes wrong."""

    kind: str
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: t.Any = None
    seconds: float = 1.0
    delta: int = 17
    commit: bool = False

    @property
    def commits(self) -> bool:
        """Whether the request is carried out before it goes wrong."""
        return self.commit or self.kind not in ("status", "html", "reset_before_commit")

    def response(self, real: Response | None) -> Response:
        """What is sent instead of `real`, which is None when the request was not carried out."""
        if self.kind == "status":
            return self._status()
        if self.kind == "html":
            return Response(self.status, HTML % self.status, "text/html", dict(self.headers))
        if real is None:
            return Response()
        if self.kind == "truncated_json":
            return dataclasses.replace(real, body=real.body[: len(real.body) // 2])
        return real

    def _status(self) -> Response:
        headers = {name: _http_date(value) for name, value in self.headers.items()}
        if self.body is not None:
            text = self.body if isinstance(self.body, str) else json.dumps(self.body)
            return Response(self.status, text.encode(), headers=headers)
        own = OWN_FAILURES.get(self.status)
        if own is not None:
            return Response(
                self.status, json.dumps({"errorCode": own.code, "errorMsg": own.message}).encode(), headers=headers
            )
        return Response(self.status, HTML % self.status, "text/html", headers)


def _http_date(value: str) -> str:
    """`+3s` in a header's value becomes the HTTP date three seconds from now (for Retry-After)."""
    if value.startswith("+") and value.endswith("s"):
        return email.utils.formatdate(time.time() + float(value[1:-1]), usegmt=True)
    return value


class Rule:
    """A fault and the requests it befalls. `hits` counts how often it struck."""

    def __init__(self, document: t.Mapping[str, t.Any]) -> None:
        self.document = dict(document)
        match = dict(document.get("match") or {})
        self._method = _patterns(match.pop("method", "*"))
        self._route = _patterns(match.pop("route", "*"))
        self._project = _patterns(match.pop("project", "*"))
        nth = match.pop("nth", None)
        self._nth = None if nth is None else set(nth if isinstance(nth, list) else [nth])
        self._from = int(match.pop("from", 1))
        self._times = match.pop("times", None)
        self._share = match.pop("share", None)
        self._seed = match.pop("seed", 0)
        if match:
            raise ValueError(f"unknown keys in match: {', '.join(sorted(match))}")
        self.fault = _fault(document.get("fault"))
        self.seen = 0
        self.hits = 0
        self._tries: dict[str, int] = {}

    def strikes(self, method: str, route: str, path: str, project: str) -> bool:
        if not (_any(self._method, method) and _any(self._route, route) and _any(self._project, project)):
            return False
        self.seen += 1
        if self.seen < self._from or (self._nth is not None and self.seen not in self._nth):
            return False
        if self._times is not None and self.hits >= self._times:
            return False
        if self._share is not None and not self._drawn(f"{method} {path}"):
            return False
        self.hits += 1
        return True

    def _drawn(self, request: str) -> bool:
        # Drawn from the request and how often it came, so that the same run meets the same faults in any thread order.
        count = self._tries[request] = self._tries.get(request, 0) + 1
        return random.Random(f"{self._seed} {request} {count}").random() < self._share


class Faults:
    """The rules in force. The first that strikes is taken."""

    def __init__(self, documents: t.Sequence[t.Mapping[str, t.Any]] = ()) -> None:
        self._lock = threading.Lock()
        self.rules = [Rule(document) for document in documents]

    def replace(self, documents: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        rules = [Rule(document) for document in documents]
        with self._lock:
            self.rules = rules

    def pick(self, method: str, route: str, path: str, project: str) -> Fault | None:
        if not self.rules:
            return None
        with self._lock:
            for rule in self.rules:
                if rule.strikes(method, route, path, project):
                    return rule.fault
        return None


def _patterns(value: t.Any) -> list[str] | None:
    if value == "*":
        return None
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _any(patterns: list[str] | None, text: str) -> bool:
    return patterns is None or any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


def _fault(document: t.Any) -> Fault:
    """`{"kind": …}`; short forms: a kind's name, or a status code."""
    if isinstance(document, int):
        document = {"status": document}
    elif isinstance(document, str):
        document = {"kind": document}
    elif not isinstance(document, dict):
        raise ValueError("a rule needs a fault: a status code, a kind, or {kind: …}")
    document = {"kind": "status", **document}
    if document["kind"] not in KINDS:
        raise ValueError(f"unknown kind of fault {document['kind']!r}; known: {', '.join(KINDS)}")
    if document["kind"] == "status" and "status" not in document:
        raise ValueError("a fault of kind status needs a status")
    return Fault(**document)
