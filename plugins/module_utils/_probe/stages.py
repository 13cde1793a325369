# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The stages of a probe, one after the other. A new stage is a function here or in a file of its own, and a step below.

Each function gets what the stages before it found out, adds its results to the findings, and returns what it found out
for those after it. It raises :class:`Ended` if the probe cannot go on.
"""

from __future__ import annotations

import contextlib
import functools
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import login, wire
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.tokens import Token, TokenFault
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import host_port
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import hide
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, secrets_of
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import (
    LibrdkafkaConfig,
    librdkafka,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.java_file import from_java
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import store_types, x509

from . import login_diagnosis, reasons, server_check, tls_handshake
from .cache import ProbeCache
from .findings import Ended, Findings
from .options import ProbeOptions
from .reasons import FailureReason
from .report import STAGES, StageResult, passed

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
        BrokerClient,
        Metadata,
    )

#: A declaration, or what makes it: an InputError that it raises is the result of the stage ``config``.
DeclarationSource = t.Union[KafkaDeclaration, t.Callable[[], KafkaDeclaration]]

_TRANSPORT = ("resolve", "connect", "tls")
#: The part of the time that the way to the servers may take, so that its result is told before the time is up.
_TRANSPORT_SHARE = 0.9
#: How many advertised listeners are checked. Each takes a thread and a connection.
MAX_LISTENERS = 100
_LATER: t.Any = None


class Context(t.NamedTuple):
    """What is known so far. Each stage returns a new one; what stands below ``opened`` is set by the stage named.

    :param cache: what other probes of the task found out already, and where this one leaves what it finds.
    :param opened: what must be closed after the probe.
    :param client: the declaration (config).
    :param config: its translation for librdkafka (config).
    :param tls: how to speak TLS; None for a plaintext protocol (config).
    :param servers: the servers that can be used (tls, then sasl).
    :param kafka: the client that has logged in (metadata).
    :param metadata: what the cluster says of itself (metadata).
    """

    source: DeclarationSource
    options: ProbeOptions
    deadline: Deadline
    cache: ProbeCache
    opened: t.List[BrokerClient]
    client: KafkaDeclaration = _LATER
    config: LibrdkafkaConfig = _LATER
    tls: t.Optional[tls_handshake.Tls] = None
    servers: t.Tuple[server_check.ServerCheck, ...] = ()
    kafka: BrokerClient = _LATER
    metadata: Metadata = _LATER

    @property
    def logs_in(self) -> bool:
        """Tell whether the declaration logs in with SASL."""
        return login.logs_in(self.client)


class Step(t.NamedTuple):
    """A function and the stages that it goes through. It is skipped if none of them is asked for."""

    stages: t.Tuple[str, ...]
    run: t.Callable[[Context, Findings], Context]


def asked_stages(options: ProbeOptions) -> t.Set[str]:
    """Return the stages that the options ask for."""
    asked = set(STAGES[: STAGES.index(options.until) + 1] if options.until else STAGES)
    for stage, wanted in (
        ("topics", options.topics),
        ("groups", options.groups),
        ("round_trip", options.round_trip),
    ):
        if not wanted:
            asked.discard(stage)
    return asked


def go_through(context: Context, findings: Findings) -> None:
    """Go through all steps."""
    for step in SEQUENCE:
        if findings.asked.intersection(step.stages):
            findings.begin(next(stage for stage in step.stages if stage in findings.asked))
            context = step.run(context, findings)


# --- config ----------------------------------------------------------------------------------------------------------


def read_declaration(context: Context, findings: Findings) -> Context:
    """Go through stage ``config``: the declaration is sound, and its stores can be used."""
    try:
        client = context.source if isinstance(context.source, KafkaDeclaration) else context.source()
        if "ssl.truststore.location" in client.properties or "ssl.keystore.location" in client.properties:
            client = from_java(client.properties)
        config = librdkafka(client, _library_release(context.options))
        tls = context.cache.once(same_way(client), lambda: tls_handshake.prepare(client), context.deadline.left())
    except HopsworksKafkaError as error:
        known = t.cast("FailureReason", error.reason if error.reason in reasons.REMEDIES else "invalid_declaration")
        findings.failed(known, error.subject, error.cause, remedy=error.remedy)
        raise Ended from None
    _tell_certificates(context, findings, client)
    if tls and tls.certificate and tls_handshake.days_left(tls.certificate) < context.options.min_days_valid:
        days = f"expires in {tls_handshake.days_left(tls.certificate):.0f} days"
        findings.end("expires_soon", "keystore", f"{tls.certificate.subject} {days}")
    if not login.logs_in(client):
        findings.drop("sasl")
    notes = [*client.notes, *(f"not used here: {name}: {why}" for name, why in config.ignored)]
    mechanism = client.properties.get("sasl.mechanism", "")
    told = f"{client.properties['security.protocol']} {mechanism}".strip()
    findings.passed("config", "", "; ".join([told, *notes]), "settings_ignored" if notes else "")
    return context._replace(client=client, config=config, tls=tls)


def _tell_certificates(context: Context, findings: Findings, client: KafkaDeclaration) -> None:
    """Tell the certificates of the declared stores; once for all probes of a task that have the same stores."""
    told: t.List[t.Dict[str, t.Any]] = []

    def read() -> bool:
        for store, der in store_types.certificates(client):
            with contextlib.suppress(ValueError, IndexError):  # OpenSSL reads some that x509 does not
                told.append({"store": store, **x509.to_result(x509.read(der), time.time())})
        return True

    context.cache.once(("certificates", client.truststore, client.keystore), read, context.deadline.left())
    findings.own_certificates(told)


def same_way(client: KafkaDeclaration) -> t.Hashable:
    """Return a value that is equal for declarations that reach the servers alike: they differ in their login at most.

    The key store is part of it: brokers see another certificate.
    """
    tls = tuple(sorted((name, value) for name, value in client.properties.items() if name.startswith("ssl.")))
    return (client.properties["security.protocol"], tls, client.truststore, client.keystore)


def _library_release(options: ProbeOptions) -> t.Optional[t.Tuple[int, ...]]:
    """Return librdkafka's release, if the probe gets as far as to use it."""
    if options.until in STAGES[: STAGES.index("sasl")]:
        return None
    # The library is imported only where it is needed: the stages up to tls must run without it, and faster.
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import librdkafka_client  # noqa: PLC0415

    return librdkafka_client.release() if librdkafka_client.available() else None


