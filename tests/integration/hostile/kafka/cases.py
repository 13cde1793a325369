# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile brokers: each is sound up to one point, and does one hostile thing there."""

from __future__ import annotations

import base64
import dataclasses
import random
import struct
import typing as t

from .broker import (
    API_VERSIONS,
    AUTHENTICATE,
    COORDINATOR,
    GROUPS,
    HANDSHAKE,
    METADATA,
    OFFERED,
    TOPIC,
    Cluster,
    Request,
)


class Reply(t.NamedTuple):
    """What to do instead of an answer: send chunks with pauses between them, then go on in some way.

    :param then: ``serve`` (the next request), ``close``, ``reset``, ``hang``, or ``flood``.
    """

    chunks: t.Iterable[bytes]
    pause: float = 0.0
    then: t.Literal["serve", "close", "reset", "hang", "flood"] = "serve"


#: From a request and the body of its sound answer to what is done.
Mutate = t.Callable[[Request, bytes], Reply]


@dataclasses.dataclass(frozen=True)
class Case:
    """A hostile broker.

    :param key: the request at which it is hostile; None: it says odd things of itself, but in sound frames.
    :param mutate: what it does there.
    :param skip: so many requests with this key are answered as they should be first.
    :param odd: makes what it says of itself odd.
    :param raw: it answers the connection with these bytes, before any request.
    :param ends_well: nothing has to fail: the broker is odd, and not wrong.
    """

    name: str
    key: int | None = None
    mutate: Mutate | None = None
    skip: int = 0
    odd: t.Callable[[Cluster], None] = lambda cluster: None
    sasl: bool = False
    tls: bool = False
    raw: Reply | None = None
    ends_well: bool = False


def frame(number: int, body: bytes) -> bytes:
    """An answer with its length and its number."""
    return struct.pack(">ii", len(body) + 4, number) + body


def _drip(data: bytes) -> t.Iterator[bytes]:
    return (data[position : position + 1] for position in range(len(data)))


def _noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _length(length: int, then: t.Literal["hang", "flood"] = "hang") -> Mutate:
    return lambda request, body: Reply([struct.pack(">ii", length, request.number) + body], then=then)


