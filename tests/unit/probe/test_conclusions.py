# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is concluded from answers and errors, without a network."""

from __future__ import annotations

import base64
import datetime
import json
import os
import socket
import ssl
import threading
import time
import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import (
    librdkafka_client,
    login,
    token_requests,
    tokens,
    wire,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import split_address
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration, dialect_librdkafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import (
    cache,
    findings,
    login_diagnosis,
    probe,
    server_check,
    stages,
    tls_handshake,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import report as report_module

from tests.probe import servers
from tests.unit.kafka import pki

JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="pw-Secret";'
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"


def declared(protocol: str = "SASL_PLAINTEXT", **more: str) -> declaration.KafkaDeclaration:
    given = {"bootstrap.servers": "kafka:9092", "security.protocol": protocol}
    if protocol.startswith("SASL"):
        given.update({"sasl.mechanism": "SCRAM-SHA-512", "sasl.jaas.config": JAAS})
    return declaration.declare({**given, **{name.replace("_", "."): value for name, value in more.items()}})


def checked(answer: wire.Handshake | None = None, fault: str = "") -> server_check.ServerCheck:
    return server_check.ServerCheck("kafka:9092", answer=answer, fault=fault)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("protocol", "one", "expected"),
    [
        ("SASL_PLAINTEXT", checked(wire.Handshake(0, ("PLAIN",))), None),
        ("SASL_PLAINTEXT", checked(wire.Handshake(33, ("PLAIN",))), ("sasl", "mechanism_not_offered")),
        ("SASL_PLAINTEXT", checked(wire.Handshake(34, ())), ("sasl", "sasl_not_enabled")),
        ("SASL_PLAINTEXT", checked(), ("sasl", "sasl_not_enabled")),
        ("SASL_PLAINTEXT", checked(fault="silent"), ("sasl", "silent")),
        ("SASL_PLAINTEXT", checked(fault="http"), ("sasl", "not_kafka")),
        ("PLAINTEXT", checked(wire.Handshake(34, ())), None),
        ("PLAINTEXT", checked(), None),
        ("PLAINTEXT", checked(wire.Handshake(0, ("PLAIN",))), ("sasl", "sasl_expected")),
        ("PLAINTEXT", checked(wire.Handshake(33, ("OAUTHBEARER",))), ("sasl", "sasl_expected")),
        ("PLAINTEXT", checked(fault="closed"), ("metadata", "closed")),
    ],
)
def test_answers_before_the_login(protocol: str, one: server_check.ServerCheck, expected: t.Any) -> None:
    fault = login_diagnosis.unanswered(one, declared(protocol))
    assert (fault and fault[:2]) == expected


OLD, NEW = (2, 3, 0), (2, 6, 1)
KAFKA_3, KAFKA_4 = wire.Releases((3, 9), (3, 9)), wire.Releases((4, 4), None)


@pytest.mark.parametrize(
    ("releases", "library", "expected"),
    [
        (KAFKA_4, OLD, "client_too_old"),
        (KAFKA_4, NEW, "credentials_refused"),
        (KAFKA_3, OLD, "credentials_refused"),
        (None, OLD, "credentials_refused"),
        (wire.Releases(None, None), OLD, "credentials_refused"),
    ],
)
def test_why_a_login_was_refused(releases: wire.Releases | None, library: tuple[int, ...], expected: str) -> None:
    assert login_diagnosis.why_refused(declared(), None, releases, library) == expected


def test_why_a_token_was_refused() -> None:
    made = declared(
        sasl_mechanism="OAUTHBEARER",
        sasl_jaas_config=f"{OAUTH} required;",
        sasl_oauthbearer_token_endpoint_url="https://user:pw-Secret@idp.example/token?key=pw-Secret#pw-Secret",
    )
    doubtful = tokens.Token("t", 0, doubt="it expired 60 s ago")
    assert login_diagnosis.why_refused(made, doubtful, KAFKA_4, NEW) == "token_not_valid_now"
    assert login_diagnosis.why_refused(made, tokens.Token("t", 0), KAFKA_4, NEW) == "token_refused"
    config = dialect_librdkafka.librdkafka(made)
    assert login.token_source(made, config) == "https://idp.example/token"
    assert not [name for name in login.for_library(config, doubtful) if "oauthbearer" in name]


def jwt(**claims: t.Any) -> str:
    def part(data: t.Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part(claims)}.sig"


@pytest.mark.parametrize(
    ("claims", "doubt"),
    [
        ({"iat": 0, "nbf": 0, "exp": 100}, ""),
        ({}, ""),
        ({"iat": 29, "nbf": 29, "exp": -29}, ""),
        ({"nbf": 3600}, "it is valid only in 3600 s"),
        ({"iat": 3600}, "its issue time is 3600 s in the future"),
        ({"exp": -3600}, "it expired 3600 s ago"),
        ({"exp": "soon"}, ""),
    ],
)
def test_times_in_a_token(claims: dict[str, t.Any], doubt: str) -> None:
    now = 1_800_000_000
    given = {name: now + value if isinstance(value, int) else value for name, value in claims.items()}
    assert token_requests._doubt(token_requests._claims(jwt(**given)), now) == doubt


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.W10.c", "...."])
def test_a_token_that_is_no_jwt_tells_nothing(token: str) -> None:
    assert token_requests._claims(token) == {}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"error": "invalid_client"}', ", invalid_client"),
        (b'{"error": "pw-Secret 123"}', ""),
        (b'{"error": {"a": 1}}', ""),
        (b"<html>", ""),
    ],
)
def test_of_a_foreign_answer_only_the_code_is_repeated(body: bytes, shown: str) -> None:
    assert token_requests._error_code(body) == shown


