# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What to do about each thing that a probe finds: the codes of its entries, and a remedy for each."""

from __future__ import annotations

import typing as t

_CERTIFICATE = "Give the client's certificate and key in keystore, signed by an authority that the broker trusts"

REMEDIES: t.Dict[str, str] = {
    # config
    "invalid_declaration": "Correct the declaration",
    "store_password": "Give the password with which the store was made",
    "key_password": "Give the password of the private key as key_password",
    "library_refused": "Correct that property: librdkafka, which the probe uses, does not take it",
    "key_mismatch": "Give the key with which this certificate was requested",
    "unreadable_file": "Check the path and the rights of who runs this task",
    # resolve
    "unresolved": "Correct the name in bootstrap.servers, or make it known to the resolver of this machine",
    "resolve_timeout": "Check the name servers of this machine: they did not answer in time",
    # connect
    "refused": "Nothing listens on that port: check the port in bootstrap.servers and that the broker runs",
    "connect_timeout": "Something on the way drops the packets: open the port in firewalls and security groups",
    "unreachable": "There is no route to that address from this machine",
    "connect_failed": "See the system's message",
    # tls
    "tls_expected": "The port speaks TLS: set security.protocol to SSL or SASL_SSL, or use the plaintext port",
    "plaintext_port": "The port does not speak TLS: set security.protocol to PLAINTEXT or SASL_PLAINTEXT, "
    "or use the broker's TLS port",
    "untrusted_certificate": "Put the certificate of the authority that signed the broker's into truststore",
    "certificate_expired": "Renew the certificate, and check the clock of this machine",
    "certificate_not_yet_valid": "Check the clocks of this machine and of who issued the certificate",
    "host_name_mismatch": "Use a name that the certificate holds, or have it issued for this name. "
    "Setting ssl.endpoint.identification.algorithm to the empty text turns the check off",
    "weak_certificate": "Have the certificate issued anew, with an RSA key of 2048 bits or more, or an elliptic curve",
    "certificate_invalid": "Have the broker's certificate issued anew",
    "expires_soon": "Renew the certificate before then",
    "client_certificate_missing": f"The broker asks for a client certificate. {_CERTIFICATE}",
    "client_certificate_refused": f"The broker does not accept this client certificate. {_CERTIFICATE}",
    "tls_version": "Client and broker share no TLS version: see ssl.enabled.protocols on both sides",
    "tls_handshake": "Client and broker could not agree on TLS: see the broker's log",
    "tls_closed": "The other side closed the connection during the TLS handshake: see the broker's log",
    # what answers
    "silent": "The port accepts connections and does not answer: the broker hangs, or this is not a Kafka port",
    "closed": "The broker accepted the connection and closed it without an answer: see its log. "
    "Usual causes: limits on connections, filters by address, a proxy without a backend",
    "not_kafka": "This port belongs to something else than Kafka: check bootstrap.servers",
    # sasl
    "mechanism_not_offered": "Use a mechanism that the broker offers, or have this one enabled on its listener",
    "sasl_not_enabled": "The listener takes no login: set security.protocol without SASL_, or use the port with SASL",
    "sasl_expected": "The listener wants a login: set security.protocol to SASL_SSL or SASL_PLAINTEXT, "
    "and sasl.mechanism",
    "credentials_refused": "Check user name and password. A user made just now may not be known to every broker yet",
    "client_too_old": "Install confluent-kafka 2.6.1 or newer where the probe runs. Kafka 4.0 and newer refuse SCRAM "
    "from any librdkafka before 2.6.1, even with the right password",
    "old_clients_shut_out": "Kafka 4.0 and newer refuse SCRAM from librdkafka before 2.6.1: Hopsworks Python clients "
    "up to 4.1 (confluent-kafka 2.3.0) cannot log in, those of 4.2 to 4.4 only with confluent-kafka 2.6.1. "
    "Use PLAIN or mutual TLS for projects that have such clients",
    "token_endpoint_unreachable": "Correct sasl.oauthbearer.token.endpoint.url, or open the way to it",
    "token_endpoint_timeout": "The token endpoint does not answer in time: check it, and the way to it",
    "token_endpoint_tls": "Verify the certificate of the token endpoint: its authority must be in truststore",
    "token_source_unknown": "Give sasl.oauthbearer.token.endpoint.url, or try this login with a Java client",
    "token_denied": "Check the client id, the client secret and the scope at the token endpoint",
    "token_invalid_answer": "The URL must be that of an OAuth 2 token endpoint, which answers in JSON",
    "token_not_valid_now": "Set the clocks right: those of this machine and of the token endpoint",
    "token_refused": "The broker does not accept the token: compare its audience, issuer and signing key with "
    "the broker's settings, and the clocks",
    "gssapi_unsupported": "Kerberos needs a librdkafka built with SASL GSSAPI: pip install --no-binary confluent-kafka "
    "confluent-kafka, with librdkafka-dev and libsasl2-dev there",
    "signer_missing": "Install it for the interpreter that runs the task: pip install aws-msk-iam-sasl-signer-python",
    "signer_failed": "Give AWS credentials and a region where the probe runs, as every AWS client reads them",
    "library_missing": "Install it for the interpreter that runs the task: pip install confluent-kafka",
    "library_too_old": "Update it for the interpreter that runs the task: pip install --upgrade confluent-kafka",
    "login_timeout": "The broker did not finish the login in time: see its log, or give a longer timeout",
    # metadata
    "metadata_timeout": "The broker gave no metadata in time: see its log, or give a longer timeout",
    "request_failed": "See the broker's message",
    # topics
    "unknown_topic": "Make the topic: Hopsworks makes none in a Kafka that it does not manage. Or correct its name",
    "no_describe": "Give this principal the right to describe it (READ and WRITE include it), or correct the name",
    "no_read": "Give this principal the right to read it (ACL operation READ)",
    "no_write": "Give this principal the right to write to it (ACL operation WRITE)",
    "missing_operation": "Give this principal the missing right",
    "no_leader": "Partitions have no leader, so nothing can be read or written there: bring their brokers back",
    "below_min_in_sync": "Writes with acks=all are refused: bring back the brokers that hold the missing replicas",
    "under_replicated": "Replicas are missing: bring their brokers back",
    "rights_unknown": "The cluster did not tell the rights of this principal, so they were not checked",
    # groups
    "group_denied": "Give this principal the right to read the group (ACL operation READ on the group)",
    "group_state_unknown": "The cluster did not tell the state of the group",
    # round trip
    "no_topic": "Name the topic for the round trip in topics",
    "produce_failed": "See the library's message",
    "consume_failed": "See the library's message",
    "round_trip_timeout": "The record did not come back in time: give a longer timeout, or see the brokers' logs",
    # anywhere
    "timeout": "Give a longer timeout, or see which side is slow",
    "internal": "This is a fault of the probe itself: please report it with this table",
}

#: Where a stage needs another remedy than the code alone has.
_IN_STAGE: t.Dict[t.Tuple[str, str], str] = {
    ("listeners", "unresolved"): "The broker tells clients to connect to this name, and it does not resolve here: "
    "set advertised.listeners of that broker to a name that clients can resolve",
    ("listeners", "refused"): "The broker tells clients to connect to this address, and nothing listens there: "
    "set its advertised.listeners right, or bring that broker back",
    ("listeners", "connect_timeout"): "The broker tells clients to connect to this address, and no answer comes: "
    "set its advertised.listeners right, or open the port",
    ("tls", "silent"): "The port accepts connections and does not answer TLS: check that it is the broker's TLS port",
}


def remedy(stage: str, reason: str) -> str:
    """What to do about ``reason`` in ``stage``; empty where there is nothing to advise."""
    return _IN_STAGE.get((stage, reason), REMEDIES.get(reason, ""))
