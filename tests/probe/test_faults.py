# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table: each fault is made for real, and exactly the right stage fails with the right reason, in time."""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import typing as t

import pytest

from tests.kafka import cluster
from tests.probe import servers
from tests.probe.support import Description, Options, Outcome, declared, run, secrets, store

STAGES = ["config", "resolve", "connect", "tls", "sasl", "metadata", "listeners", "topics", "groups", "round_trip"]


@dataclasses.dataclass(frozen=True)
class Fault:
    """One row: what is broken, and what must come out.

    ``make`` returns the options of the module; what it opens with the stack stays open while the probe runs.
    """

    name: str
    stage: str
    reason: str
    make: t.Callable[[Description, contextlib.ExitStack], Options]
    timeout: float = 5


def options(listener: str, mechanism: str = "", **how: t.Any) -> t.Callable[..., Options]:
    more = {name: how.pop(name) for name in ("topics", "groups", "round_trip", "min_days_valid") if name in how}
    return lambda kafka, _stack: {**declared(kafka, listener, mechanism, **how), **more}


def at(listener: str, address: t.Callable[[], t.ContextManager[str]], mechanism: str = "") -> t.Callable[..., Options]:
    """The declaration for a listener, with another server in its place."""
    return lambda kafka, stack: declared(kafka, listener, mechanism, bootstrap_servers=stack.enter_context(address()))


def tls_server(then: servers.Serve, mechanism: str = "", tls13: bool = False, **how: t.Any) -> t.Callable[..., Options]:
    """A TLS server with the brokers' own certificate that goes on with ``then``."""

    def make(kafka: Description, stack: contextlib.ExitStack) -> Options:
        versions = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3) if tls13 else None
        serve = servers.tls(kafka["certificates"]["server"]["pem"], then, versions)
        listener = "sasl_ssl" if mechanism else "ssl"
        return declared(kafka, listener, mechanism, bootstrap_servers=stack.enter_context(servers.server(serve)), **how)

    return make


def token(kind: str) -> t.Callable[..., Options]:
    """OAUTHBEARER with another endpoint of the tests' token server."""

    def make(kafka: Description, _stack: contextlib.ExitStack) -> Options:
        urls = {
            "dead": f"http://127.0.0.1:{kafka['refused_port']}/token",
            "tls": kafka["tokens"]["tls_url"],
        }
        url = urls.get(kind, f"{kafka['tokens']['url']}/{kind}")
        return declared(kafka, "sasl_plaintext", "OAUTHBEARER", sasl_oauthbearer_token_endpoint_url=url)

    return make


def with_store(role: str, **how: t.Any) -> t.Callable[..., Options]:
    def make(kafka: Description, _stack: contextlib.ExitStack) -> Options:
        name = how.get("name", "ca" if role == "truststore" else "alice")
        return {**declared(kafka, "mtls", keystore="alice"), role: {**store(kafka, name, how["form"]), **how["over"]}}

    return make


def foreign_login(mechanism: str, module: str, **more: str) -> t.Callable[..., Options]:
    """A mechanism for which this machine lacks what it takes, at a broker that offers it."""

    def make(kafka: Description, stack: contextlib.ExitStack) -> Options:
        made = declared(kafka, "sasl_plaintext", **more)
        server = stack.enter_context(servers.server(servers.offering(mechanism)))
        login = {"sasl.mechanism": mechanism, "sasl.jaas.config": f"{module} required;", "bootstrap.servers": server}
        made["properties"].update(login)
        return made

    return make


def mixed_key(kafka: Description, _stack: contextlib.ExitStack) -> Options:
    """alice's certificate with the key of another."""
    certificates = kafka["certificates"]
    with open(certificates["alice"]["certificate"]) as own, open(certificates["no_read"]["key"]) as other:
        return {**declared(kafka, "mtls"), "keystore": {"content": own.read() + other.read()}}


def without(name: str) -> t.Callable[..., Options]:
    def make(kafka: Description, _stack: contextlib.ExitStack) -> Options:
        made = declared(kafka, "sasl_plaintext", "PLAIN")
        made["properties"].pop(name)
        return made

    return make


def wrong(mechanism: str) -> t.Callable[..., Options]:
    return options("sasl_ssl", mechanism, password="wrong-Secret-2")


def user(name: str, **more: t.Any) -> t.Callable[..., Options]:
    return options("sasl_plaintext", "PLAIN", user=name, topics=["orders"], **more)


