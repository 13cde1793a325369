# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Connect to the brokers of a declaration, and ask them what the cluster contains: its id, its topics, their offsets.

Standard library only: a managed host has no confluent-kafka. Layout of the messages: Kafka's protocol guide,
https://kafka.apache.org/41/protocol.html#protocol_messages. All versions used here are known to every release from
0.11 to 4.x.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import host_port, split_address
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline, TooLate, within
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import hide, public_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, secrets_of

from . import login, sasl, wire
from .tokens import TokenFault
from .wire_reader import Reader, WireError, array, string

#: For :meth:`ClusterClient.offsets`: the first offset that the partition still has, or the one after its last record.
EARLIEST, LATEST = -2, -1

_LIST_OFFSETS, _METADATA, _FIND_COORDINATOR = 2, 3, 10
_GROUP = b"\0"
#: The largest answer. A group of 100 members with 2,000 partitions each takes less than half of it.
#: The limit on the number of items is in :mod:`.wire_reader`.
_MAX_ANSWER_BYTES = 8 * 1024 * 1024
#: The open connections. Far more brokers than a cluster has, and fewer than a process may open files.
_MAX_CONNECTIONS = 200
#: How long looking up a host's name may exceed the time limit.
_GRACE_SECONDS = 0.5
#: The coordinator is not ready: Kafka creates the topic of the offsets, or loads it, or moved it.
_NOT_READY = {14: "it is loading", 15: "it is not available yet", 16: "it has moved"}
_DENIED = {29: "the topic", 30: "the group", 31: "the cluster"}
#: https://github.com/apache/kafka/blob/4.1.0/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")

TopicPartition = t.Tuple[str, int]
Address = t.Tuple[str, int]
#: Do the TLS handshake on a connection to a host.
Secure = t.Callable[[socket.socket, str], socket.socket]


_Client = t.TypeVar("_Client", bound="ClusterClient")
_T = t.TypeVar("_T")


class ClusterFault(Exception):
    """Kafka could not be asked.

    :param final: asking again will not help.
    :param refused: Kafka refuses this login, so it refuses the service, too.
    """

    def __init__(self, cause: str, final: bool = False, refused: bool = False) -> None:
        super().__init__(cause)
        self.final = final
        self.refused = refused


class ClusterMetadata(t.NamedTuple):
    """What a cluster says of itself.

    :param leaders: the leaders of the partitions that have one.
    :param partitions: the number of partitions of each topic.
    :param errors: Kafka's error code for each topic that it does not describe.
    """

    cluster_id: str
    leaders: t.Dict[TopicPartition, Address]
    partitions: t.Dict[str, int]
    errors: t.Dict[str, int]


