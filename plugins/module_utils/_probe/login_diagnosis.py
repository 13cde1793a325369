# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find out why a login fails: from the answers of the listener before it, and from the refusal."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import login, wire
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.tokens import Token
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from .reasons import FailureReason
from .server_check import ServerCheck

_KAFKA_4 = (4, 0)
#: Before this release librdkafka repeated the SCRAM client nonce, which Kafka 4.0 and newer refuse (its pull request
#: 4895).
_SCRAM_FIXED = (2, 6, 1)
_MAX_NAMES, _MAX_NAME = 20, 64
_FAULT_DETAILS = {
    "closed": "the connection was closed without an answer",
    "silent": "no answer",
    "http": "an HTTP server answers on this port",
    "not_kafka": "the server on this port does not speak Kafka's protocol",
    "tls": "the port answers in TLS inside of TLS",
}


class LoginProblem(t.NamedTuple):
    """Why a server cannot be used: the stage that failed, a code, and what was seen."""

    stage: str
    reason: FailureReason
    detail: str


def unanswered(one: ServerCheck, client: KafkaDeclaration) -> t.Optional[LoginProblem]:
    """Return what is wrong with a server's answers before any login; None if they fit the declaration."""
    sasl = login.logs_in(client)
    if one.fault:
        reason: FailureReason = "not_kafka"
        if one.fault == "silent" or one.fault == "closed":
            reason = one.fault
        detail = one.fault_detail or _FAULT_DETAILS.get(one.fault, "")
        return LoginProblem("sasl" if sasl else "metadata", reason, detail)
    answer = one.answer
    no_login = answer is None or answer.error == wire.ILLEGAL_SASL_STATE
    if sasl and no_login:
        return LoginProblem("sasl", "sasl_not_enabled", "the listener does not use SASL")
    if answer is None or no_login:
        return None
    offered = mechanisms(answer)
    if not sasl:
        return LoginProblem("sasl", "sasl_expected", f"mechanisms that the listener offers: {offered}")
    if answer.error:
        mechanism = client.properties["sasl.mechanism"]
        return LoginProblem("sasl", "mechanism_not_offered", f"{mechanism} is not among those offered: {offered}")
    return None


def mechanisms(answer: t.Optional[wire.Handshake]) -> str:
    """Return the SASL mechanisms that a listener offers."""
    offered = sorted(answer.mechanisms) if answer else []
    shown = [name[:_MAX_NAME] for name in offered[:_MAX_NAMES]] + (["…"] if len(offered) > _MAX_NAMES else [])
    return ", ".join(shown) or "none"


def why_refused(
    client: KafkaDeclaration,
    token: t.Optional[Token],
    releases: t.Optional[wire.Releases],
    library: t.Tuple[int, ...],
) -> FailureReason:
    """Return the reason of a refused login: a wrong password, a token, or a library that is too old."""
    mechanism = client.properties["sasl.mechanism"]
    if mechanism in ("OAUTHBEARER", "AWS_MSK_IAM"):
        return "token_not_valid_now" if token and token.doubt else "token_refused"
    if library < _SCRAM_FIXED and shuts_out_old_clients(mechanism, releases):
        return "client_too_old"
    return "credentials_refused"


def shuts_out_old_clients(mechanism: str, releases: t.Optional[wire.Releases]) -> bool:
    """Tell whether brokers of these releases refuse this mechanism from old clients though the password is right."""
    newer = releases is not None and releases.oldest is not None and releases.oldest >= _KAFKA_4
    return mechanism.startswith("SCRAM") and newer
