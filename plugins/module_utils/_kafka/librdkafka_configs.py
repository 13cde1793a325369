# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Which setting of librdkafka stands for which of Java's: names, ranges and releases, from its CONFIGURATION.md."""

from __future__ import annotations

import typing as t

Release = t.Tuple[int, ...]

_INT_MAX = 2147483647
_HOUR, _DAY = 3600000, 86400000


class Target(t.NamedTuple):
    """A setting of librdkafka.

    :param name: its name there.
    :param low: the lowest number that it takes; ``high`` the highest, None for what is no number.
    :param since: the first release that knows it, of those from 2.3.0 on.
    """

    name: str
    low: int = 0
    high: t.Optional[int] = None
    since: Release = (2, 3, 0)


def _same(*names: str, low: int = 0, high: t.Optional[int] = None, since: Release = (2, 3, 0)) -> t.Dict[str, Target]:
    return {name: Target(name, low, high, since) for name in names}


#: Java name -> counterpart that takes the same value, or the same number within a range.
TARGETS: t.Dict[str, Target] = {
    **_same("bootstrap.servers", "security.protocol", "client.id", "client.rack", "client.dns.lookup"),
    **_same("group.id", "isolation.level", "enable.auto.commit", "check.crcs"),
    **_same("allow.auto.create.topics", "acks", "compression.type", "enable.idempotence"),
    **_same("sasl.kerberos.service.name"),
    **_same("enable.metrics.push", "group.protocol", "group.remote.assignor", since=(2, 5, 0)),
    **_same("metadata.recovery.strategy", since=(2, 10, 0)),
    **_same("metadata.recovery.rebootstrap.trigger.ms", high=_INT_MAX, since=(2, 11, 0)),
    **_same("metadata.max.age.ms", low=1, high=_DAY),
    **_same("reconnect.backoff.ms", "reconnect.backoff.max.ms", high=_HOUR),
    **_same("retry.backoff.ms", "retry.backoff.max.ms", low=1, high=300000),
    **_same("connections.max.idle.ms", "retries", "delivery.timeout.ms", high=_INT_MAX),
    **_same("fetch.min.bytes", low=1, high=100000000),
    **_same("socket.connection.setup.timeout.ms", low=1000, high=_INT_MAX),
    **_same("session.timeout.ms", "heartbeat.interval.ms", low=1, high=_HOUR),
    **_same("max.poll.interval.ms", low=1, high=_DAY),
    **_same("auto.commit.interval.ms", "sasl.kerberos.min.time.before.relogin", high=_DAY),
    **_same("fetch.max.bytes", high=_INT_MAX - 512),
    **_same("max.partition.fetch.bytes", low=1, high=1000000000),
    **_same("linger.ms", high=900000),
    **_same("batch.size", low=1, high=_INT_MAX),
    **_same("max.in.flight.requests.per.connection", low=1, high=1000000),
    **_same(
        "sasl.oauthbearer.assertion.algorithm",
        "sasl.oauthbearer.assertion.file",
        "sasl.oauthbearer.assertion.private.key.file",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.assertion.claim.aud",
        "sasl.oauthbearer.assertion.claim.iss",
        "sasl.oauthbearer.assertion.claim.jti.include",
        "sasl.oauthbearer.assertion.claim.sub",
        since=(2, 11, 0),
    ),
    **_same("sasl.oauthbearer.assertion.claim.exp.seconds", low=1, high=_INT_MAX, since=(2, 11, 0)),
    **_same("sasl.oauthbearer.assertion.claim.nbf.seconds", high=_INT_MAX, since=(2, 11, 0)),
    **_same("sasl.oauthbearer.sub.claim.name", since=(2, 15, 0)),
    "sasl.oauthbearer.assertion.template.file": Target(
        "sasl.oauthbearer.assertion.jwt.template.file", since=(2, 11, 0)
    ),
    "request.timeout.ms": Target("socket.timeout.ms", 10, 300000),
    "send.buffer.bytes": Target("socket.send.buffer.bytes", 0, 100000000),
    "receive.buffer.bytes": Target("socket.receive.buffer.bytes", 0, 100000000),
    "fetch.max.wait.ms": Target("fetch.wait.max.ms", 0, 300000),
    "max.request.size": Target("message.max.bytes", 1000, 1000000000),
}


class Least(t.NamedTuple):
    """A rule without which librdkafka refuses to start: ``name`` must be at least ``other`` plus ``margin``.

    :param standard: what ``name`` is where it is not set; ``other_standard`` likewise.
    """

    name: str
    other: str
    standard: int
    other_standard: int
    margin: int = 0


AT_LEAST = (
    Least("reconnect.backoff.max.ms", "reconnect.backoff.ms", 10000, 100),
    Least("retry.backoff.max.ms", "retry.backoff.ms", 1000, 100),
    Least("max.poll.interval.ms", "session.timeout.ms", 300000, 45000),
    Least("fetch.max.bytes", "message.max.bytes", 52428800, 1000000),
    Least("delivery.timeout.ms", "linger.ms", 300000, 5, margin=1),
)

ASSIGNORS = {
    "org.apache.kafka.clients.consumer.RangeAssignor": "range",
    "org.apache.kafka.clients.consumer.RoundRobinAssignor": "roundrobin",
    "org.apache.kafka.clients.consumer.CooperativeStickyAssignor": "cooperative-sticky",
}

_CLASS = "it is a Java class"
_STORE = "it says how Java is to read a store"
_TLS = "OpenSSL's own choice is used"
_FENCE = "a second client with the same one would shut the first out"
_REFRESH = "librdkafka renews tokens by itself"

#: Java name -> why there is no counterpart.
JAVA_ONLY: t.Dict[str, str] = {
    "key.serializer": _CLASS,
    "value.serializer": _CLASS,
    "key.deserializer": _CLASS,
    "value.deserializer": _CLASS,
    "interceptor.classes": _CLASS,
    "metric.reporters": _CLASS,
    "security.providers": _CLASS,
    "config.providers": _CLASS,
    "sasl.login.class": _CLASS,
    "ssl.engine.factory.class": _CLASS,
    "ssl.truststore.type": _STORE,
    "ssl.keystore.type": _STORE,
    "ssl.truststore.password": _STORE,
    "ssl.keystore.password": _STORE,
    "ssl.key.password": _STORE,
    "ssl.keymanager.algorithm": _STORE,
    "ssl.trustmanager.algorithm": _STORE,
    "ssl.enabled.protocols": f"{_TLS}: TLS 1.2 and 1.3",
    "ssl.protocol": f"{_TLS}: TLS 1.2 and 1.3",
    "ssl.provider": _TLS,
    "ssl.secure.random.implementation": _TLS,
    "sasl.kerberos.kinit.cmd": "librdkafka's has another form",
    "sasl.login.refresh.buffer.seconds": _REFRESH,
    "sasl.login.refresh.min.period.seconds": _REFRESH,
    "sasl.login.refresh.window.factor": _REFRESH,
    "sasl.login.refresh.window.jitter": _REFRESH,
    "group.instance.id": _FENCE,
    "transactional.id": _FENCE,
    "transaction.timeout.ms": "transactional.id is not taken over",
    "max.poll.records": "how many records a poll returns is said in each call",
    "socket.connection.setup.timeout.max.ms": "librdkafka does not lengthen this time",
}