def test_the_clock_of_an_endpoint() -> None:
    assert token_requests._clock("Mon, 23 Nov 2026 03:40:11 GMT") == 1795405211
    assert token_requests._clock(None) is None
    assert token_requests._clock("tomorrow") is None


def ssl_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] something (_ssl.c:1)")
    error.reason = reason
    return error


def tls(certificate: x509.Certificate | None = None) -> tls_handshake.Tls:
    return tls_handshake.Tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), True, certificate, set())


OWN = x509.Certificate("CN=me", "CN=Other CA", b"", b"", 0, int(time.time()) + 5 * 86400)


@pytest.mark.parametrize(
    ("error", "own", "asked", "reason"),
    [
        (ssl_error("SSLV3_ALERT_BAD_CERTIFICATE"), None, True, "client_certificate_missing"),
        (ssl_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), None, False, "client_certificate_missing"),
        (ssl_error("SSLV3_ALERT_CERTIFICATE_UNKNOWN"), OWN, True, "client_certificate_refused"),
        (ssl_error("TLSV1_ALERT_UNKNOWN_CA"), OWN, True, "client_certificate_refused"),
        (ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), None, True, "client_certificate_missing"),
        (ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), None, False, "tls_handshake"),
        (ssl_error("TLSV1_ALERT_PROTOCOL_VERSION"), None, False, "tls_version"),
        (ssl_error("UNSUPPORTED_PROTOCOL"), None, False, "tls_version"),
        (ssl_error("EE_KEY_TOO_SMALL"), None, False, "weak_certificate"),
        (ssl_error("UNEXPECTED_EOF_WHILE_READING"), None, False, "tls_closed"),
        (ConnectionResetError(104, "Connection reset by peer"), None, False, "tls_closed"),
    ],
)
def test_what_a_tls_error_means(error: OSError, own: t.Any, asked: bool, reason: str) -> None:
    fault = tls_handshake.explain(error, tls(own), asked, lambda: None)
    assert fault.reason == reason
    assert "_ssl.c" not in fault.detail
    if own:
        assert "CN=me, issued by CN=Other CA, 5 days left" in fault.detail


