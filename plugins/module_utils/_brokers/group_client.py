# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Ask Kafka about a consumer group: its members, their partitions, and how far they are behind.

Standard library only: a managed host has no confluent-kafka. Layout of the messages: Kafka's protocol guide,
https://kafka.apache.org/41/protocol.html#protocol_messages. All versions used here are known to every release from
0.11 to 4.x, except for ConsumerGroupDescribe, which only brokers have that know the groups of KIP-848.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, secrets_of

from . import login, sasl, wire
from .tokens import TokenFault
from .wire_reader import Reader, WireError, array, compact_array, compact_string, string

_LIST_OFFSETS, _METADATA, _OFFSET_FETCH, _FIND_COORDINATOR = 2, 3, 9, 10
_DESCRIBE_GROUPS, _CONSUMER_GROUP_DESCRIBE = 15, 69
#: The largest answer. A group of 100 members with 2,000 partitions each takes less than half of it.
#: The limit on the number of items is in :mod:`.wire_reader`.
_MAX_ANSWER_BYTES = 8 * 1024 * 1024
_LATEST = -1
_GROUP_ID_NOT_FOUND = 69
#: The coordinator is not ready: Kafka creates the topic of the offsets, or loads it, or moved it.
_NOT_READY = {14: "it is loading", 15: "it is not available yet", 16: "it has moved"}
_DENIED = {29: "the topic", 30: "the group", 31: "the cluster"}
#: https://github.com/apache/kafka/blob/4.1.0/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")

TopicPartition = t.Tuple[str, int]
Address = t.Tuple[str, int]
#: Do the TLS handshake on a connection to a host.
Secure = t.Callable[[socket.socket, str], socket.socket]


class GroupFault(Exception):
    """Kafka could not be asked.

    :param final: asking again will not help.
    :param refused: Kafka refuses this login, so it refuses the service, too.
    """

    def __init__(self, cause: str, final: bool = False, refused: bool = False) -> None:
        super().__init__(cause)
        self.final = final
        self.refused = refused


class Member(t.NamedTuple):
    """A member of a group, with the partitions that Kafka has assigned to it."""

    member_id: str
    client_id: str
    host: str
    partitions: t.Tuple[TopicPartition, ...]


class Description(t.NamedTuple):
    """A group. Its state is empty if nobody has joined it."""

    state: str
    members: t.Tuple[Member, ...]

    @property
    def stable(self) -> bool:
        """Whether all members have their partitions."""
        return self.state.lower() == "stable"


