# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The codes that name what a probe found, and a remedy for each. Codes do not change between releases."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.reasons import LoginReason, TokenReason

#: Why a stage failed.
FailureReason = t.Literal[
    LoginReason,
    TokenReason,
    # config
    "invalid_declaration",
    "key_mismatch",
    "key_password",
    "not_permitted",
    "store_password",
    "unreadable_file",
    # resolve, connect
    "connect_failed",
    "connect_timeout",
    "refused",
    "resolve_timeout",
    "unreachable",
    "unresolved",
    # tls
    "certificate_expired",
    "certificate_invalid",
    "certificate_not_yet_valid",
    "client_certificate_missing",
    "client_certificate_refused",
    "expires_soon",
    "host_name_mismatch",
    "plaintext_port",
    "tls_closed",
    "tls_expected",
    "tls_handshake",
    "tls_version",
    "untrusted_certificate",
    "weak_certificate",
    # sasl, metadata
    "client_too_old",
    "closed",
    "mechanism_not_offered",
    "not_kafka",
    "sasl_expected",
    "sasl_not_enabled",
    "silent",
    "token_not_valid_now",
    "token_refused",
    # topics, groups
    "below_min_in_sync",
    "group_denied",
    "missing_operation",
    "no_describe",
    "no_leader",
    "no_read",
    "no_write",
    "request_failed",
    "unknown_topic",
    # round_trip
    "consume_failed",
    "no_topic",
    "produce_failed",
    "round_trip_timeout",
    # any stage
    "answer_too_large",
    "internal",
    "library_crashed",
    "timeout",
]
#: A warning about a stage that passed.
WarningReason = t.Literal[
    "group_state_unknown",
    "old_clients_shut_out",
    "rights_unknown",
    "settings_ignored",
    "under_replicated",
]
#: Why a stage has no result.
NoResultReason = t.Literal["not_asked", "not_checked", "not_reached"]
Reason = t.Literal[FailureReason, WarningReason, NoResultReason, ""]

_CERTIFICATE = "Give the client's certificate and key in keystore, signed by an authority that the broker trusts"

