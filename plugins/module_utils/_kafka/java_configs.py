# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The configurations that Apache Kafka's Java clients define, of the releases 3.4.1, 3.9.1 and 4.4.0.

Written by ``python -m tests.configs`` from the ``ConfigDef`` of ``ConsumerConfig``, ``ProducerConfig`` and
``AdminClientConfig``. Do not edit it: a unit test compares it with the jars.
"""

from __future__ import annotations

import typing as t


class Setting(t.NamedTuple):
    """What Kafka defines for one configuration.

    :param kind: its type in the ``ConfigDef``, in lower case; ``password`` where Kafka hides the value.
    :param clients: the clients that know it: ``c`` consumer, ``p`` producer, ``a`` admin.
    :param low: the lowest number that one of the releases accepts; ``high`` the highest. None where there is no bound.
    :param values: the only texts that one of the releases accepts. Empty where there is no such list.
    :param ignore_case: whether ``values`` may be written in upper and lower case.
    :param not_empty: whether the empty text is refused.
    :param since: the first of the releases that knows it; empty if all before ``until`` do.
    :param until: the last of the releases that knows it; empty if the newest does.
    """

    kind: str
    clients: str
    low: t.Optional[float] = None
    high: t.Optional[float] = None
    values: t.Tuple[str, ...] = ()
    ignore_case: bool = False
    not_empty: bool = False
    since: str = ""
    until: str = ""


#: The releases whose clients judge: the line that OnlineFS and Spark in Hopsworks use, and the newest.
OLDEST, NEWEST = "3.4", "4.4"

SETTINGS: t.Dict[str, Setting] = {
    "acks": Setting("string", "p", values=("-1", "0", "1", "all")),
    "allow.auto.create.topics": Setting("boolean", "c"),
    "auto.commit.interval.ms": Setting("int", "c", low=0),
    "auto.include.jmx.reporter": Setting("boolean", "cpa", until="3.9"),
    "auto.offset.reset": Setting("string", "c"),
    "batch.size": Setting("int", "p", low=0),
    "bootstrap.controllers": Setting("list", "a", since="3.9"),
    "bootstrap.resolve.timeout.ms": Setting("long", "cpa", low=0, since="4.4"),
    "bootstrap.servers": Setting("list", "cpa"),
    "buffer.memory": Setting("long", "p", low=0),
    "buffer.memory.allocation.strategy": Setting(
        "string", "p", values=("FULL", "INCREMENTAL"), ignore_case=True, since="4.4"
    ),
    "check.crcs": Setting("boolean", "c"),
    "client.dns.lookup": Setting(
        "string", "cpa", values=("resolve_canonical_bootstrap_servers_only", "use_all_dns_ips")
    ),
    "client.id": Setting("string", "cpa"),
    "client.rack": Setting("string", "cp"),
    "compression.gzip.level": Setting("int", "p", since="3.9"),
    "compression.lz4.level": Setting("int", "p", low=1, high=17, since="3.9"),
    "compression.type": Setting("string", "p", values=("gzip", "lz4", "none", "snappy", "zstd")),
    "compression.zstd.level": Setting("int", "p", low=-131072, high=22, since="3.9"),
    "config.providers": Setting("list", "cpa", since="4.4"),
    "connections.max.idle.ms": Setting("long", "cpa"),
    "default.api.timeout.ms": Setting("int", "ca", low=0),
    "delivery.timeout.ms": Setting("int", "p", low=0),
    "enable.auto.commit": Setting("boolean", "c"),
    "enable.idempotence": Setting("boolean", "p"),
    "enable.metrics.push": Setting("boolean", "cpa", since="3.9"),
    "exclude.internal.topics": Setting("boolean", "c"),
    "fetch.max.bytes": Setting("int", "c", low=0),
    "fetch.max.wait.ms": Setting("int", "c", low=0),
    "fetch.min.bytes": Setting("int", "c", low=0),
    "group.id": Setting("string", "c"),
    "group.instance.id": Setting("string", "c", not_empty=True),
    "group.protocol": Setting("string", "c", values=("CLASSIC", "CONSUMER"), ignore_case=True, since="3.9"),
    "group.remote.assignor": Setting("string", "c", since="3.9"),
    "heartbeat.interval.ms": Setting("int", "c"),
    "interceptor.classes": Setting("list", "cp"),
    "internal.leave.group.on.close": Setting("boolean", "c", until="3.9"),
    "internal.throw.on.fetch.stable.offset.unsupported": Setting("boolean", "c"),
    "isolation.level": Setting("string", "c", values=("read_committed", "read_uncommitted")),
    "key.deserializer": Setting("class", "c"),
    "key.serializer": Setting("class", "p"),
    "linger.ms": Setting("long", "p", low=0),
    "max.block.ms": Setting("long", "p", low=0),
    "max.in.flight.requests.per.connection": Setting("int", "p", low=1),
    "max.partition.fetch.bytes": Setting("int", "c", low=0),
    "max.poll.interval.ms": Setting("int", "c", low=1),
    "max.poll.records": Setting("int", "c", low=1),
    "max.request.size": Setting("int", "p", low=0),
    "metadata.cluster.check.enable": Setting("boolean", "cpa", since="4.4"),
    "metadata.max.age.ms": Setting("long", "cpa", low=0),
    "metadata.max.idle.ms": Setting("long", "p", low=5000),
    "metadata.recovery.rebootstrap.trigger.ms": Setting("long", "cpa", low=0, since="4.4"),
    "metadata.recovery.strategy": Setting(
        "string", "cpa", values=("NONE", "REBOOTSTRAP"), ignore_case=True, since="3.9"
    ),
    "metric.reporters": Setting("list", "cpa"),
    "metrics.num.samples": Setting("int", "cpa", low=1),
    "metrics.recording.level": Setting("string", "cpa", values=("DEBUG", "INFO", "TRACE")),
    "metrics.sample.window.ms": Setting("long", "cpa", low=0),
    "partition.assignment.strategy": Setting("list", "c"),
    "partitioner.adaptive.partitioning.enable": Setting("boolean", "p"),
    "partitioner.availability.timeout.ms": Setting("long", "p", low=0),
    "partitioner.class": Setting("class", "p"),
    "partitioner.ignore.keys": Setting("boolean", "p"),
    "partitioner.rack.aware": Setting("boolean", "p", since="4.4"),
    "receive.buffer.bytes": Setting("int", "cpa", low=-1),
    "reconnect.backoff.max.ms": Setting("long", "cpa", low=0),
    "reconnect.backoff.ms": Setting("long", "cpa", low=0),
    "request.timeout.ms": Setting("int", "cpa", low=0),
    "retries": Setting("int", "pa", low=0, high=2147483647),
    "retry.backoff.max.ms": Setting("long", "cpa", low=0, since="3.9"),
    "retry.backoff.ms": Setting("long", "cpa", low=0),
    "sasl.client.callback.handler.class": Setting("class", "cpa"),
    "sasl.jaas.config": Setting("password", "cpa"),
    "sasl.kerberos.kinit.cmd": Setting("string", "cpa"),
    "sasl.kerberos.min.time.before.relogin": Setting("long", "cpa"),
    "sasl.kerberos.service.name": Setting("string", "cpa"),
    "sasl.kerberos.ticket.renew.jitter": Setting("double", "cpa"),
    "sasl.kerberos.ticket.renew.window.factor": Setting("double", "cpa"),
    "sasl.login.callback.handler.class": Setting("class", "cpa"),
    "sasl.login.class": Setting("class", "cpa"),
    "sasl.login.connect.timeout.ms": Setting("int", "cpa"),
    "sasl.login.read.timeout.ms": Setting("int", "cpa"),
    "sasl.login.refresh.buffer.seconds": Setting("short", "cpa", low=0, high=3600),
    "sasl.login.refresh.min.period.seconds": Setting("short", "cpa", low=0, high=900),
    "sasl.login.refresh.window.factor": Setting("double", "cpa", low=0.5, high=1.0),
    "sasl.login.refresh.window.jitter": Setting("double", "cpa", low=0.0, high=0.25),
    "sasl.login.retry.backoff.max.ms": Setting("long", "cpa"),
    "sasl.login.retry.backoff.ms": Setting("long", "cpa"),
    "sasl.mechanism": Setting("string", "cpa"),
    "sasl.oauthbearer.allow.unverified.audience": Setting("boolean", "cpa", since="4.4"),
    "sasl.oauthbearer.allow.unverified.issuer": Setting("boolean", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.algorithm": Setting(
        "string", "cpa", values=("ES256", "RS256"), ignore_case=True, since="4.4"
    ),
    "sasl.oauthbearer.assertion.claim.aud": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.claim.exp.seconds": Setting("int", "cpa", low=0, high=86400, since="4.4"),
    "sasl.oauthbearer.assertion.claim.iss": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.claim.jti.include": Setting("boolean", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.claim.nbf.seconds": Setting("int", "cpa", low=0, high=3600, since="4.4"),
    "sasl.oauthbearer.assertion.claim.sub": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.file": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.private.key.file": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.private.key.passphrase": Setting("password", "cpa", since="4.4"),
    "sasl.oauthbearer.assertion.template.file": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.client.credentials.client.id": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.client.credentials.client.secret": Setting("password", "cpa", since="4.4"),
    "sasl.oauthbearer.clock.skew.seconds": Setting("int", "cpa"),
    "sasl.oauthbearer.expected.audience": Setting("list", "cpa"),
    "sasl.oauthbearer.expected.issuer": Setting("string", "cpa"),
    "sasl.oauthbearer.header.urlencode": Setting("boolean", "cpa", since="3.9"),
    "sasl.oauthbearer.jwks.endpoint.refresh.ms": Setting("long", "cpa"),
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": Setting("long", "cpa"),
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": Setting("long", "cpa"),
    "sasl.oauthbearer.jwks.endpoint.url": Setting("string", "cpa"),
    "sasl.oauthbearer.jwt.retriever.class": Setting("class", "cpa", since="4.4"),
    "sasl.oauthbearer.jwt.validator.class": Setting("class", "cpa", since="4.4"),
    "sasl.oauthbearer.scope": Setting("string", "cpa", since="4.4"),
    "sasl.oauthbearer.scope.claim.name": Setting("string", "cpa"),
    "sasl.oauthbearer.sub.claim.name": Setting("string", "cpa"),
    "sasl.oauthbearer.token.endpoint.url": Setting("string", "cpa"),
    "security.protocol": Setting(
        "string", "cpa", values=("PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL"), ignore_case=True
    ),
    "security.providers": Setting("string", "cpa"),
    "send.buffer.bytes": Setting("int", "cpa", low=-1),
    "session.timeout.ms": Setting("int", "c"),
    "share.acknowledgement.mode": Setting("string", "c", values=("explicit", "implicit"), since="4.4"),
    "share.acquire.mode": Setting(
        "string", "c", values=("batch_optimized", "record_limit"), ignore_case=True, since="4.4"
    ),
    "socket.connection.setup.timeout.max.ms": Setting("long", "cpa"),
    "socket.connection.setup.timeout.ms": Setting("long", "cpa"),
    "ssl.cipher.suites": Setting("list", "cpa"),
    "ssl.enabled.protocols": Setting("list", "cpa"),
    "ssl.endpoint.identification.algorithm": Setting("string", "cpa"),
    "ssl.engine.factory.class": Setting("class", "cpa"),
    "ssl.key.password": Setting("password", "cpa"),
    "ssl.keymanager.algorithm": Setting("string", "cpa"),
    "ssl.keystore.certificate.chain": Setting("password", "cpa"),
    "ssl.keystore.key": Setting("password", "cpa"),
    "ssl.keystore.location": Setting("string", "cpa"),
    "ssl.keystore.password": Setting("password", "cpa"),
    "ssl.keystore.type": Setting("string", "cpa"),
    "ssl.protocol": Setting("string", "cpa"),
    "ssl.provider": Setting("string", "cpa"),
    "ssl.secure.random.implementation": Setting("string", "cpa"),
    "ssl.trustmanager.algorithm": Setting("string", "cpa"),
    "ssl.truststore.certificates": Setting("password", "cpa"),
    "ssl.truststore.location": Setting("string", "cpa"),
    "ssl.truststore.password": Setting("password", "cpa"),
    "ssl.truststore.type": Setting("string", "cpa"),
    "transaction.timeout.ms": Setting("int", "p"),
    "transaction.two.phase.commit.enable": Setting("boolean", "p", since="4.4"),
    "transactional.id": Setting("string", "p", not_empty=True),
    "value.deserializer": Setting("class", "c"),
    "value.serializer": Setting("class", "p"),
}
