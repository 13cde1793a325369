# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The one client of librdkafka: made from a declaration, and asked by the probe.

librdkafka tells its reasons apart from its results: by callbacks, which run while the client is polled. So every wait
here polls. Use it in a child process (``_common.child_process``) where something depends on the result: some answers
of a broken or hostile server crash the library.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import logging
import re
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean, hide, public_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, secrets_of
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import LibrdkafkaConfig

from . import login
from .reasons import LoginReason
from .tokens import Token

try:
    import confluent_kafka
    from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
    from confluent_kafka.admin import AdminClient

    IMPORT_ERROR: t.Optional[ImportError] = None
except ImportError as error:
    IMPORT_ERROR = error

#: The oldest release of the library whose admin calls return the rights of a principal.
OLDEST = (2, 3, 0)
#: How librdkafka begins an error about a broker that it has learned of: [protocol://]host:port/number.
_LEARNED = re.compile(r"(?:\w+://)?(\[[^\]]+\]|[^/\s]+):(\d+)/(\d+): ")
#: So many tries fail before the brokers that it has learned of are taken for the reason.
_MAX_TRIES = 3
#: How long the first try may take before another way is tried beside it; doubled from try to try.
_FIRST_SLICE, _MAX_SLICE = 0.2, 1.0
#: How often the library's callbacks run during a wait.
_POLL_SECONDS = 0.02
#: The library's messages that are kept: it repeats them for each broker and try.
_MAX_MESSAGES = 1000
_MAX_TEXT = 500
#: The largest answer of a broker. librdkafka's own bound is 100 MB, which a hostile server can fill.
_MAX_ANSWER_BYTES = 24 * 1024 * 1024
_MAX_FETCH_BYTES = 4 * 1024 * 1024
#: Properties of the declaration that must not decide how this client behaves.
_NOT_OURS = (
    "group.id",
    "group.instance.id",
    "transactional.id",
    "enable.auto.commit",
    "auto.offset.reset",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "message.max.bytes",
    "receive.message.max.bytes",
)
#: Error codes of librdkafka (rd_kafka_resp_err_t) and of Kafka's protocol, by number.
_AUTHENTICATION, _SSL = -169, -181
_UNSUPPORTED = (-165, 35)  # _UNSUPPORTED_FEATURE, UNSUPPORTED_VERSION
_TIMEOUTS = (-185, 7)  # _TIMED_OUT, REQUEST_TIMED_OUT


class LoginFault(Exception):
    """The library could not connect, log in or get metadata.

    :param stage: ``config``, ``sasl`` or ``metadata``.
    :param detail: what was observed, without secrets.
    """

    def __init__(self, stage: str, reason: LoginReason, detail: str) -> None:
        super().__init__(stage, reason, detail)
        self.stage = stage
        self.reason: LoginReason = reason
        self.detail = detail


def available() -> bool:
    """Tell whether the library is installed here."""
    return IMPORT_ERROR is None


def release() -> t.Tuple[int, ...]:
    """Return the release of librdkafka: (2, 16, 0)."""
    return tuple(int(part) for part in confluent_kafka.libversion()[0].split("-")[0].split(".")[:3])


class Broker(t.NamedTuple):
    """The address at which a broker tells clients to connect."""

    host: str
    port: int


class Partition(t.NamedTuple):
    """A partition: the broker that leads it (-1 for none), and how many replicas it has and how many are in sync."""

    number: int
    leader: int
    replicas: int
    in_sync: int


class Metadata(t.NamedTuple):
    """The metadata of a cluster.

    :param controller_id: -1 where none is named.
    :param whole: False where only brokers became known, because none of them could be reached for more.
    """

    brokers: t.Mapping[int, Broker]
    cluster_id: str = ""
    controller_id: int = -1
    whole: bool = True

    @property
    def has_controller(self) -> bool:
        """Tell whether the cluster names a controller. librdkafka's mock cluster does not."""
        return self.controller_id in self.brokers


class AdminResult(t.NamedTuple):
    """The result of an admin call about one thing, or the error that came instead."""

    value: t.Any = None
    error: t.Any = None

    @property
    def code(self) -> t.Any:
        """The number of the error; None for a result."""
        return self.error.code() if self.error is not None else None

    @property
    def unsupported(self) -> bool:
        """Tell whether the brokers do not support the request."""
        return self.code in _UNSUPPORTED

    @property
    def timed_out(self) -> bool:
        """Tell whether no answer came in time."""
        return self.code in _TIMEOUTS

    def operations(self) -> t.Optional[t.Set[str]]:
        """Return the ACL operations allowed to the principal, in lower case; None if they are unknown."""
        told = getattr(self.value, "authorized_operations", None)
        return None if told is None else {operation.name.lower() for operation in told}


