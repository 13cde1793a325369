# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Login and metadata with librdkafka, which tells its reasons apart from its results: by callbacks, when polled."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import re
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean

from .tokens import Token

try:
    import confluent_kafka
    from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
    from confluent_kafka.admin import AdminClient

    IMPORT_ERROR: t.Optional[ImportError] = None
except ImportError as error:
    IMPORT_ERROR = error

#: The oldest release of the library whose admin calls tell the rights of a principal.
OLDEST = (2, 3, 0)
#: How librdkafka begins an error about a broker that it has learned of: [protocol://]host:port/number.
_LEARNED = re.compile(r"(?:\w+://)?(\[[^\]]+\]|[^/\s]+):(\d+)/(\d+): ")
#: So many tries fail before the brokers that it has learned of are taken for the reason.
_TRIES = 3
#: How long the first try may take before another way is tried beside it; doubled from try to try.
_FIRST_SLICE, _LONGEST_SLICE = 0.2, 1.0
#: How often the library's reasons are looked at meanwhile.
_LOOK = 0.02
#: Settings of the declaration that must not decide how the probe itself behaves.
_NOT_OURS = ("group.id", "group.instance.id", "transactional.id", "enable.auto.commit", "auto.offset.reset")


class LoginFault(Exception):
    """The library could not connect, log in or get metadata.

    :param stage: ``config``, ``sasl`` or ``metadata``.
    :param reason: a code of :mod:`probe_reasons`.
    """

    def __init__(self, stage: str, reason: str, detail: str) -> None:
        super().__init__(stage, reason, detail)
        self.stage = stage
        self.reason = reason
        self.detail = detail


def release() -> t.Tuple[int, ...]:
    """The release of librdkafka: (2, 16, 0)."""
    return tuple(int(part) for part in confluent_kafka.libversion()[0].split("-")[0].split(".")[:3])


class Broker(t.NamedTuple):
    """Where a broker tells clients to connect."""

    host: str
    port: int


class Partition(t.NamedTuple):
    """A partition: the broker that leads it (-1 for none), and how many replicas it has and how many are in sync."""

    number: int
    leader: int
    replicas: int
    in_sync: int


class Metadata(t.NamedTuple):
    """What a cluster says of itself.

    :param controller_id: -1 where none is named.
    :param whole: False where only brokers became known, because none of them could be reached for more.
    """

    brokers: t.Mapping[int, Broker]
    cluster_id: str = ""
    controller_id: int = -1
    whole: bool = True