# --- resolve, connect, tls -------------------------------------------------------------------------------------------


def reach_servers(context: Context, findings: Findings) -> Context:
    """Go through the stages ``resolve``, ``connect`` and ``tls``: the way to the bootstrap servers is open."""
    stages = tuple(stage for stage in _TRANSPORT if stage in findings.asked)
    options = server_check.ServerCheckOptions(
        tls=context.tls,
        mechanism=context.client.properties.get("sasl.mechanism", ""),
        min_days_valid=context.options.min_days_valid,
        stages=stages,
    )
    checked = _check(context, context.client.properties["bootstrap.servers"].split(","), options)
    for stage in stages:
        for one in checked:
            for entry in one.entries:
                if entry.stage == stage:
                    findings.add(entry)
    usable = tuple(one for one in checked if one.passed)
    if not usable:
        raise Ended
    return context._replace(servers=usable)


def _check(
    context: Context, servers: t.Sequence[str], options: server_check.ServerCheckOptions
) -> t.List[server_check.ServerCheck]:
    """Check the way to servers; once for all probes of a task that go the same way."""
    key = (tuple(servers), options.mechanism, options.talk, options.stages, same_way(context.client))
    deadline = Deadline(context.deadline.left() * _TRANSPORT_SHARE)
    check = functools.partial(server_check.check, servers, options, deadline)
    return context.cache.once(key, check, context.deadline.left())


# --- sasl, metadata --------------------------------------------------------------------------------------------------


def log_in(context: Context, findings: Findings) -> Context:
    """Go through the stages ``sasl`` and ``metadata``: the login is accepted, and the cluster describes itself."""
    servers = _answering(context, findings)
    # As in _library_release.
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import librdkafka_client  # noqa: PLC0415

    if not librdkafka_client.available():
        findings.end("library_missing", "", "confluent-kafka is not installed where this runs, so the probe ends here")
    if librdkafka_client.release() < librdkafka_client.OLDEST:
        findings.end("library_too_old", "", "confluent-kafka is older than 2.3.0 where this runs")
    token = _token(context, findings)
    releases = next((wire.releases(one.offered) for one in servers if one.offered), None)
    kafka = librdkafka_client.BrokerClient.of(
        context.client, context.config, context.deadline, token, [one.server for one in servers]
    )
    context.opened.append(kafka)
    try:
        kafka.open()
        metadata = kafka.metadata(context.logs_in)
    except librdkafka_client.LoginFault as fault:
        reason: FailureReason = fault.reason
        if reason == "credentials_refused":
            reason = login_diagnosis.why_refused(context.client, token, releases, librdkafka_client.release())
        detail = f"{fault.detail}; the token: {token.doubt}" if token and token.doubt else fault.detail
        findings.end(reason, "" if fault.stage == "config" else servers[0].server, detail, fault.stage)
    if context.logs_in:
        _logged_in(context._replace(kafka=kafka), findings, servers[0], releases)
    metadata = metadata._replace(cluster_id=kafka.name(metadata.cluster_id))
    findings.cluster_id(metadata.cluster_id)
    if "metadata" in findings.asked:
        findings.passed("metadata", "", _described(metadata, releases))
    return context._replace(servers=servers, kafka=kafka, metadata=metadata)


def _answering(context: Context, findings: Findings) -> t.Tuple[server_check.ServerCheck, ...]:
    """Return the servers that answered, before any login, as the declaration expects."""
    usable = []
    for one in context.servers:
        problem = login_diagnosis.unanswered(one, context.client)
        if problem is None:
            usable.append(one)
        else:
            # A broker may offer, as a mechanism, whatever it was told on an earlier connection.
            detail = hide(problem.detail, secrets_of(context.client.properties))
            findings.failed(problem.reason, one.server, detail, problem.stage)
    if not usable:
        raise Ended
    return tuple(usable)