class BrokerClient:
    """One librdkafka admin client, and the errors that it told apart from its answers.

    :param config: the library's configuration. Holds secrets.
    :param secrets: texts that no message may show.
    :ivar stop_at_refusal: do not wait for answers once the login was refused.
    """

    def __init__(
        self,
        config: t.Mapping[str, t.Any],
        secrets: t.FrozenSet[str],
        deadline: Deadline,
        token: t.Optional[Token] = None,
    ) -> None:
        self.deadline = deadline
        self.stop_at_refusal = False
        self.admin: t.Any = None
        self.errors: t.Deque[t.Any] = collections.deque(maxlen=_MAX_MESSAGES)
        self._secrets = secrets
        self._opened: t.List[t.Any] = []
        self._config: t.Dict[str, t.Any] = {name: value for name, value in config.items() if name not in _NOT_OURS}
        self._config.update(_quiet(), error_cb=self.errors.append)
        self._config["receive.message.max.bytes"] = _MAX_ANSWER_BYTES
        if token is not None:
            self._config["oauth_cb"] = lambda _config: (token.value, token.expires)

    @classmethod
    def of(
        cls,
        client: KafkaDeclaration,
        config: LibrdkafkaConfig,
        deadline: Deadline,
        token: t.Optional[Token] = None,
        servers: t.Sequence[str] = (),
    ) -> BrokerClient:
        """Make a client for a declaration.

        :param config: its translation.
        :param token: for OAUTHBEARER and AWS_MSK_IAM, see :func:`login.get_token`.
        :param servers: bootstrap servers to use instead of those declared.
        """
        given = login.for_library(config, token)
        if servers:
            given["bootstrap.servers"] = ",".join(servers)
        secrets = frozenset(secrets_of(client.properties)) | ({token.value} if token else frozenset())
        return cls(given, secrets, deadline, token)

    def open(self) -> None:
        """Start the client.

        :raises LoginFault: the library rejected the configuration.
        """
        try:
            self.admin = AdminClient(self._config)
        except (KafkaException, ValueError, TypeError) as error:
            told = self.scrub(_text(error))
            if "GSSAPI" in told:
                raise LoginFault("sasl", "gssapi_unsupported", told) from None
            raise LoginFault("config", "library_refused", told) from None

    def close(self) -> None:
        """Release the clients, which ends their connections and threads. Takes a while."""
        self.admin = None
        self._opened.clear()

    # --- asking

    def ask(self, call: str, what: t.Any, names: t.Sequence[t.Any], **more: t.Any) -> t.Dict[t.Any, AdminResult]:
        """Make an admin call about several things at once, and wait for all answers.

        :param call: the method of ``AdminClient``.
        :param what: its argument.
        :param names: the keys of the futures that it returns.
        """
        return self.results(self.begin(call, what, **more), names)

    def begin(self, call: str, what: t.Any, **more: t.Any) -> t.Dict[t.Any, t.Any]:
        """Start an admin call; :meth:`results` takes its futures."""
        futures = getattr(self.admin, call)(what, request_timeout=self.deadline.left(), **more)
        return t.cast("t.Dict[t.Any, t.Any]", futures)

    def results(self, futures: t.Mapping[t.Any, t.Any], names: t.Sequence[t.Any]) -> t.Dict[t.Any, AdminResult]:
        """Wait for futures of an admin call."""
        return {name: self._result(futures[name]) for name in names}

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
            if tries >= _MAX_TRIES:
                return Metadata(learned, whole=False)
            length = min(2 * length, _MAX_SLICE)
        told = self.last_error() or "no answer"
        if sasl:
            raise LoginFault("sasl", "login_timeout", told)
        raise LoginFault("metadata", "metadata_timeout", told)

    def topics(self) -> t.Dict[str, t.List[Partition]]:
        """Return all topics that this principal may see. This works without a controller."""
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

    def poll(self, seconds: float) -> None:
        """Wait, and let the library run its callbacks."""
        self.admin.poll(seconds)

    def refusal(self, tls: bool = True) -> str:
        """Return the message with which the login was refused; empty if it was not.

        :param tls: a refused TLS connection counts as well.
        """
        codes = (_AUTHENTICATION, _SSL) if tls else (_AUTHENTICATION,)
        return next((self.scrub(error.str()) for error in list(self.errors) if _refuses(error, codes)), "")

    def last_error(self) -> str:
        """Return the last error that the library told apart from its answers; empty if there was none."""
        return self.explain(self.errors[-1]) if self.errors else ""

    # --- clients for a round trip

    def consumer(self, group: str) -> t.Any:
        """Return a consumer that commits nothing."""
        own = {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "fetch.max.bytes": _MAX_FETCH_BYTES,
            "queued.max.messages.kbytes": _MAX_FETCH_BYTES // 1024,
        }
        self._opened.append(Consumer({**self._config, **own}))
        return self._opened[-1]

    def producer(self, timeout: float) -> t.Any:
        """Return a producer that waits for all replicas and gives up after ``timeout`` seconds."""
        # With the library's own retries a record could come twice.
        own = {"acks": "all", "message.timeout.ms": max(1, int(timeout * 1000)), "retries": 0, "linger.ms": 0}
        names = ("enable.idempotence", "delivery.timeout.ms", "request.timeout.ms")
        self._opened.append(
            Producer({**{name: value for name, value in self._config.items() if name not in names}, **own})
        )
        return self._opened[-1]

    # --- texts

    def explain(self, error: t.Any) -> str:
        """Return the text of a KafkaError, or its name where it has none, without secrets. Never empty."""
        told = self.scrub(error.str() or "")
        # Some errors name the request and no cause: "ConsumerGroupDescribe:".
        return told if told and not told.endswith(":") else f"{told} {error.name()}".strip()

    def name(self, text: str) -> str:
        """Return a name that a broker chose, as one short line. A broker may use whatever it has been told."""
        return public_name(hide(text, self._secrets))

    def scrub(self, text: str) -> str:
        """Return a text of the library on one line, cut, and without any secret of the declaration."""
        return " ".join(clean(text, self._secrets).split())[:_MAX_TEXT]

    # --- waiting

    def _result(self, future: t.Any) -> AdminResult:
        # A little longer than the request's own time-out, which gives the better message.
        end = time.monotonic() + self.deadline.left() + 0.1
        while not _done(future, min(_POLL_SECONDS * 5, end - time.monotonic())):
            self.admin.poll(0)
            if time.monotonic() >= end or (self.stop_at_refusal and self.refusal()):
                return AdminResult(error=KafkaError(KafkaError._TIMED_OUT))
        # Read the exception instead of raising it: a traceback would keep this frame, and with it the client, alive.
        error = future.exception()
        if error is None:
            return AdminResult(value=future.result())
        if isinstance(error, KafkaException):
            return AdminResult(error=error.args[0])
        # The library could not make Python's values of the answer: a text in it is not UTF-8, for example.
        return AdminResult(error=KafkaError(KafkaError._BAD_MSG))

    def _wait(self, future: t.Any, seconds: float, sasl: bool) -> bool:
        """Tell whether ``future`` has a result within ``seconds``; raise LoginFault when the login is refused."""
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(concurrent.futures.TimeoutError):
                if future.exception(min(_POLL_SECONDS, max(0.0, end - time.monotonic()))) is None:
                    return True
            self.admin.poll(0)
            refused = self.refusal(tls=False) if sasl else ""
            if refused:
                raise LoginFault("sasl", "credentials_refused", refused)
            if time.monotonic() >= end:
                return False
            if future.done():  # no result can come: only wait for the reasons
                time.sleep(min(_POLL_SECONDS, max(0.0, end - time.monotonic())))

    def _list(self, seconds: float) -> t.Any:
        try:
            return self.admin.list_topics(timeout=seconds)
        except (KafkaException, UnicodeDecodeError):  # the latter: a text in the answer is not UTF-8
            return None

    def _learned(self) -> t.Dict[int, Broker]:
        """Return the brokers that the library knows only by what the cluster told, and that it could not connect to.

        Once the library has the first metadata it may ask no other than these for more.
        """
        found = (_LEARNED.match(error.str()) for error in list(self.errors))
        return {
            int(match.group(3)): Broker(match.group(1).strip("[]"), int(match.group(2))) for match in found if match
        }


def _refuses(error: t.Any, codes: t.Collection[int]) -> bool:
    # A connection that ends during the login has the same code, and says so: "handshake failed: Local: Broker
    # transport failure". The library tries again, and so a broker that restarts refuses nobody.
    return error.code() in codes and "failed: Local: " not in error.str()


def _done(future: t.Any, seconds: float) -> bool:
    with contextlib.suppress(concurrent.futures.TimeoutError):
        future.exception(max(0.0, seconds))
        return True
    return False


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
    """Keep librdkafka's log off the standard error, where Ansible would show it."""
    logger = logging.Logger("hopsworks.kafka.librdkafka", logging.CRITICAL)
    logger.addHandler(logging.NullHandler())
    return {"logger": logger, "log_level": 0}


def _text(error: t.Any) -> str:
    inner = error.args[0] if error.args else error
    return inner.str() if hasattr(inner, "str") else str(inner)