class GroupClient:
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
        self.certificates: t.Dict[str, bytes] = {}
        self.secrets: t.Set[str] = set(secrets_of(client.properties))

    def __enter__(self) -> GroupClient:
        return self

    def __exit__(self, *_error: object) -> None:
        for where in [*self._connections]:
            self._close(where)

    def cut(self) -> None:
        """Cut every connection, for another thread: the one that waits for an answer gets an error."""
        for handle in [*self._handles]:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def describe(self, group: str) -> Description:
        """Describe a group.

        :raises GroupFault: Kafka could not be asked.
        """
        where = self._coordinator(group)
        answer = self._ask(where, _DESCRIBE_GROUPS, 0, array([string(group)]))
        if not answer.count():
            raise GroupFault("Kafka does not describe the group")
        _check(answer.int16(), "describe the group")
        answer.string()
        state = answer.string()
        if state.lower() == "dead":
            # Also what this request says of a group with the protocol of KIP-848.
            return self._describe_new(where, group)
        answer.string()
        answer.string()
        members = []
        for _number in range(answer.count()):
            member_id, client_id, host = answer.string(), answer.string(), answer.string()
            answer.data()
            members.append(Member(member_id, client_id, host, _assigned(answer.part())))
        return Description(state, tuple(members))

    def committed(self, group: str) -> t.Dict[TopicPartition, int]:
        """Return the offsets that a group has committed; none if it keeps its offsets elsewhere.

        :raises GroupFault: Kafka could not be asked.
        """
        answer = self._ask(self._coordinator(group), _OFFSET_FETCH, 2, string(group) + struct.pack(">i", -1))
        offsets: t.Dict[TopicPartition, int] = {}
        for _topic in range(answer.count()):
            topic = answer.string()
            for _partition in range(answer.count()):
                partition, offset = answer.int32(), answer.int64()
                answer.string()
                if not answer.int16() and offset >= 0:
                    offsets[topic, partition] = offset
        _check(answer.int16(), "read the group's offsets")
        return offsets

    def cluster(self, topics: t.Collection[str] = ()) -> t.Tuple[str, t.Dict[TopicPartition, Address]]:
        """Return the cluster's id, and the leaders of the topics' partitions.

        :raises GroupFault: Kafka could not be asked.
        """
        names = sorted(topics)
        # No topics is an empty array; a null one means all of them. The last byte: create none.
        answer = self._ask(self._bootstrap(), _METADATA, 4, array([string(name) for name in names]) + b"\0")
        answer.int32()
        brokers: t.Dict[int, Address] = {}
        for _broker in range(answer.count()):
            number = answer.int32()
            brokers[number] = (answer.string(), answer.int32())
            answer.string()
        cluster_id = answer.string()
        answer.int32()
        leaders: t.Dict[TopicPartition, Address] = {}
        for _topic in range(answer.count()):
            answer.int16()
            topic = answer.string()
            answer.skip(1)
            for _partition in range(answer.count()):
                answer.int16()
                partition, leader = answer.int32(), answer.int32()
                for _replicas in range(2):
                    answer.skip_array(4)
                if leader in brokers:
                    leaders[topic, partition] = brokers[leader]
        return cluster_id, leaders

    def ends(self, partitions: t.Mapping[TopicPartition, Address]) -> t.Dict[TopicPartition, int]:
        """Return the end of partitions, the offset of the next record, asked of their leaders.

        The connection to each of them is closed then: a broker may name any number.

        :raises GroupFault: Kafka could not be asked.
        """
        found: t.Dict[TopicPartition, int] = {}
        by_leader: t.Dict[Address, t.Dict[str, t.List[int]]] = {}
        for (topic, number), where in partitions.items():
            by_leader.setdefault(where, {}).setdefault(topic, []).append(number)
        for leader, topics in sorted(by_leader.items()):
            asked = [
                string(topic) + array([struct.pack(">iq", number, _LATEST) for number in numbers])
                for topic, numbers in topics.items()
            ]
            answer = self._ask(leader, _LIST_OFFSETS, 1, struct.pack(">i", -1) + array(asked))
            self._close(leader)
            for _topic in range(answer.count()):
                topic = answer.string()
                for _partition in range(answer.count()):
                    number, error = answer.int32(), answer.int16()
                    answer.int64()
                    offset = answer.int64()
                    if not error:
                        found[topic, number] = offset
        return found

    # --- groups with the protocol of KIP-848

    def _describe_new(self, where: Address, group: str) -> Description:
        nobody = Description("", ())
        with self._faults(where):
            offered = wire.api_versions(self._stream(where))
        if _CONSUMER_GROUP_DESCRIBE not in offered:
            return nobody
        body = compact_array([compact_string(group)]) + b"\0\0"
        answer = self._ask(where, _CONSUMER_GROUP_DESCRIBE, 0, body, flexible=True)
        answer.tags()
        answer.int32()
        if not answer.compact_count():
            return nobody
        error = answer.int16()
        if error == _GROUP_ID_NOT_FOUND:
            return nobody
        _check(error, "describe the group")
        answer.compact_string()
        answer.compact_string()
        state = answer.compact_string()
        answer.skip(8)
        answer.compact_string()
        return Description(state, tuple(_new_member(answer) for _number in range(answer.compact_count())))

    # --- connections

    def _coordinator(self, group: str) -> Address:
        answer = self._ask(self._bootstrap(), _FIND_COORDINATOR, 1, string(group) + b"\0")
        answer.int32()
        error = answer.int16()
        answer.string()
        _check(error, "find the group's coordinator")
        answer.int32()
        return answer.string(), answer.int32()

    def _bootstrap(self) -> Address:
        """Return a bootstrap server that there is a connection to."""
        fault = GroupFault("no bootstrap server is declared", final=True)
        servers = [_address(server) for server in self._client.properties["bootstrap.servers"].split(",")]
        for where in sorted(servers, key=lambda where: where not in self._connections):
            try:
                with self._faults(where):
                    self._stream(where)
                return where
            except GroupFault as error:
                fault = error
                if error.final or self._deadline.over:
                    break
        raise fault

    def _ask(self, where: Address, key: int, version: int, body: bytes, flexible: bool = False) -> Reader:
        with self._faults(where):
            return _Checked(wire.ask(self._stream(where), key, version, body, _MAX_ANSWER_BYTES, flexible), where)

    def _stream(self, where: Address) -> wire.Stream:
        if where not in self._connections:
            connection = socket.create_connection(where, self._deadline.step())
            handle = connection.dup()
            self._handles.add(handle)
            try:
                connection.settimeout(self._deadline.left())
                if self._secure is not None:
                    connection = self._secure(connection, where[0])
                    self.certificates[_shown(where)] = connection.getpeercert(binary_form=True)  # type: ignore[attr-defined]
                stream = wire.TimedStream(connection, self._deadline.left())
                if login.logs_in(self._client):
                    sasl.log_in(stream, self._client, self._get_token())
            except BaseException:
                connection.close()
                self._drop(handle)
                raise
            self._connections[where] = connection, handle, stream
        return self._connections[where][2]

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
            raise GroupFault(f"{mechanism} is not supported by this check", final=True)
        if self._token is None and sasl.needs_token(self._client):
            # Imported only here: few logins need it.
            from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import (  # noqa: PLC0415
                dialect_librdkafka,
            )

            config = dialect_librdkafka.librdkafka(self._client)
            token = login.get_token(self._client, config, self._deadline.step())
            if token is None:
                raise GroupFault("the tokens of this login come from a source that this check cannot use", final=True)
            self._token = token.value
            self.secrets.add(token.value)
        return self._token or ""

    @contextlib.contextmanager
    def _faults(self, where: Address) -> t.Iterator[None]:
        """Turn what goes wrong on a connection into a :class:`GroupFault`."""
        try:
            yield
        except GroupFault:
            raise
        except sasl.LoginRefused as error:
            raise GroupFault(
                f"{_shown(where)}: login failed: {error}", final=error.final, refused=error.final
            ) from None
        except TokenFault as error:
            raise GroupFault(f"no token: {error.detail or error.reason}") from None
        except WireError as error:
            raise GroupFault(f"{_shown(where)}: {_WIRE[error.reason]}") from None
        except socket.timeout:
            raise GroupFault(f"{_shown(where)}: no answer in time") from None
        except (OSError, ValueError, OverflowError) as error:
            cause = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            cause = cause or getattr(error, "strerror", None) or type(error).__name__
            refused = isinstance(error, ssl.SSLError) and ("ALERT" in str(cause) or hasattr(error, "verify_code"))
            raise GroupFault(f"{_shown(where)}: {cause}", final=refused, refused=refused) from None


