# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Proof that the service works after a restart. That its unit is active is none: refused by Kafka, OnlineFS stays up.

What is looked at, each within one bound of time: the unit runs and goes on running, its metrics answer, and its member
has joined the consumer group (module ``membership``).
"""

from __future__ import annotations

import dataclasses
import http.client
import os
import time
import typing as t
import urllib.parse

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean

from .host_error import HostError
from .service import Service, State

_POLL_SECONDS = 0.25
_ANSWER_SECONDS = 3.0
_LOG_BYTES = 32 * 1024
_LOG_LINES = 20
_LOG_LINE = 400
_HTTP_OK = 200


@dataclasses.dataclass(frozen=True)
class Health:
    """What was seen of a service that works."""

    service: str
    metrics: t.Optional[str]
    group: t.Optional[ConsumerGroup]

    def to_result(self) -> t.Dict[str, t.Any]:
        """For results."""
        return dataclasses.asdict(self)


class HealthCheck:
    """Waits until a service is seen to work.

    :param service: what is looked at.
    :param metrics_url: answers 200 while the service runs; empty to leave it out.
    :param timeout: seconds within which all of it must be so.
    :param settle: seconds for which it must stay so.
    :param group: reads the consumer group within the seconds given; ``None`` to leave it out.
    :param group_required: that nobody could look at the group is a failure.
    """

    def __init__(
        self,
        service: Service,
        metrics_url: str,
        timeout: float,
        settle: float,
        group: t.Optional[t.Callable[[float], ConsumerGroup]] = None,
        group_required: bool = False,
    ) -> None:
        self._service = service
        self._metrics_url = metrics_url
        self._timeout = timeout
        self._settle = settle
        self._group = group
        self._group_required = group_required

    def prove(self) -> Health:
        """Wait for the proof.

        :raises HostError: what was not so in time, or did not stay so.
        """
        deadline = time.monotonic() + self._timeout
        state = self._up(deadline)
        settled = time.monotonic() + self._settle
        while time.monotonic() < settled:
            time.sleep(min(_POLL_SECONDS, self._settle))
            now = self._service.state()
            if not now.running or now.identity != state.identity:
                cause = f"it did not stay up: {now.text}"
                raise HostError(self._subject, cause, "See the service's log below")
        metrics = self._answer()
        if metrics is not None and metrics != _OK:
            raise HostError(self._subject, f"its metrics at {self._metrics_url} stopped answering: {metrics}")
        group = None
        if self._group is not None:
            group = self._group(max(deadline - time.monotonic(), _ANSWER_SECONDS))
            require_joined(group, self._group_required)
        return Health(state.text, metrics, group)

    @property
    def _subject(self) -> str:
        return f"service {self._service.name}".rstrip()

    def _up(self, deadline: float) -> State:
        """Wait until the service runs and its metrics answer."""
        while True:
            state = self._service.state()
            metrics = self._answer() if state.running else None
            if state.running and metrics in (None, _OK):
                return state
            if state.failed:
                raise HostError(self._subject, f"it does not run: {state.text}", "See the service's log below")
            if time.monotonic() > deadline:
                cause = (
                    f"its metrics at {self._metrics_url} do not answer: {metrics}"
                    if metrics
                    else f"it does not run: {state.text}"
                )
                raise HostError(self._subject, f"{cause} (waited {self._timeout:.0f} s)", "See the service's log below")
            time.sleep(_POLL_SECONDS)

    def _answer(self) -> t.Optional[str]:
        return answer(self._metrics_url) if self._metrics_url else None


_OK = "ok"


def require_joined(group: ConsumerGroup, required: bool) -> None:
    """Raises HostError where the host's member is not in its group, or, if ``required``, where nobody could look."""
    if group.joined is False or (group.joined is None and required):
        cause = f"no member {group.client_id} in it" if group.joined is False else "cannot be looked at"
        raise HostError(f"consumer group {group.name}", f"{cause}: {group.reason}", "See the service's log below")


def answer(url: str) -> str:
    """``ok`` where a GET of ``url`` is answered with 200, else what happened instead. Waits a few seconds at most."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            "option metrics_url", f"not an http or https URL: {url}", "For example http://127.0.0.1:12800/metrics"
        )
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname, parts.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, "")))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return _OK if status == _HTTP_OK else f"status {status}"


def last_lines(path: str, secrets: t.Collection[str]) -> t.List[str]:
    """The last lines of a log, with secrets taken out: those given, and whatever follows a name that tells of one."""
    try:
        with open(path, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - _LOG_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError as error:
        return [f"({path} cannot be read: {error.strerror})"]
    return [clean(line, secrets)[:_LOG_LINE] for line in text.splitlines()[-_LOG_LINES:]]