UNKNOWN = "kafka.nowhere.invalid:9092"
FAULTS = [
    # config
    Fault("mechanism_left_out", "config", "invalid_declaration", without("sasl.mechanism")),
    Fault("librdkafka_name", "config", "invalid_declaration", options("ssl", ssl_ca_location="/etc/ca.pem")),
    Fault("key_does_not_fit", "config", "key_mismatch", mixed_key),
    Fault(
        "jks_password",
        "config",
        "store_password",
        with_store("truststore", form="jks", over={"password": "bad-Secret"}),
    ),
    Fault(
        "p12_password", "config", "store_password", with_store("keystore", form="p12", over={"password": "bad-Secret"})
    ),
    Fault(
        "store_not_there",
        "config",
        "unreadable_file",
        with_store("keystore", form="pem", over={"path": "/nowhere.pem"}),
    ),
    Fault(
        "own_certificate_expired",
        "config",
        "certificate_expired",
        with_store("keystore", name="alice_expired", form="pem", over={}),
    ),
    # resolve, connect
    Fault("wrong_name", "resolve", "unresolved", options("plaintext", bootstrap_servers=UNKNOWN)),
    Fault(
        "refused_port",
        "connect",
        "refused",
        lambda kafka, _stack: declared(kafka, "ssl", bootstrap_servers=f"127.0.0.1:{kafka['refused_port']}"),
    ),
    Fault("black_hole", "connect", "connect_timeout", at("plaintext", servers.black_hole), timeout=3),
    Fault("black_hole_1_s", "connect", "connect_timeout", at("sasl_ssl", servers.black_hole, "PLAIN"), timeout=1),
    # tls
    Fault("wrong_ca", "tls", "untrusted_certificate", options("ssl", trust="other_ca")),
    Fault("broker_of_other_ca", "tls", "untrusted_certificate", options("ssl_other_ca")),
    Fault("wrong_host", "tls", "host_name_mismatch", options("ssl_wrong_host")),
    Fault("expired", "tls", "certificate_expired", options("ssl_expired")),
    Fault("not_yet_valid", "tls", "certificate_not_yet_valid", options("ssl_not_yet_valid")),
    Fault("weak", "tls", "weak_certificate", options("ssl_weak")),
    Fault("expires_soon", "tls", "expires_soon", options("ssl_expires_soon", min_days_valid=14)),
    Fault("no_client_certificate", "tls", "client_certificate_missing", options("mtls")),
    Fault(
        "client_certificate_of_other_ca",
        "tls",
        "client_certificate_refused",
        options("mtls", keystore="alice_other_ca"),
    ),
    Fault(
        "no_client_certificate_tls12",
        "tls",
        "client_certificate_missing",
        options("mtls", ssl_enabled_protocols="TLSv1.2"),
    ),
    Fault("plaintext_to_tls", "tls", "tls_expected", options("ssl", security_protocol="PLAINTEXT")),
    Fault(
        "plaintext_login_to_tls",
        "tls",
        "tls_expected",
        options("sasl_ssl", "PLAIN", security_protocol="SASL_PLAINTEXT"),
    ),
    Fault("tls_to_plaintext", "tls", "plaintext_port", options("plaintext", security_protocol="SSL")),
    Fault("tls_version", "tls", "tls_version", tls_server(servers.silent, tls13=True, ssl_enabled_protocols="TLSv1.2")),
    Fault("silent_to_tls", "tls", "silent", at("ssl", lambda: servers.server(servers.silent)), timeout=2),
    Fault("closes_in_handshake", "tls", "tls_closed", at("ssl", lambda: servers.server(servers.closing))),
    # sasl
    Fault("password_plain", "sasl", "credentials_refused", wrong("PLAIN")),
    Fault("password_scram_256", "sasl", "credentials_refused", wrong("SCRAM-SHA-256")),
    Fault("password_scram_512", "sasl", "credentials_refused", wrong("SCRAM-SHA-512")),
    Fault("secret_oauth", "sasl", "token_denied", wrong("OAUTHBEARER")),
    Fault("mechanism_not_offered", "sasl", "mechanism_not_offered", options("sasl_plain_only", "SCRAM-SHA-512")),
    Fault("login_where_none_is", "sasl", "sasl_not_enabled", options("ssl", "PLAIN", security_protocol="SASL_SSL")),
    Fault("no_login_where_one_is", "sasl", "sasl_expected", options("sasl_plaintext", security_protocol="PLAINTEXT")),
    Fault("silent_after_handshake", "sasl", "silent", tls_server(servers.silent, "PLAIN"), timeout=2),
    Fault("closes_after_handshake_sasl", "sasl", "closed", tls_server(servers.closing, "PLAIN")),
    Fault("token_endpoint_dead", "sasl", "token_endpoint_unreachable", token("dead")),
    Fault("token_endpoint_silent", "sasl", "token_endpoint_timeout", token("silent"), timeout=3),
    Fault("token_endpoint_not_one", "sasl", "token_invalid_answer", token("garbage")),
    Fault("token_endpoint_untrusted", "sasl", "token_endpoint_tls", token("tls")),
    Fault("token_from_the_future", "sasl", "token_not_valid_now", token("skewed")),
    Fault("token_ended", "sasl", "token_not_valid_now", token("expired")),
    Fault(
        "kerberos",
        "sasl",
        "gssapi_unsupported",
        foreign_login("GSSAPI", "com.sun.security.auth.module.Krb5LoginModule", sasl_kerberos_service_name="kafka"),
    ),
    Fault(
        "msk_iam", "sasl", "signer_missing", foreign_login("AWS_MSK_IAM", "software.amazon.msk.auth.iam.IAMLoginModule")
    ),
    Fault(
        "token_from_a_java_class",
        "sasl",
        "token_source_unknown",
        foreign_login(
            "OAUTHBEARER",
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
            sasl_login_callback_handler_class="com.example.Tokens",
        ),
    ),
    Fault("token_for_others", "sasl", "token_refused", token("audience")),
    Fault("token_forged", "sasl", "token_refused", token("forged")),
    # metadata
    Fault("silent", "metadata", "silent", at("plaintext", lambda: servers.server(servers.silent)), timeout=2),
    Fault("silent_1_s", "metadata", "silent", at("plaintext", lambda: servers.server(servers.silent)), timeout=1),
    Fault("closes", "metadata", "closed", at("plaintext", lambda: servers.server(servers.closing))),
    Fault("closes_after_handshake", "metadata", "closed", tls_server(servers.closing)),
    Fault("web_server", "metadata", "not_kafka", at("plaintext", lambda: servers.server(servers.http))),
    # listeners
    Fault("advertised_unresolved", "listeners", "unresolved", options("advertised_unresolved")),
    Fault("advertised_refused", "listeners", "refused", options("advertised_refused")),
    # topics, groups
    Fault("unknown_topic", "topics", "unknown_topic", options("plaintext", topics=["orders", "no_such_topic"])),
    Fault("no_describe", "topics", "no_describe", user("no_describe")),
    Fault("no_read", "topics", "no_read", user("no_read")),
    Fault("no_write", "topics", "no_write", user("no_write")),
    Fault("no_group", "groups", "group_denied", user("no_group", groups=["onlinefs"])),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_right_stage_fails_with_the_right_reason(fault: Fault, kafka: cluster.Description) -> None:
    with contextlib.ExitStack() as stack:
        given = {**fault.make(kafka, stack), "timeout": fault.timeout}
        outcome = run(given)
        check(fault.stage, fault.reason, given, outcome)
        assert in_time(outcome.seconds, fault.timeout)


def in_time(seconds: float, timeout: float) -> bool:
    """Whether a process ended within its timeout and one second; where this machine is too busy to start one in that
    second, whether it took no more than its timeout and half a second beside one that ends at once."""
    return seconds < timeout + 1 or seconds - run({"properties": {}}).seconds < timeout + 0.5


def check(stage: str, reason: str, given: Options, outcome: Outcome) -> None:
    """The stage before passed, this one failed with the reason, those after it were not reached; nothing leaked."""
    result = outcome.result
    assert (result["failed_stage"], outcome.failure) == (stage, (stage, reason)), result["msg"]
    assert outcome.status != 0
    assert result["failed"] is True
    order = [entry["stage"] for entry in result["stages"]]
    assert order == sorted(order, key=STAGES.index)
    assert set(order) == set(STAGES)
    number = STAGES.index(stage)
    before = [entry for entry in result["stages"] if STAGES.index(entry["stage"]) < number]
    assert all(entry["ok"] is True or entry["reason"] == "not_asked" for entry in before), result["msg"]
    failure = next(entry for entry in result["stages"] if entry["ok"] is False)
    assert failure["detail"] and failure["remedy"], failure
    assert reason in result["msg"]
    assert outcome.stderr == ""
    for secret in secrets(given):
        assert secret not in outcome.written
