# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Why a Kafka connection does not work: the stages of it, one after the other, each with what was seen and what to do.

``probe()`` is the way in. It returns within its timeout whatever the network, the name servers or the brokers do: all
that may block runs in threads that are left behind then.
"""

from __future__ import annotations

import concurrent.futures
import functools
import importlib.util
import threading
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import login, wire
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.tokens import Token, TokenFault
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    KafkaDeclaration,
    from_java,
    secrets_of,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import (
    LibrdkafkaConfig,
    librdkafka,
)

from . import login_diagnosis, reasons, server_check, tls_handshake
from .cache import ProbeCache
from .options import ProbeOptions, TopicRequirement
from .report import NOT_ASKED, STAGES, Report, StageResult, complete, failed, passed

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
        BrokerClient,
        Metadata,
    )

__all__ = ["ProbeOptions", "Report", "TopicRequirement", "library_available", "probe"]

Source = t.Union[KafkaDeclaration, t.Callable[[], KafkaDeclaration]]

_TRANSPORT = ("resolve", "connect", "tls")


def library_available() -> bool:
    """Whether confluent_kafka, which the stages after ``tls`` need, is installed here."""
    return importlib.util.find_spec("confluent_kafka") is not None


def probe(
    client: Source,
    options: t.Optional[ProbeOptions] = None,
    until: t.Optional[str] = None,
    shared: t.Optional[ProbeCache] = None,
) -> Report:
    """Go through the stages.

    :param client: the declaration, or what makes it: an InputError that it raises is then the result of stage config.
    :param until: as in the options, over which it goes.
    :param shared: what other probes found out already, and where this one leaves what it finds.
    """
    wanted = options or ProbeOptions()
    run = _Run(client, wanted._replace(until=until or wanted.until), shared or ProbeCache())
    thread = threading.Thread(target=run.go, daemon=True)
    thread.start()
    run.over.wait(run.deadline.left() + 0.2)
    return run.report()


class _Ended(Exception):
    """The probe cannot go on; what it found is in the entries."""


class _Run:
    """One probe under way."""

    def __init__(self, client: Source, options: ProbeOptions, shared: ProbeCache) -> None:
        self.client = client
        self.options = options
        self.shared = shared
        self.deadline = Deadline(options.timeout)
        self.entries: t.List[StageResult] = []
        self.warnings: t.List[str] = []
        self.logs_in = True
        self.over = threading.Event()
        self.session: t.Optional[BrokerClient] = None
        self.stage, self.began = "config", time.monotonic()

    # --- the frame

    def go(self) -> None:
        """All stages; the thread's own function."""
        try:
            self._stages()
        except _Ended:
            pass
        except concurrent.futures.TimeoutError:
            self._fail("timeout", "", "another probe of this task, for which this one waited, was not done in time")
        except Exception as error:  # a fault here must not look like one of the network
            self._fail("internal", "", f"{type(error).__name__} at {_where(error)}")
        finally:
            self.over.set()
            if self.session is not None:
                self.session.close()  # after the report: it need not wait for that

    def report(self) -> Report:
        """What is known now: all of it, or what there was when the time was up."""
        entries = list(self.entries)
        if not self.over.is_set():
            seconds = self.options.timeout
            entries.append(failed(self.stage, "", "timeout", f"not done when the {seconds:g} s were up", self.began))
        return Report(complete(entries, self._asked()), tuple(self.warnings))

    def _asked(self) -> t.Set[str]:
        asked = set(STAGES[: STAGES.index(self.options.until) + 1] if self.options.until else STAGES)
        for stage, wanted in (
            ("sasl", self.logs_in),
            ("topics", self.options.topics),
            ("groups", self.options.groups),
            ("round_trip", self.options.round_trip),
        ):
            if not wanted:
                asked.discard(stage)
        return asked

    def _begin(self, stage: str) -> None:
        if stage not in self._asked():
            raise _Ended
        self.stage, self.began = stage, time.monotonic()

    def _fail(self, reason: str, target: str, detail: str, stage: str = "", remedy: str = "") -> None:
        self.entries.append(failed(stage or self.stage, target, reason, detail, self.began, remedy))

    def _end(self, reason: str, target: str, detail: str, stage: str = "") -> t.NoReturn:
        self._fail(reason, target, detail, stage)
        raise _Ended

    # --- the stages

    def _stages(self) -> None:
        client, config, tls = self._config()
        servers = self._transport(client, tls)
        session, metadata = self._login(client, config, servers)
        self._listeners(client, tls, servers, metadata)
        self._beyond(session, metadata)

    def _config(self) -> t.Tuple[KafkaDeclaration, LibrdkafkaConfig, t.Optional[tls_handshake.Tls]]:
        try:
            client = self.client if isinstance(self.client, KafkaDeclaration) else self.client()
            if "ssl.truststore.location" in client.properties or "ssl.keystore.location" in client.properties:
                client = from_java(client.properties)
            config = librdkafka(client, _library_release(self.options))
            alike = _alike(client)
            tls = self.shared.once(alike, lambda: tls_handshake.prepare(client), self.deadline.left())
        except HopsworksKafkaError as error:
            self._fail(error.reason or "invalid_declaration", error.subject, error.cause, remedy=error.remedy)
            raise _Ended from None
        if tls and tls.certificate and tls_handshake.days_left(tls.certificate) < self.options.min_days_valid:
            days = f"expires in {tls_handshake.days_left(tls.certificate):.0f} days"
            self._end("expires_soon", "keystore", f"{tls.certificate.subject} {days}")
        ignored = [f"{name}: {why}" for name, why in config.ignored]
        self.logs_in = login.logs_in(client)
        notes = [*client.notes, *(f"not used here: {told}" for told in ignored)]
        mechanism = client.properties.get("sasl.mechanism", "")
        told = f"{client.properties['security.protocol']} {mechanism}".strip()
        self.entries.append(
            passed("config", "", "; ".join([told, *notes]), self.began, "settings_ignored" if notes else "")
        )
        return client, config, tls

    def _transport(
        self, client: KafkaDeclaration, tls: t.Optional[tls_handshake.Tls]
    ) -> t.List[server_check.ServerCheck]:
        self._begin("resolve")
        stages = tuple(stage for stage in _TRANSPORT if stage in self._asked())
        settings = server_check.ServerCheckOptions(
            tls=tls,
            mechanism=client.properties.get("sasl.mechanism", ""),
            min_days_valid=self.options.min_days_valid,
            stages=stages,
        )
        names = client.properties["bootstrap.servers"].split(",")
        checked = self._check(names, settings, client)
        for stage in stages:
            self.stage = stage
            found = [entry for one in checked for entry in one.entries if entry.stage == stage]
            self.entries.extend(found)
        usable = [one for one in checked if one.passed]
        if not usable:
            raise _Ended
        return usable

    def _check(
        self, servers: t.Sequence[str], settings: server_check.ServerCheckOptions, client: KafkaDeclaration
    ) -> t.List[server_check.ServerCheck]:
        """Check the way to servers; once for all probes that go it alike."""
        key = (tuple(servers), settings.mechanism, settings.talk, settings.stages, _alike(client))
        check = functools.partial(server_check.check, servers, settings, self.deadline)
        return self.shared.once(key, check, self.deadline.left())

    def _login(
        self, client: KafkaDeclaration, config: LibrdkafkaConfig, servers: t.List[server_check.ServerCheck]
    ) -> t.Tuple[BrokerClient, Metadata]:
        self._begin("sasl" if self.logs_in else "metadata")
        usable = self._answering(client, servers)
        # The library is imported here and not above: the stages so far must run without it, and faster.
        from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import librdkafka_client  # noqa: PLC0415

        if librdkafka_client.IMPORT_ERROR is not None:
            self._end("library_missing", "", "confluent-kafka is not installed where this runs, so the probe ends here")
        if librdkafka_client.release() < librdkafka_client.OLDEST:
            self._end("library_too_old", "", "confluent-kafka is older than 2.3.0 where this runs")
        token = self._token(client, config)
        releases = next((wire.releases(one.offered) for one in usable if one.offered), None)
        session = self.session = librdkafka_client.BrokerClient(
            config={
                **login.for_library(config, token),
                "bootstrap.servers": ",".join(one.server for one in usable),
            },
            secrets=frozenset(secrets_of(client.properties)) | ({token.value} if token else frozenset()),
            deadline=self.deadline,
        )
        try:
            session.open(token)
            metadata = session.metadata(self.logs_in)
        except librdkafka_client.LoginFault as fault:
            reason = fault.reason
            if reason == "credentials_refused":
                reason = login_diagnosis.why_refused(client, token, releases, librdkafka_client.release())
            detail = f"{fault.detail}; the token: {token.doubt}" if token and token.doubt else fault.detail
            self._end(reason, "" if fault.stage == "config" else usable[0].server, detail, fault.stage)
        self._logged_in(client, usable[0], releases)
        told = [f"cluster {metadata.cluster_id}"] if metadata.cluster_id else []
        told.append(f"{len(metadata.brokers)} brokers")
        named = metadata.controller_id in metadata.brokers
        told.append(f"controller {metadata.controller_id}" if named else "no controller named")
        told += [str(releases)] if releases else []
        self.entries.append(passed("metadata", "", ", ".join(told), self.began))
        return session, metadata

    def _answering(
        self, client: KafkaDeclaration, servers: t.Sequence[server_check.ServerCheck]
    ) -> t.List[server_check.ServerCheck]:
        """The servers that answered, before any login, as the declaration expects."""
        usable = []
        for one in servers:
            fault = login_diagnosis.unanswered(one, client)
            if fault is None:
                usable.append(one)
            else:
                self._fail(fault.reason, one.server, fault.detail, fault.stage)
        if not usable:
            raise _Ended
        return usable

    def _token(self, client: KafkaDeclaration, config: LibrdkafkaConfig) -> t.Optional[Token]:
        began = time.monotonic()
        try:
            token = login.get_token(client, config, self.deadline.step())
        except TokenFault as fault:
            self._end(fault.reason, login.token_source(client, config), fault.detail)
        if token is not None:
            told = f"token for {token.principal}" if token.principal else "token"
            self.entries.append(passed("sasl", login.token_source(client, config), told, began))
        return token

    def _logged_in(
        self, client: KafkaDeclaration, server: server_check.ServerCheck, releases: t.Optional[wire.Releases]
    ) -> None:
        if not self.logs_in:
            self.entries.append(StageResult("sasl", reason=NOT_ASKED, detail="no login declared, and none asked for"))
            return
        mechanism = client.properties["sasl.mechanism"]
        offered = server.answer.mechanisms if server.answer else ()
        told = f"{mechanism} accepted; offered: {', '.join(sorted(offered))}"
        note = "old_clients_shut_out" if login_diagnosis.shuts_out_old_clients(mechanism, releases) else ""
        if note:
            self.warnings.append(f"{mechanism} on {releases}: {reasons.remedy('sasl', note)}")
        self.entries.append(passed("sasl", server.server, told, self.began, note))
        self._begin("metadata")

    def _listeners(
        self,
        client: KafkaDeclaration,
        tls: t.Optional[tls_handshake.Tls],
        servers: t.Sequence[server_check.ServerCheck],
        metadata: Metadata,
    ) -> None:
        self._begin("listeners")
        reached = {one.server for one in servers}
        advertised = {_address(broker): number for number, broker in sorted(metadata.brokers.items())}
        unknown = [server for server in advertised if server not in reached]
        settings = server_check.ServerCheckOptions(tls=tls, min_days_valid=self.options.min_days_valid, talk=False)
        checked = {one.server: one for one in self._check(unknown, settings, client)}
        passing = 0
        for server, number in advertised.items():
            failure = (
                next((entry for entry in checked[server].entries if not entry.ok), None) if server in checked else None
            )
            if failure is None:
                passing += 1
                self.entries.append(passed("listeners", server, f"broker {number}", self.began))
            else:
                self._fail(failure.reason, server, f"broker {number}: {failure.detail}")
        if not passing:
            raise _Ended
        if not metadata.whole:
            self._end("metadata_timeout", "", "brokers were named, and then nothing more came", "metadata")

    def _beyond(self, session: BrokerClient, metadata: Metadata) -> None:
        asked = self._asked()
        # As in _login: imported where it is needed.
        if asked & {"topics", "groups"}:
            from . import topics  # noqa: PLC0415
        if "topics" in asked:
            self._begin("topics")
            self.entries.extend(topics.check_topics(session, metadata, self.options.topics))
        if "groups" in asked:
            self._begin("groups")
            self.entries.extend(topics.check_groups(session, metadata, self.options.groups))
        if "round_trip" in asked:
            from . import round_trip  # noqa: PLC0415

            self._begin("round_trip")
            if not self.options.topics:
                self._end("no_topic", "", "a round trip needs a topic")
            topic = self.options.topics[0].name
            if all(entry.ok for entry in self.entries if entry.stage == "topics" and entry.target == topic):
                self.entries.append(round_trip.round_trip(session, topic))


def _alike(client: KafkaDeclaration) -> t.Hashable:
    """Equal for declarations that differ in their login at most, and so reach the servers in the same way."""
    tls = tuple(sorted((name, value) for name, value in client.properties.items() if name.startswith("ssl.")))
    return (client.properties["security.protocol"], tls, client.truststore, client.keystore)


def _library_release(options: ProbeOptions) -> t.Optional[t.Tuple[int, ...]]:
    """librdkafka's release, where the probe gets as far as to use it."""
    if options.until in STAGES[: STAGES.index("sasl")] or not library_available():
        return None
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import librdkafka_client  # noqa: PLC0415

    return librdkafka_client.release() if librdkafka_client.IMPORT_ERROR is None else None


def _address(broker: t.Any) -> str:
    host = f"[{broker.host}]" if ":" in broker.host else broker.host
    return f"{host}:{broker.port}"


def _where(error: BaseException) -> str:
    """The place in the code, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rpartition('/')[2]} line {trace.tb_lineno}"