class ClusterClient:
    """A connection to the brokers of a declaration. Use it as a context manager.

    :param secure: does the TLS handshake; ``None`` for a protocol without TLS.
    :param deadline: all of the work ends by then, but for the look-up of a host's name.
    :ivar certificates: the broker's address to its certificate (DER), for those connected to.
    :ivar secrets: what a broker has been told and may repeat anywhere in its answers.
    """

    def __init__(self, client: KafkaDeclaration, secure: t.Optional[Secure], deadline: Deadline) -> None:
        self._client = client
        self._secure = secure
        self._deadline = deadline
        self._token: t.Optional[str] = None
        self._connections: t.Dict[Address, t.Tuple[socket.socket, socket.socket, wire.TimedStream]] = {}
        self._handles: t.Set[socket.socket] = set()
        self._versions: t.Dict[Address, wire.ApiVersions] = {}
        self.certificates: t.Dict[str, bytes] = {}
        self.secrets: t.Set[str] = set(secrets_of(client.properties))

    def __enter__(self: _Client) -> _Client:
        return self

    def __exit__(self, *_error: object) -> None:
        for where in [*self._connections]:
            self._close(where)

    def cut(self) -> None:
        """Cut every connection, for another thread: the one that waits for an answer gets an error."""
        for handle in [*self._handles]:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def metadata(self, topics: t.Optional[t.Collection[str]] = None) -> ClusterMetadata:
        """Return the cluster's id, and what it says of topics.

        :param topics: ``None`` for all topics that this principal may see.
        :raises ClusterFault: Kafka could not be asked.
        """
        # No topics is an empty array; a null one means all of them. The last byte: create none.
        names = struct.pack(">i", -1) if topics is None else array([string(name) for name in sorted(topics)])
        answer = self._ask(self._bootstrap(), _METADATA, 4, names + b"\0")
        answer.int32()
        brokers: t.Dict[int, Address] = {}
        for _broker in range(answer.count()):
            number = answer.int32()
            brokers[number] = (answer.string(), answer.int32())
            answer.string()
        # A broker may use as a name whatever it has been told, and of any length.
        found = ClusterMetadata(public_name(hide(answer.string(), self.secrets)), {}, {}, {})
        answer.int32()
        for _topic in range(answer.count()):
            error, topic = answer.int16(), answer.string()
            answer.skip(1)
            leaders: t.Dict[TopicPartition, Address] = {}
            partitions = answer.count()
            for _partition in range(partitions):
                answer.int16()
                partition, leader = answer.int32(), answer.int32()
                for _replicas in range(2):
                    answer.skip_array(4)
                if leader in brokers:
                    leaders[topic, partition] = brokers[leader]
            if not TOPIC_NAME.fullmatch(topic):
                continue
            found.leaders.update(leaders)
            if error:
                found.errors[topic] = error
            else:
                found.partitions[topic] = partitions
        return found

    def offsets(
        self, partitions: t.Mapping[TopicPartition, Address], at: int, committed: bool = False
    ) -> t.Dict[TopicPartition, int]:
        """Return offsets of partitions, asked of their leaders. What a leader does not tell is left out.

        The connection to each of them is closed then: a broker may name any number.

        :param at: ``EARLIEST`` or ``LATEST``.
        :param committed: the latest offset is the one after the last record that a reader of committed records sees.
        :raises ClusterFault: Kafka could not be asked.
        """
        found: t.Dict[TopicPartition, int] = {}
        by_leader: t.Dict[Address, t.Dict[str, t.List[int]]] = {}
        for (topic, number), where in partitions.items():
            by_leader.setdefault(where, {}).setdefault(topic, []).append(number)
        for leader, topics in sorted(by_leader.items()):
            asked = [
                string(topic) + array([struct.pack(">iq", number, at) for number in numbers])
                for topic, numbers in topics.items()
            ]
            isolation = b"\1" if committed else b""
            answer = self._ask(
                leader, _LIST_OFFSETS, 2 if committed else 1, struct.pack(">i", -1) + isolation + array(asked)
            )
            self._close(leader)
            if committed:
                answer.int32()
            for _topic in range(answer.count()):
                topic = answer.string()
                for _partition in range(answer.count()):
                    number, error = answer.int32(), answer.int16()
                    answer.int64()
                    offset = answer.int64()
                    if not error and offset >= 0 and partitions.get((topic, number)) == leader:
                        found[topic, number] = offset
        return found

    # --- connections

    def _coordinator(self, group: str) -> Address:
        """Return the coordinator of a group."""
        error, where = self._find_coordinator(group, _GROUP)
        check(error, "find the group's coordinator")
        return where

    def _find_coordinator(self, name: str, kind: bytes) -> t.Tuple[int, Address]:
        """Return Kafka's error code, and the coordinator of a group or transactional id."""
        answer = self._ask(self._bootstrap(), _FIND_COORDINATOR, 1, string(name) + kind)
        answer.int32()
        error = answer.int16()
        answer.string()
        answer.int32()
        return error, (answer.string(), answer.int32())

    def _bootstrap(self) -> Address:
        """Return a bootstrap server that there is a connection to."""
        fault = ClusterFault("no bootstrap server is declared", final=True)
        servers = [split_address(server) for server in self._client.properties["bootstrap.servers"].split(",")]
        for where in sorted(servers, key=lambda where: where not in self._connections):
            try:
                with self._faults(where):
                    self._stream(where)
                return where
            except ClusterFault as error:
                fault = error
                if error.final or self._deadline.over:
                    break
        raise fault

    def _ask(self, where: Address, key: int, version: int, body: bytes, flexible: bool = False) -> Reader:
        with self._faults(where):
            return self._reader(wire.ask(self._stream(where), key, version, body, _MAX_ANSWER_BYTES, flexible), where)

    def _offered(self, where: Address) -> wire.ApiVersions:
        """Return which requests a broker knows."""
        if where not in self._versions:
            with self._faults(where):
                self._versions[where] = wire.api_versions(self._stream(where))
        return self._versions[where]

    def _reader(self, answer: t.Union[bytes, bytearray], where: Address) -> Reader:
        return _Checked(answer, where)

    def _answer_seconds(self) -> float:
        """Return the seconds to wait for one answer."""
        return self._deadline.left()

    def _stream(self, where: Address) -> wire.Stream:
        if where not in self._connections:
            if len(self._connections) >= _MAX_CONNECTIONS:
                raise ClusterFault(f"the cluster names more than {_MAX_CONNECTIONS} brokers", final=True)
            connection = socket.create_connection(where, min(self._deadline.step(), self._answer_seconds()))
            handle = connection.dup()
            self._handles.add(handle)
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(self._answer_seconds())
                if self._secure is not None:
                    connection = self._secure(connection, where[0])
                    self.certificates[host_port(*where)] = connection.getpeercert(binary_form=True)  # type: ignore[attr-defined]
                stream = wire.TimedStream(connection, self._answer_seconds())
                if login.logs_in(self._client):
                    sasl.log_in(stream, self._client, self._get_token())
            except BaseException:
                connection.close()
                self._drop(handle)
                raise
            self._connections[where] = connection, handle, stream
        stream = self._connections[where][2]
        stream.extend(self._answer_seconds())
        return stream

    def _close(self, where: Address) -> None:
        connection, handle, _stream = self._connections.pop(where)
        with contextlib.suppress(OSError):
            connection.close()
        self._drop(handle)

    def _drop(self, handle: socket.socket) -> None:
        self._handles.discard(handle)
        handle.close()

    def _get_token(self) -> str:
        if not sasl.supports(self._client):
            mechanism = self._client.properties["sasl.mechanism"]
            raise ClusterFault(f"{mechanism} is not supported by this check", final=True)
        if self._token is None and sasl.needs_token(self._client):
            # Imported only here: few logins need it.
            from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import (  # noqa: PLC0415
                dialect_librdkafka,
            )

            config = dialect_librdkafka.librdkafka(self._client)
            token = login.get_token(self._client, config, self._deadline.step())
            if token is None:
                raise ClusterFault("the tokens of this login come from a source that this check cannot use", final=True)
            self._token = token.value
            self.secrets.add(token.value)
        return self._token or ""

    @contextlib.contextmanager
    def _faults(self, where: Address) -> t.Iterator[None]:
        """Turn what goes wrong on a connection into a :class:`ClusterFault`."""
        try:
            yield
        except ClusterFault:
            raise
        except sasl.LoginRefused as error:
            raise ClusterFault(
                f"{host_port(*where)}: login failed: {error}", final=error.final, refused=error.final
            ) from None
        except TokenFault as error:
            raise ClusterFault(f"no token: {error.detail or error.reason}") from None
        except WireError as error:
            raise ClusterFault(f"{host_port(*where)}: {_WIRE[error.reason]}") from None
        except socket.timeout:
            raise ClusterFault(f"{host_port(*where)}: no answer in time") from None
        except (OSError, ValueError, OverflowError) as error:
            cause = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            cause = cause or getattr(error, "strerror", None) or type(error).__name__
            refused = isinstance(error, ssl.SSLError) and ("ALERT" in str(cause) or hasattr(error, "verify_code"))
            raise ClusterFault(f"{host_port(*where)}: {cause}", final=refused, refused=refused) from None