class BrokerClient:
    """One librdkafka admin client, and what it said.

    :param config: its configuration, also for the producer and consumer of a round trip. Holds secrets.
    """

    def __init__(self, config: t.Dict[str, t.Any], secrets: t.FrozenSet[str], deadline: Deadline) -> None:
        self.config = config
        self.secrets = secrets
        self.deadline = deadline
        self.admin: t.Any = None
        self.said: t.List[t.Any] = []
        self.opened: t.List[t.Any] = []

    def open(self, token: t.Optional[Token]) -> None:
        """Start the client.

        :raises LoginFault: the library does not take the configuration.
        """
        config = {name: value for name, value in self.config.items() if name not in _NOT_OURS}
        self.config = {**config, **_quiet(), "error_cb": self.said.append}
        if token is not None:
            self.config["oauth_cb"] = lambda _config: (token.value, token.expires)
        try:
            self.admin = AdminClient(self.config)
        except KafkaException as error:
            told = self.scrub(_text(error))
            if "GSSAPI" in told:
                raise LoginFault("sasl", "gssapi_unsupported", told) from None
            raise LoginFault("config", "library_refused", told) from None

    def close(self) -> None:
        """Let go of the clients, which ends their connections and threads. Takes a while."""
        self.admin = None
        self.opened.clear()

    def metadata(self, sasl: bool) -> Metadata:
        """Wait for the cluster's metadata, which needs the login; stop at once when that is refused.

        DescribeCluster is asked for first: it is answered many times faster than a list of the topics. That list is
        asked for as well after a while, since DescribeCluster waits for a controller, which may be out of reach.

        :raises LoginFault: with the reason that the library gave apart from its answers.
        """
        cluster = self.admin.describe_cluster(request_timeout=self.deadline.left())
        length, tries = _FIRST_SLICE, 0
        while not self.deadline.over:
            if self._wait(cluster, min(length, self.deadline.left()), sasl):
                return _from_cluster(cluster.result())
            listed = self._list(min(length, self.deadline.left()))
            if listed is not None and listed.brokers:
                return _from_list(listed)
            learned = self._learned()
            tries += bool(learned)
            if tries >= _TRIES:
                return Metadata(learned, whole=False)
            length = min(2 * length, _LONGEST_SLICE)
        told = self.scrub(self.said[-1].str()) if self.said else "no answer"
        if sasl:
            raise LoginFault("sasl", "login_timeout", told)
        raise LoginFault("metadata", "metadata_timeout", told)

    def topics(self) -> t.Dict[str, t.List[Partition]]:
        """All topics that this principal may know of; the way that needs no controller."""
        listed = self._list(self.deadline.left())
        if listed is None:
            return {}
        return {
            name: [
                Partition(part.id, part.leader, len(part.replicas), len(part.isrs))
                for part in known.partitions.values()
            ]
            for name, known in listed.topics.items()
            if known.error is None
        }

    def consumer(self, group: str) -> t.Any:
        """A consumer that commits nothing."""
        own = {"group.id": group, "enable.auto.commit": False, "enable.auto.offset.store": False}
        self.opened.append(Consumer({**self.config, **own}))
        return self.opened[-1]

    def producer(self, timeout: float) -> t.Any:
        """A producer that waits for all replicas and gives up after ``timeout`` seconds."""
        # With the library's own retries a record could come twice.
        own = {"acks": "all", "message.timeout.ms": max(1, int(timeout * 1000)), "retries": 0, "linger.ms": 0}
        names = ("enable.idempotence", "delivery.timeout.ms", "request.timeout.ms")
        self.opened.append(
            Producer({**{name: value for name, value in self.config.items() if name not in names}, **own})
        )
        return self.opened[-1]

    def scrub(self, text: str) -> str:
        """``text`` of the library without any secret of the declaration."""
        return " ".join(clean(text, self.secrets).split())

    def _wait(self, future: t.Any, seconds: float, sasl: bool) -> bool:
        """Whether ``future`` has a result within ``seconds``; LoginFault when the login is refused meanwhile."""
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(concurrent.futures.TimeoutError):
                if future.exception(min(_LOOK, max(0.0, end - time.monotonic()))) is None:
                    return True
            self.admin.poll(0)
            refused = self._said(KafkaError._AUTHENTICATION) if sasl else ""
            if refused:
                raise LoginFault("sasl", "credentials_refused", refused)
            if time.monotonic() >= end:
                return False
            if future.done():  # in vain: all that is left is to wait for reasons
                time.sleep(min(_LOOK, max(0.0, end - time.monotonic())))

    def _list(self, seconds: float) -> t.Any:
        try:
            return self.admin.list_topics(timeout=seconds)
        except KafkaException:
            return None

    def _learned(self) -> t.Dict[int, Broker]:
        """The brokers that the library knows only by what the cluster told, and that it could not connect to.

        Once the library has the first metadata it may ask no other than these for more.
        """
        found = (_LEARNED.match(error.str()) for error in self.said)
        return {
            int(match.group(3)): Broker(match.group(1).strip("[]"), int(match.group(2))) for match in found if match
        }

    def _said(self, code: int) -> str:
        return next((self.scrub(error.str()) for error in self.said if error.code() == code), "")


def _from_cluster(found: t.Any) -> Metadata:
    return Metadata(
        brokers={node.id: Broker(node.host, node.port) for node in found.nodes},
        cluster_id=found.cluster_id or "",
        controller_id=found.controller.id if found.controller else -1,
    )


def _from_list(found: t.Any) -> Metadata:
    return Metadata(
        brokers={number: Broker(broker.host, broker.port) for number, broker in found.brokers.items()},
        cluster_id=found.cluster_id or "",
        controller_id=found.controller_id,
    )


def _quiet() -> t.Dict[str, t.Any]:
    """librdkafka writes its log to the standard error otherwise, where Ansible would show it."""
    logger = logging.Logger("hopsworks.kafka.probe", logging.CRITICAL)
    logger.addHandler(logging.NullHandler())
    return {"logger": logger, "log_level": 0}


def _text(error: t.Any) -> str:
    inner = error.args[0] if error.args else error
    return inner.str() if hasattr(inner, "str") else str(inner)