@pytest.mark.parametrize(
    ("protocols", "low", "high"),
    [
        (None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
        ("TLSv1.2", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
        ("TLSv1.3", ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
        ("TLSv1.2, TLSv1.3", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
    ],
)
def test_tls_versions_as_java_has_them(protocols: str | None, low: ssl.TLSVersion, high: ssl.TLSVersion) -> None:
    made = tls_handshake.prepare(declared("SSL", **({"ssl_enabled_protocols": protocols} if protocols else {})))
    assert made
    assert (made.context.minimum_version, made.context.maximum_version) == (low, high)
    assert made.context.check_hostname


def test_names_are_not_checked_where_java_would_not() -> None:
    made = tls_handshake.prepare(declared("SSL", ssl_endpoint_identification_algorithm=""))
    assert made and not made.context.check_hostname
    assert made.context.verify_mode == ssl.CERT_REQUIRED
    assert tls_handshake.prepare(declared("PLAINTEXT")) is None


def test_secrets_are_taken_out_of_what_the_library_says() -> None:
    kafka = librdkafka_client.BrokerClient({}, frozenset({"pw-Secret", "pw-Secret-longer", "u"}), Deadline(1))
    assert kafka.scrub('Invalid value "pw-Secret-longer"\n for u') == 'Invalid value "********" for ********'


class Said:
    def __init__(self, text: str) -> None:
        self.text = text

    def str(self) -> str:
        return self.text


def test_brokers_that_the_library_learned_of() -> None:
    kafka = librdkafka_client.BrokerClient({}, frozenset(), Deadline(1))
    kafka.errors.extend(
        [
            Said("sasl_ssl://kafka:9093/bootstrap: Connect to ipv4#10.0.0.1:9093 failed: refused"),
            Said("sasl_ssl://kafka-1.internal:9093/1: Failed to resolve 'kafka-1.internal:9093'"),
            Said("[fd00::2]:9092/2: Connect to ipv6#[fd00::2]:9092 failed: Connection refused"),
            Said("2/2 brokers are down"),
        ]
    )
    assert kafka._learned() == {1: ("kafka-1.internal", 9093), 2: ("fd00::2", 9092)}


def test_a_deadline_gives_no_step_more_than_half() -> None:
    deadline = Deadline(10)
    assert 9 < deadline.left() <= 10
    assert deadline.step() == 5
    deadline.end = time.monotonic() + 2
    assert deadline.step() <= 2
    deadline.end = time.monotonic() - 1
    assert deadline.over
    assert deadline.left() == 0.001


def test_declarations_that_differ_in_their_login_alone_go_the_same_way() -> None:
    one = declared()
    other = declared(sasl_jaas_config=JAAS.replace("pw-Secret", "pw-Secret-2"), client_id="b")
    assert stages.same_way(one) == stages.same_way(other)
    assert stages.same_way(declared("SSL")) != stages.same_way(declared("SSL", ssl_enabled_protocols="TLSv1.3"))


def test_declarations_with_another_key_store_do_not_share_what_brokers_see() -> None:
    """Or a task with many probes would show all brokers the certificate of the first project."""
    keys = [pki.client("ec"), pki.client("rsa")]
    clients = [declaration.declare(dict(declared("SSL").properties), None, store(key)) for key in keys]
    assert stages.same_way(clients[0]) != stages.same_way(clients[1])
    assert stages.same_way(clients[0]) == stages.same_way(
        declaration.declare(dict(declared("SSL").properties), None, store(keys[0]))
    )


def store(key: pki.Identity) -> declaration.StoreOption:
    return declaration.StoreOption("keystore", content=f"{key.key_pem()}{key.pem}".encode(), type="PEM")


def test_a_name_server_that_never_answers_does_not_hold_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(server_check.socket, "getaddrinfo", lambda *_args, **_more: over.wait(30) and [])
    began = time.monotonic()
    report = probe.probe(declared("PLAINTEXT"), probe.ProbeOptions(timeout=0.5))
    over.set()
    assert report.failure and (report.failed_stage, report.failure.reason) == ("resolve", "resolve_timeout")
    assert time.monotonic() - began < 5


def test_a_fault_of_the_probe_itself_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: t.Any) -> t.NoReturn:
        raise RuntimeError("pw-Secret")

    monkeypatch.setattr(tls_handshake, "prepare", broken)
    report = probe.probe(declared("SSL"), probe.ProbeOptions(timeout=2))
    assert report.failure and report.failure.reason == "internal"
    assert "RuntimeError at" in report.failure.detail
    assert "pw-Secret" not in report.table()


def test_a_stage_that_never_ends_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    report = probe.probe(lambda: over.wait(30) and declared(), probe.ProbeOptions(timeout=0.3))  # type: ignore[arg-type,return-value]
    over.set()
    assert report.failure and (report.failed_stage, report.failure.reason) == ("config", "timeout")


def test_msk_iam_without_its_library() -> None:
    config = dialect_librdkafka.MskIam(region="eu-west-1")
    if token_requests.MSKAuthTokenProvider is None:
        with pytest.raises(tokens.TokenFault) as raised:
            token_requests.fetch_msk_iam(config)
        assert raised.value.reason == "signer_missing"


def test_msk_iam_with_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    class Provider:
        @staticmethod
        def generate_auth_token(region: str) -> tuple[str, int]:
            return f"token-{region}", 1_800_000_000_000

        @staticmethod
        def generate_auth_token_from_profile(region: str, profile: str) -> tuple[str, int]:
            raise RuntimeError(f"no key pw-Secret in {profile}")

    monkeypatch.setattr(token_requests, "MSKAuthTokenProvider", Provider)
    token = token_requests.fetch_msk_iam(dialect_librdkafka.MskIam(region="eu-west-1"))
    assert (token.value, token.expires) == ("token-eu-west-1", 1_800_000_000)
    with pytest.raises(tokens.TokenFault) as raised:
        token_requests.fetch_msk_iam(dialect_librdkafka.MskIam(region="eu-west-1", profile="p"))
    assert (raised.value.reason, raised.value.detail) == ("signer_failed", "the signer raised RuntimeError")
    with pytest.raises(tokens.TokenFault):
        token_requests.fetch_msk_iam(dialect_librdkafka.MskIam(region=None))


def test_certificate_names_for_messages() -> None:
    assert (
        x509.day(datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc).timestamp()) == "2026-01-31 12:00 UTC"
    )


# --- the child process, and what belongs to whom ----------------------------------------------------------------------


def test_a_crash_fails_the_stage_in_progress_and_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: t.Any) -> t.NoReturn:
        os.abort()

    monkeypatch.setattr(server_check, "check", crash)
    report = probe.probe(declared("PLAINTEXT"))
    assert report.stages[0].ok
    assert report.failure and (report.failed_stage, report.failure.reason) == ("resolve", "library_crashed")
    assert "SIGABRT" in report.failure.detail


def test_a_crash_of_one_probe_does_not_end_the_others() -> None:
    def crash() -> t.NoReturn:
        os.abort()

    options = probe.ProbeOptions(timeout=5, until="config")
    jobs = [probe.Job(crash if number in (0, 3) else declared("PLAINTEXT"), options) for number in range(6)]
    reports = probe.probe_all(jobs, workers=1)
    assert [report.ok for report in reports] == [False, True, True, False, True, True]
    assert {report.failure.reason for report in reports if report.failure} == {"library_crashed"}


def test_a_child_that_ends_too_early_fails_every_probe_once() -> None:
    def broken() -> t.NoReturn:
        raise RuntimeError("pw-Secret")

    jobs = [probe.Job(declared("PLAINTEXT"), probe.ProbeOptions(timeout=5))] * 3
    reports = probe.probe_all(jobs, prepare=broken)
    assert [report.failure and report.failure.reason for report in reports] == ["internal"] * 3
    assert "pw-Secret" not in "".join(report.table() for report in reports)


@pytest.mark.parametrize("timeout", [0.3, 1.0, 2.0])
def test_a_silent_server_is_no_fault_of_tls_that_is_not_declared(timeout: float) -> None:
    with servers.server(servers.silent) as address:
        client = declared("PLAINTEXT", bootstrap_servers=address)
        report = probe.probe(client, probe.ProbeOptions(timeout=timeout))
    assert report.failure and (report.failed_stage, report.failure.reason) == ("metadata", "silent")


def test_a_check_that_waits_for_answers_only_blames_no_stage() -> None:
    one = server_check._Check("kafka:9092", server_check.ServerCheckOptions(tls=None), Deadline(1))
    one.add(one.passed("resolve", ""))
    one.add(one.passed("connect", ""))
    one.begin("tls")
    assert one.found(finished=False).entries[-1][:4] == ("tls", "kafka:9092", False, "timeout")
    one.await_answers(one.passed("tls", "not declared"))
    silent = one.found(finished=False)
    assert silent.passed and silent.fault == "silent"
    one.add(one.passed("tls", "not declared"))
    assert one.found(finished=False).passed


def test_a_defect_in_the_check_of_a_server_is_no_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_check, "_connect", lambda *_args: 1 // 0)
    report = probe.probe(declared("PLAINTEXT", bootstrap_servers="127.0.0.1:1"))
    assert report.failure and (report.failed_stage, report.failure.reason) == ("resolve", "internal")
    assert "ZeroDivisionError" in report.failure.detail


def test_a_connection_takes_no_more_than_half_of_the_time_over_all_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    class Slow:
        def __init__(self, *_args: t.Any) -> None: ...

        def settimeout(self, limit: float) -> None:
            limits.append(limit)

        def connect(self, _address: t.Any) -> t.NoReturn:
            raise TimeoutError

        def close(self) -> None: ...

    addresses = [(socket.AF_INET, 1, 6, "", (f"192.0.2.{number}", 9092)) for number in range(1, 5)]
    monkeypatch.setattr(server_check.socket, "getaddrinfo", lambda *_args, **_more: addresses)
    monkeypatch.setattr(server_check.socket, "socket", Slow)
    options = server_check.ServerCheckOptions(tls=None)
    found = server_check.check(["kafka:9092"], options, Deadline(8))[0]
    assert (found.entries[-1].stage, found.entries[-1].reason) == ("connect", "connect_timeout")
    assert len(limits) == 4
    assert 3.5 < sum(limits) <= 4


def test_answers_that_drip_end_in_time() -> None:
    with servers.server(servers.dripping) as address:
        began = time.monotonic()
        with socket.create_connection(split_address(address)) as connection, pytest.raises(socket.timeout):
            wire.api_versions(wire.TimedStream(connection, 0.6))
    assert 0.5 < time.monotonic() - began < 2


def test_more_listeners_than_are_checked_are_told() -> None:
    brokers = {number: librdkafka_client.Broker("127.0.0.1", number) for number in range(1, 151)}
    found = findings.Findings(report_module.STAGES)
    context = stages.Context(declared("PLAINTEXT"), probe.ProbeOptions(), Deadline(5), cache.ProbeCache(), [])
    kafka = librdkafka_client.BrokerClient({}, frozenset(), Deadline(5))
    metadata = librdkafka_client.Metadata(brokers)
    context = context._replace(client=declared("PLAINTEXT"), kafka=kafka, metadata=metadata)
    found.begin("listeners")
    with pytest.raises(findings.Ended):
        stages.check_listeners(context, found)
    entries = [entry for entry in found.report().stages if entry.stage == "listeners"]
    assert len([entry for entry in entries if entry.ok is False]) == stages.MAX_LISTENERS
    assert (entries[-1].ok, entries[-1].reason) == (None, "not_checked")
    assert "50 more brokers" in entries[-1].detail


def test_a_connection_lost_during_the_login_is_no_refusal() -> None:
    kafka = librdkafka_client.BrokerClient({}, frozenset(), Deadline(1))
    code = confluent_kafka.KafkaError._AUTHENTICATION
    lost = "SASL PLAIN mechanism handshake failed: Local: Broker transport failure"
    kafka.errors.append(confluent_kafka.KafkaError(code, lost))
    assert kafka.refusal() == ""
    kafka.errors.append(confluent_kafka.KafkaError(code, "SASL authentication error: Authentication failed"))
    assert kafka.refusal() == "SASL authentication error: Authentication failed"