_WIRE = {
    "closed": "the broker closed the connection",
    "http": "an HTTP server answers",
    "not_kafka": "the answer is not Kafka's",
    "tls": "the broker expects TLS",
}


class _Checked(Reader):
    """An answer. If it is malformed, that is a :class:`GroupFault`, too."""

    def __init__(self, data: bytes, where: Address) -> None:
        super().__init__(data)
        self._where = where

    def _malformed(self) -> Exception:
        return GroupFault(f"{_shown(self._where)}: {_WIRE['not_kafka']}")


def _check(error: int, what: str) -> None:
    if not error:
        return
    if error in _NOT_READY:
        raise GroupFault(f"could not {what}: the coordinator is not ready, {_NOT_READY[error]}")
    if error in _DENIED:
        raise GroupFault(f"not allowed to {what}: this principal has no rights on {_DENIED[error]}", final=True)
    raise GroupFault(f"could not {what}: Kafka's error {error}")


def _assigned(reader: Reader) -> t.Tuple[TopicPartition, ...]:
    """Read a member's assignment (ConsumerProtocolAssignment); none if it is not one."""
    try:
        reader.int16()
        found = []
        for _topic in range(reader.count()):
            topic = reader.string()
            if not _TOPIC.fullmatch(topic):
                return ()
            found += [(topic, reader.int32()) for _partition in range(reader.count())]
        return tuple(found)
    except WireError:
        return ()


def _new_member(answer: Reader) -> Member:
    member_id = answer.compact_string()
    answer.compact_string()
    answer.compact_string()
    answer.int32()
    client_id, host = answer.compact_string(), answer.compact_string()
    for _topic in range(answer.compact_count()):
        answer.compact_string()
    answer.compact_string()
    assigned = _new_assignment(answer)
    _new_assignment(answer)
    answer.tags()
    return Member(member_id, client_id, host, assigned)


def _new_assignment(answer: Reader) -> t.Tuple[TopicPartition, ...]:
    found = []
    for _topic in range(answer.compact_count()):
        answer.skip(16)
        topic = answer.compact_string()
        partitions = [answer.int32() for _partition in range(answer.compact_count())]
        if _TOPIC.fullmatch(topic):
            found += [(topic, partition) for partition in partitions]
        answer.tags()
    answer.tags()
    return tuple(found)


def _address(server: str) -> Address:
    host, _colon, port = server.strip().rpartition(":")
    host = host.rpartition("//")[2].strip("[]")
    return host, int(port)


def _shown(where: Address) -> str:
    return f"[{where[0]}]:{where[1]}" if ":" in where[0] else f"{where[0]}:{where[1]}"
