# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Which property of librdkafka corresponds to which of Java's. Ranges and releases are in ``librdkafka_configs``."""

from __future__ import annotations

import typing as t

_SAME = (
    "acks",
    "allow.auto.create.topics",
    "auto.commit.interval.ms",
    "batch.size",
    "bootstrap.servers",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.type",
    "connections.max.idle.ms",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.idempotence",
    "enable.metrics.push",
    "fetch.max.bytes",
    "fetch.min.bytes",
    "group.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "linger.ms",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.service.name",
    "sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.assertion.claim.aud",
    "sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.iss",
    "sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.nbf.seconds",
    "sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.sub.claim.name",
    "security.protocol",
    "session.timeout.ms",
    "socket.connection.setup.timeout.ms",
)

#: Java name to the name of the property that takes the same value, or the same number within its range.
TARGETS: t.Dict[str, str] = {
    **{name: name for name in _SAME},
    "request.timeout.ms": "socket.timeout.ms",
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "max.request.size": "message.max.bytes",
    "sasl.oauthbearer.assertion.template.file": "sasl.oauthbearer.assertion.jwt.template.file",
}


class Minimum(t.NamedTuple):
    """A rule of librdkafka: ``name`` must be at least ``other`` plus ``margin``. It refuses what breaks the rule."""

    name: str
    other: str
    margin: int = 0


MINIMUMS = (
    Minimum("reconnect.backoff.max.ms", "reconnect.backoff.ms"),
    Minimum("max.poll.interval.ms", "session.timeout.ms"),
    Minimum("fetch.max.bytes", "message.max.bytes"),
    Minimum("delivery.timeout.ms", "linger.ms", margin=1),
)

ASSIGNORS = {
    "org.apache.kafka.clients.consumer.RangeAssignor": "range",
    "org.apache.kafka.clients.consumer.RoundRobinAssignor": "roundrobin",
    "org.apache.kafka.clients.consumer.CooperativeStickyAssignor": "cooperative-sticky",
}

_CLASS = "it is a Java class"
_STORE = "it tells Java how to read a store"
_TLS = "OpenSSL's own choice is used"
_FENCE = "a second client with the same value would fence the first one off"
_REFRESH = "librdkafka renews tokens by itself"

#: Java name to the reason why librdkafka has no counterpart.
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
    "sasl.kerberos.kinit.cmd": "librdkafka's command has another form",
    "sasl.login.refresh.buffer.seconds": _REFRESH,
    "sasl.login.refresh.min.period.seconds": _REFRESH,
    "sasl.login.refresh.window.factor": _REFRESH,
    "sasl.login.refresh.window.jitter": _REFRESH,
    "group.instance.id": _FENCE,
    "transactional.id": _FENCE,
    "transaction.timeout.ms": "transactional.id is not used",
    "max.poll.records": "each call says how many records it takes",
    "socket.connection.setup.timeout.max.ms": "librdkafka does not increase this timeout",
}