MUTATIONS: dict[str, Mutate] = {
    "close": lambda _request, _body: Reply([], then="close"),
    "reset": lambda _request, _body: Reply([], then="reset"),
    "silence": lambda _request, _body: Reply([], then="hang"),
    "drip": lambda request, body: Reply(_drip(frame(request.number, body)), pause=0.25, then="hang"),
    "half_then_close": lambda request, body: Reply([frame(request.number, body)[: 4 + len(body) // 2]], then="close"),
    "half_then_silence": lambda request, body: Reply([frame(request.number, body)[: 4 + len(body) // 2]], then="hang"),
    "length_zero": _length(0),
    "length_negative": _length(-1),
    "length_of_2_gb": _length(0x7FFFFFFF),
    "length_of_90_mb_and_a_flood": _length(90 * 1024 * 1024, "flood"),
    "length_short": _length(3),
    "another_number": lambda request, body: Reply([frame(request.number + 7, body)]),
    "negative_number": lambda _request, body: Reply([frame(-1, body)]),
    "empty_body": lambda request, _body: Reply([frame(request.number, b"")]),
    "cut_body": lambda request, body: Reply([frame(request.number, body[:-3])]),
    "body_of_ones": lambda request, body: Reply([frame(request.number, b"\xff" * len(body))]),
    "body_of_zeros": lambda request, body: Reply([frame(request.number, b"\0" * len(body))]),
    "body_of_sevens": lambda request, body: Reply([frame(request.number, b"\x7f" * len(body))]),
    "noise": lambda request, body: Reply([frame(request.number, _noise(len(body), 1))]),
    "much_noise": lambda request, _body: Reply([frame(request.number, _noise(60_000, 2))]),
    "a_long_tail": lambda request, body: Reply([frame(request.number, body + b"\0" * 65_536)]),
    "500_times": lambda request, body: Reply([frame(request.number, body) * 500]),
    "http": lambda _request, _body: Reply([b"HTTP/1.1 400 Bad Request\r\n\r\n"], then="close"),
    "tls_alert": lambda _request, _body: Reply([b"\x15\x03\x03\x00\x02\x02\x28"], then="close"),
    "flood": lambda _request, _body: Reply([], then="flood"),
}

#: The points: a name, the key of the request, how many to skip, whether it takes a login.
POINTS: tuple[tuple[str, int, int, bool], ...] = (
    ("first_answer", API_VERSIONS, 0, False),
    ("versions", API_VERSIONS, 1, False),
    ("mechanisms", HANDSHAKE, 0, True),
    ("handshake", HANDSHAKE, 1, True),
    ("login", AUTHENTICATE, 0, True),
    ("metadata", METADATA, 0, False),
    ("coordinator", COORDINATOR, 0, False),
    ("group", GROUPS, 0, False),
)


def _set(**values: t.Any) -> t.Callable[[Cluster], None]:
    def odd(cluster: Cluster) -> None:
        for name, value in values.items():
            setattr(cluster, name, value)

    return odd


def _offers(**changes: tuple[int, int] | None) -> t.Callable[[Cluster], None]:
    def odd(cluster: Cluster) -> None:
        for name, span in changes.items():
            key = globals()[name]
            if span is None:
                cluster.offered.pop(key)
            else:
                cluster.offered[key] = span

    return odd


def _brokers(count: int, host: bytes = b"127.0.0.1", port: int = 1) -> t.Callable[[Cluster], None]:
    return _set(others=[(number, host, port) for number in range(2, count + 1)])


BAD = b"\xff\xfe\xc3("
PASSWORD = "canary-Secret-7"
ODD: dict[str, t.Callable[[Cluster], None]] = {
    "null_cluster_id": _set(cluster_id=None),
    "cluster_id_no_utf8": _set(cluster_id=BAD),
    "empty_cluster_id": _set(cluster_id=b""),
    "cluster_id_of_30_kb": _set(cluster_id=b"x" * 30_000),
    "cluster_id_with_escapes": _set(cluster_id=b"\x1b[2J\x1b]0;x\x07\r\n\x00ok"),
    "metadata_0_only": _offers(METADATA=(0, 0)),
    "metadata_1_only": _offers(METADATA=(1, 1)),
    "metadata_2_only": _offers(METADATA=(2, 2)),
    "metadata_4_only": _offers(METADATA=(4, 4)),
    "metadata_not_offered": _offers(METADATA=None),
    "metadata_from_99_on": _offers(METADATA=(99, 120)),
    "metadata_backwards": _offers(METADATA=(8, 0)),
    "metadata_negative": _offers(METADATA=(-5, -1)),
    "groups_not_offered": _offers(GROUPS=None),
    "coordinator_not_offered": _offers(COORDINATOR=None),
    "nothing_offered": _set(offered={}),
    "versions_alone_offered": _set(offered={API_VERSIONS: (0, 3)}),
    "100_unknown_requests_offered": _set(offered={**OFFERED, **dict.fromkeys(range(1000, 1080), (0, 1))}),
    "no_controller": _set(controller=-1),
    "controller_unknown": _set(controller=77),
    "host_null": _set(own_host=b"", own_port=0),
    "host_no_utf8": _set(own_host=BAD),
    "host_of_10_kb": _set(own_host=b"h" * 10_000),
    "host_with_escapes": _set(own_host=b"\x1b[31mkafka\n.example"),
    "port_negative": _set(own_port=-1),
    "port_beyond": _set(own_port=70_000),
    "same_broker_twice": _set(others=[(1, b"127.0.0.1", 2), (1, b"127.0.0.2", 3)]),
    "negative_broker": _set(others=[(-1, b"127.0.0.1", 2), (-2147483648, b"127.0.0.1", 3)]),
    "other_broker_null_host": _set(others=[(2, None, 9092)]),
    "other_broker_no_utf8": _set(others=[(2, BAD, 9092)]),
    "200_brokers_refused": _brokers(200),
    "3000_brokers": _brokers(3000),
    "8000_brokers": _brokers(8000),
    "1000_brokers_black_hole": _brokers(1000, b"192.0.2.1", 9092),
    "topic_no_utf8": _set(topics=[(0, BAD, 1)]),
    "topic_null": _set(topics=[(0, None, 1)]),
    "topic_unasked": _set(topics=[(0, b"other", 1)]),
    "topic_twice": _set(topics=[(0, TOPIC.encode(), 1)] * 2),
    "topic_unknown_error": _set(topics=[(30_000, TOPIC.encode(), 0)]),
    "topic_without_partitions": _set(topics=[(0, TOPIC.encode(), 0)]),
    "topic_with_100000_partitions": _set(topics=[(0, TOPIC.encode(), 100_000)]),
    "100000_topics": _set(topics=[(0, b"t%d" % number, 0) for number in range(100_000)]),
    "leader_unknown": _set(leader=99),
    "leader_negative": _set(leader=-7),
    "1000_replicas": _set(replicas=1000),
    "group_unknown_error": _set(group_error=30_000),
    "group_negative_error": _set(group_error=-1),
    "group_dead": _set(group_state=b"Dead"),
    "group_state_unknown": _set(group_state=b"Dancing"),
    "group_state_no_utf8": _set(group_state=BAD),
    "coordinator_never_there": _set(coordinator_errors=[15] * 10_000),
    "member_null": _set(members=[None]),
    "member_no_utf8": _set(members=[BAD]),
    "member_with_escapes": _set(members=[b"\x1b[2J\nFAILED"]),
    "5000_members": _set(members=[b"m%d" % number for number in range(5000)]),
    "assignment_noise": _set(assignment=_noise(200, 3)),
    "assignment_huge_count": _set(assignment=b"\0\0\x7f\xff\xff\xff"),
    "assignment_negative_count": _set(assignment=b"\0\0\x80\0\0\0"),
}
ODD_LOGIN: dict[str, t.Callable[[Cluster], None]] = {
    "mechanism_no_utf8": _set(mechanisms=[b"PLAIN", BAD]),
    "900_mechanisms": _set(mechanisms=[b"PLAIN", *(b"M%d" % number for number in range(900))]),
    "mechanism_of_10_kb": _set(mechanisms=[b"PLAIN", b"M" * 10_000]),
    # What the broker was told comes back as a name.
    "cluster_id_is_the_password": _set(cluster_id=PASSWORD.encode()),
    "cluster_id_is_the_login": _set(cluster_id=base64.b64encode(f"\0u\0{PASSWORD}".encode())),
    "host_is_the_password": _brokers(2, f"{PASSWORD}.example".encode()),
    "mechanism_is_the_password": _set(mechanisms=[b"PLAIN", PASSWORD.encode()]),
    "mechanism_is_the_password_alone": _set(mechanisms=[PASSWORD.encode()]),
    "topic_is_the_password": _set(topics=[(0, PASSWORD.encode(), 1)]),
    "member_is_the_password": _set(members=[PASSWORD.encode()]),
    "state_is_the_password": _set(group_state=PASSWORD.encode()),
    "refused_with_the_password": _set(refuses=PASSWORD.encode()),
    "refused_no_utf8": _set(refuses=BAD),
    "refused_with_10_kb": _set(refuses=b"no " * 3000),
    "refused_with_escapes": _set(refuses=b"\x1b[2J\rpassed\n"),
}
#: What is odd and not wrong: these may pass.
MAY_PASS = {
    *("empty_cluster_id", "cluster_id_of_30_kb", "cluster_id_with_escapes", "metadata_2_only", "metadata_4_only"),
    *("coordinator_not_offered", "groups_not_offered", "100_unknown_requests_offered", "no_controller"),
    *("controller_unknown", "same_broker_twice", "negative_broker", "topic_twice", "1000_replicas", "leader_unknown"),
    *("leader_negative", "topic_without_partitions", "topic_with_100000_partitions", "group_dead"),
    *("group_state_unknown", "group_state_no_utf8", "member_null", "member_no_utf8", "member_with_escapes"),
    *("5000_members", "assignment_noise", "assignment_huge_count", "assignment_negative_count", "mechanism_no_utf8"),
    *("cluster_id_is_the_password", "cluster_id_is_the_login", "host_is_the_password", "mechanism_is_the_password"),
    *("member_is_the_password", "state_is_the_password", "mechanism_is_the_password_alone"),
    *("900_mechanisms", "mechanism_of_10_kb", "null_cluster_id", "cluster_id_no_utf8", "metadata_0_only"),
    *("metadata_1_only", "nothing_offered", "versions_alone_offered", "topic_no_utf8", "other_broker_no_utf8"),
}
RAW: dict[str, Reply] = {
    "greets_with_noise": Reply([_noise(4096, 4)], then="hang"),
    "greets_with_ssh": Reply([b"SSH-2.0-OpenSSH_9.2\r\n"], then="hang"),
    "greets_with_tls": Reply([b"\x16\x03\x01\x02\x00\x01"], then="hang"),
    "greets_dripping": Reply(_drip(b"\0\0\x10\0" + b"\0" * 64), pause=0.25, then="hang"),
    "closes_at_once": Reply([], then="close"),
    "resets_at_once": Reply([], then="reset"),
    "floods_at_once": Reply([], then="flood"),
}


def cases() -> list[Case]:
    """All of them."""
    found = [Case("sound", ends_well=True), Case("sound_login", sasl=True, ends_well=True)]
    found += [Case("sound_tls", tls=True, ends_well=True)]
    for point, key, skip, sasl in POINTS:
        for name, mutate in MUTATIONS.items():
            # Answers with more than was asked for are not always noticed, and need not be.
            harmless = name in ("a_long_tail", "500_times", "body_of_zeros", "cut_body", "drip")
            found.append(Case(f"{point}-{name}", key, mutate, skip, sasl=sasl, ends_well=harmless))
    found += [Case(f"says-{name}", odd=odd, ends_well=name in MAY_PASS) for name, odd in ODD.items()]
    found += [Case(f"says-{name}", odd=odd, sasl=True, ends_well=name in MAY_PASS) for name, odd in ODD_LOGIN.items()]
    found += [Case(f"raw-{name}", raw=reply) for name, reply in RAW.items()]
    found += [Case(f"raw_to_tls-{name}", raw=reply, tls=True) for name, reply in RAW.items()]
    for name in ("silence", "drip", "noise", "length_of_2_gb", "body_of_ones", "flood", "reset"):
        found.append(Case(f"metadata_in_tls-{name}", METADATA, MUTATIONS[name], tls=True, ends_well=name == "drip"))
    return found