def work_within(seconds: float, work: t.Callable[[], _T], *clients: ClusterClient) -> _T:
    """Do some work with clients within a time limit, and close their connections.

    What is still open when the time is up is cut: a broker can keep OpenSSL busy for as long as it likes.

    :raises TooLate: the work was not done in time.
    :raises Exception: what ``work`` raises.
    """

    def run() -> _T:
        with contextlib.ExitStack() as used:
            for client in clients:
                used.enter_context(client)
            return work()

    try:
        return within(seconds + _GRACE_SECONDS, run)
    except TooLate:
        for client in clients:
            client.cut()
        raise


_WIRE = {
    "closed": "the broker closed the connection",
    "http": "an HTTP server answers",
    "not_kafka": "the answer is not Kafka's",
    "tls": "the broker expects TLS",
}


class _Checked(Reader):
    """An answer. If it is malformed, that is a :class:`ClusterFault`, too."""

    def __init__(self, data: t.Union[bytes, bytearray], where: Address) -> None:
        super().__init__(data)
        self._where = where

    def _malformed(self) -> Exception:
        return ClusterFault(f"{host_port(*self._where)}: {_WIRE['not_kafka']}")


def check(error: int, what: str) -> None:
    """Raise a :class:`ClusterFault` for one of Kafka's error codes, unless it is zero."""
    if not error:
        return
    if error in _NOT_READY:
        raise ClusterFault(f"could not {what}: the coordinator is not ready, {_NOT_READY[error]}")
    if error in _DENIED:
        raise ClusterFault(f"not allowed to {what}: this principal has no rights on {_DENIED[error]}", final=True)
    raise ClusterFault(f"could not {what}: Kafka's error {error}")