def _token(context: Context, findings: Findings) -> t.Optional[Token]:
    began = time.monotonic()
    try:
        token = login.get_token(context.client, context.config, context.deadline.step())
    except TokenFault as fault:
        findings.end(fault.reason, login.token_source(context.client, context.config), fault.detail)
    if token is not None:
        told = f"token for {token.principal}" if token.principal else "token"
        findings.add(passed("sasl", login.token_source(context.client, context.config), told, began))
    return token


def _logged_in(
    context: Context,
    findings: Findings,
    server: server_check.ServerCheck,
    releases: t.Optional[wire.Releases],
) -> None:
    mechanism = context.client.properties["sasl.mechanism"]
    offered = context.kafka.scrub(login_diagnosis.mechanisms(server.answer))
    told = f"{mechanism} accepted; offered: {offered}"
    if login_diagnosis.shuts_out_old_clients(mechanism, releases):
        findings.warn(f"{mechanism} on {releases}: {reasons.remedy('sasl', 'old_clients_shut_out')}")
        findings.passed("sasl", server.server, told, "old_clients_shut_out")
    else:
        findings.passed("sasl", server.server, told)
    findings.begin("metadata")


def _described(metadata: Metadata, releases: t.Optional[wire.Releases]) -> str:
    told = [f"cluster {metadata.cluster_id}"] if metadata.cluster_id else []
    told.append(f"{len(metadata.brokers)} brokers")
    told.append(f"controller {metadata.controller_id}" if metadata.has_controller else "no controller named")
    return ", ".join(told + ([str(releases)] if releases else []))


# --- listeners -------------------------------------------------------------------------------------------------------


def check_listeners(context: Context, findings: Findings) -> Context:
    """Go through stage ``listeners``: the addresses to which the brokers send their clients can be reached."""
    reached = {one.server for one in context.servers}
    brokers = sorted(context.metadata.brokers.items())
    advertised = {host_port(broker.host, broker.port): number for number, broker in brokers[:MAX_LISTENERS]}
    options = server_check.ServerCheckOptions(
        tls=context.tls, min_days_valid=context.options.min_days_valid, talk=False
    )
    unknown = [server for server in advertised if server not in reached]
    checked = {one.server: one for one in _check(context, unknown, options)}
    passing = 0
    for server, number in advertised.items():
        entries = checked[server].entries if server in checked else ()
        shown = server if server in reached else context.kafka.name(server)
        failure = next((entry for entry in entries if not entry.ok), None)
        if failure is None:
            passing += 1
            certificate = next((entry.certificate for entry in entries if entry.certificate), None)
            findings.passed("listeners", shown, f"broker {number}", certificate=certificate)
        else:
            detail = context.kafka.scrub(f"broker {number}: {failure.detail}")
            findings.failed(t.cast("FailureReason", failure.reason), shown, detail)
    if len(brokers) > MAX_LISTENERS:
        left = f"the listeners of {len(brokers) - MAX_LISTENERS} more brokers: {MAX_LISTENERS} are checked at most"
        findings.add(StageResult("listeners", reason="not_checked", detail=left))
    if not passing:
        raise Ended
    if not context.metadata.whole:
        findings.end("metadata_timeout", "", "brokers were named, and then nothing more came", "metadata")
    return context


# --- topics, groups, round_trip --------------------------------------------------------------------------------------


def check_topics(context: Context, findings: Findings) -> Context:
    """Go through stage ``topics``."""
    from . import topics  # noqa: PLC0415 (as in _library_release)

    for result in topics.check_topics(context.kafka, context.metadata, context.options.topics):
        findings.add(result)
    return context


def check_groups(context: Context, findings: Findings) -> Context:
    """Go through stage ``groups``."""
    from . import groups  # noqa: PLC0415 (as in _library_release)

    for result in groups.check_groups(context.kafka, context.options.groups):
        findings.add(result)
    return context


def make_round_trip(context: Context, findings: Findings) -> Context:
    """Go through stage ``round_trip``, if the topic is as it should be."""
    from . import round_trip  # noqa: PLC0415 (as in _library_release)

    if not context.options.topics:
        findings.end("no_topic", "", "a round trip needs a topic")
    topic = context.options.topics[0].name
    if not findings.has_failed("topics", topic):
        findings.add(round_trip.round_trip(context.kafka, topic))
    return context


#: The steps in their order. Together they go through all of ``report.STAGES``.
SEQUENCE = (
    Step(("config",), read_declaration),
    Step(("resolve", "connect", "tls"), reach_servers),
    Step(("sasl", "metadata"), log_in),
    Step(("listeners",), check_listeners),
    Step(("topics",), check_topics),
    Step(("groups",), check_groups),
    Step(("round_trip",), make_round_trip),
)