REMEDIES: t.Dict[Reason, str] = {
    # config
    "invalid_declaration": "Change the property or option that the message names",
    "store_password": "Give the password with which the store was created",
    "key_password": "Give the password of the private key as key_password",
    "library_refused": "Change that property: librdkafka, which the probe uses, rejected it",
    "key_mismatch": "Give the key for which this certificate was requested",
    "unreadable_file": "Check the path, and that the user who runs this task may read it",
    "not_permitted": "Give the file and the directories on its path to root, or let its owner read what it names",
    # resolve
    "unresolved": "Correct the name in bootstrap.servers, or make it known to the resolver of this machine",
    "resolve_timeout": "Check the name servers of this machine: they did not answer in time",
    # connect
    "refused": "Nothing listens on that port: check the port in bootstrap.servers and that the broker runs",
    "connect_timeout": "Something on the path drops the packets: open the port in firewalls and security groups",
    "unreachable": "Check the routes and interfaces of this machine: it has no way to that address",
    "connect_failed": "See the system's message",
    # tls
    "tls_expected": "The port speaks TLS: set security.protocol to SSL or SASL_SSL, or use the plaintext port",
    "plaintext_port": "The port does not speak TLS: set security.protocol to PLAINTEXT or SASL_PLAINTEXT, "
    "or use the broker's TLS port",
    "untrusted_certificate": "Put the certificate of the authority that signed the broker's into truststore",
    "certificate_expired": "Renew the certificate, and check the clock of this machine",
    "certificate_not_yet_valid": "Check the clocks of this machine and of the issuer of the certificate",
    "host_name_mismatch": "Use a name that the certificate contains, or issue one for this name. "
    "An empty ssl.endpoint.identification.algorithm turns the check off",
    "weak_certificate": "Issue a new certificate, with an RSA key of 2048 bits or more, or an elliptic curve",
    "certificate_invalid": "Issue a new certificate for the broker",
    "expires_soon": "Renew the certificate before then",
    "client_certificate_missing": f"The broker asks for a client certificate. {_CERTIFICATE}",
    "client_certificate_refused": f"The broker does not accept this client certificate. {_CERTIFICATE}",
    "tls_version": "Client and broker share no TLS version: see ssl.enabled.protocols on both sides",
    "tls_handshake": "Client and broker could not agree on TLS: see the broker's log",
    "tls_closed": "The other side closed the connection during the TLS handshake: see the broker's log",
    # what answers
    "silent": "The port accepts connections and does not answer: check that this is a Kafka port and the broker works",
    "closed": "The broker accepted the connection and closed it without an answer: see its log. "
    "Usual causes: limits on connections, filters by address, a proxy without a backend",
    "not_kafka": "Something other than Kafka answers on this port: check bootstrap.servers",
    # sasl
    "mechanism_not_offered": "Use a mechanism that the broker offers, or have this one enabled on its listener",
    "sasl_not_enabled": "The listener has no SASL: set security.protocol without SASL_, or use the port with SASL",
    "sasl_expected": "The listener requires a login: set security.protocol to SASL_SSL or SASL_PLAINTEXT, "
    "and sasl.mechanism",
    "credentials_refused": "Check user name and password. A user created just now may not be known to every broker yet",
    "client_too_old": "Install confluent-kafka 2.6.1 or newer where the probe runs. Kafka 4.0 and newer refuse SCRAM "
    "from any librdkafka before 2.6.1, even with the right password",
    "old_clients_shut_out": "Kafka 4.0 and newer refuse SCRAM from librdkafka before 2.6.1: Hopsworks Python clients "
    "up to 4.1 (confluent-kafka 2.3.0) cannot log in, those of 4.2 to 4.4 only with confluent-kafka 2.6.1. "
    "Use PLAIN or mutual TLS for projects that have such clients",
    "token_endpoint_unreachable": "Correct sasl.oauthbearer.token.endpoint.url, or open the network path to it",
    "token_endpoint_timeout": "The token endpoint does not answer in time: check it, and the network path to it",
    "token_endpoint_tls": "Check the certificate of the token endpoint: its authority must be in truststore",
    "token_source_unknown": "Give sasl.oauthbearer.token.endpoint.url, or try this login with a Java client",
    "token_denied": "Check the client id, the client secret and the scope at the token endpoint",
    "token_invalid_answer": "Give the URL of an OAuth 2 token endpoint, which answers in JSON",
    "token_not_valid_now": "Set the clocks of this machine and of the token endpoint",
    "token_refused": "The broker does not accept the token: compare its audience, issuer and signing key with "
    "the broker's settings, and the clocks",
    "gssapi_unsupported": "Kerberos needs a librdkafka built with SASL GSSAPI: pip install --no-binary confluent-kafka "
    "confluent-kafka, with librdkafka-dev and libsasl2-dev installed",
    "signer_missing": "Install it for the interpreter that runs the task: pip install aws-msk-iam-sasl-signer-python",
    "signer_failed": "Give AWS credentials and a region where the probe runs, as every AWS client reads them",
    "library_missing": "Install it for the interpreter that runs the task: pip install confluent-kafka",
    "library_too_old": "Update it for the interpreter that runs the task: pip install --upgrade confluent-kafka",
    "login_timeout": "The broker did not finish the login in time: see its log, or give a longer timeout",
    # metadata
    "metadata_timeout": "The broker sent no metadata in time: see its log, or give a longer timeout",
    "request_failed": "See the broker's message",
    # topics
    "unknown_topic": "Create the topic: Hopsworks creates none in a Kafka that it does not manage. Or correct its name",
    "no_describe": "Give this principal the right to describe it (READ and WRITE include it), or correct the name",
    "no_read": "Give this principal the right to read it (ACL operation READ)",
    "no_write": "Give this principal the right to write to it (ACL operation WRITE)",
    "missing_operation": "Give this principal the missing right",
    "no_leader": "Bring the brokers of these partitions back: without a leader nothing can be read or written there",
    "below_min_in_sync": "Bring back the brokers that hold the missing replicas: writes with acks=all are refused",
    "under_replicated": "Bring back the brokers that hold the missing replicas",
    "rights_unknown": "The cluster did not tell the rights of this principal, so they were not checked",
    # groups
    "group_denied": "Give this principal the right to read the group (ACL operation READ on the group)",
    "group_state_unknown": "The cluster did not tell the state of the group",
    # round_trip
    "no_topic": "Name the topic for the round trip in topics",
    "produce_failed": "See the library's message",
    "consume_failed": "See the library's message",
    "round_trip_timeout": "The record did not come back in time: give a longer timeout, or see the brokers' logs",
    # any stage
    "timeout": "Give a longer timeout, or see which side is slow",
    "library_crashed": "Check what answers on this port: librdkafka crashes on answers that no sound Kafka gives. "
    "Also update confluent-kafka where the probe runs",
    "answer_too_large": "Check what answers on this port: a Kafka of this size would have more than 1000 brokers",
    "internal": "This is a defect of the probe itself: please report it with this table",
}

#: Where a stage needs another remedy than the code alone has.
_IN_STAGE: t.Dict[t.Tuple[str, Reason], str] = {
    ("listeners", "unresolved"): "The broker tells clients to connect to this name, and it does not resolve here: "
    "set advertised.listeners of that broker to a name that clients can resolve",
    ("listeners", "refused"): "The broker tells clients to connect to this address, and nothing listens there: "
    "correct its advertised.listeners, or bring that broker back",
    ("listeners", "connect_timeout"): "The broker tells clients to connect to this address, and no answer comes: "
    "correct its advertised.listeners, or open the port",
    ("tls", "silent"): "The port accepts connections and does not answer TLS: check that it is the broker's TLS port",
}


def remedy(stage: str, reason: Reason) -> str:
    """Return what to do about ``reason`` in ``stage``; empty if there is nothing to advise."""
    return _IN_STAGE.get((stage, reason), REMEDIES.get(reason, ""))
