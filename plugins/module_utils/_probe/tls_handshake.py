# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Speak TLS as a Kafka client does, with the standard library: a context from the declaration, and what went wrong."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import ssl
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

    from .reasons import FailureReason

_DAY = 86400
#: The host names of a certificate that a message tells.
_MAX_NAMES = 20
_CERTIFICATE_REQUEST = 13  # handshake message (RFC 8446, B.3)
_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}

#: X509_V_ERR_… of OpenSSL's x509_vfy.h.
_VERIFY_REASONS: t.Dict[int, FailureReason] = {
    2: "untrusted_certificate",
    7: "untrusted_certificate",
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    18: "untrusted_certificate",
    19: "untrusted_certificate",
    20: "untrusted_certificate",
    21: "untrusted_certificate",
    62: "host_name_mismatch",
    64: "host_name_mismatch",
    66: "weak_certificate",
    67: "weak_certificate",
    68: "weak_certificate",
}
_CERTIFICATE_ALERT = re.compile(r"ALERT_(BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)")
_VERSION_ALERT = re.compile(r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|VERSION_TOO")


class Fault(t.NamedTuple):
    """Why TLS failed, and what was seen."""

    reason: FailureReason
    detail: str


class Tls(t.NamedTuple):
    """How to speak TLS to every server of one declaration.

    :param certificate: the client's own; None if it has none.
    :param asked: the connections (file descriptors of their sockets) on which the broker asked for a client
        certificate. None if this Python cannot tell.
    """

    context: ssl.SSLContext
    check_names: bool
    certificate: t.Optional[x509.Certificate]
    asked: t.Optional[t.Set[int]]


def prepare(client: KafkaDeclaration) -> t.Optional[Tls]:
    """Return the TLS side of a declaration; None for one without TLS.

    :raises InputError: OpenSSL rejects its certificates.
    """
    properties = client.properties
    if not properties["security.protocol"].endswith("SSL"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    check_names = properties.get("ssl.endpoint.identification.algorithm", "https") != ""
    context.check_hostname = check_names
    _limit_versions(context, properties)
    try:
        if client.truststore:
            context.load_verify_locations(cadata=b"".join(client.truststore.certificates))
        else:
            context.load_default_certs()
    except ssl.SSLError as error:
        raise InputError("truststore", f"OpenSSL rejected it ({_said(error)})", "Give certificates as X.509") from error
    own = None
    if client.keystore:
        own = x509.read(client.keystore.chain[0])
        try:
            x509.load_chain(context, client.keystore.private_key, client.keystore.chain)
        except ssl.SSLError as error:
            raise InputError(
                "keystore", f"OpenSSL rejected it ({_said(error)})", "Create a new key and certificate"
            ) from error
    return Tls(context, check_names, own, _watch_requests(context))


def secure(client: KafkaDeclaration) -> t.Optional[t.Callable[[socket.socket, str], ssl.SSLSocket]]:
    """Return what does the handshake on a connection to a host; None for a declaration without TLS.

    :raises InputError: OpenSSL rejects its certificates.
    """
    tls = prepare(client)
    return functools.partial(handshake, tls) if tls else None


def handshake(tls: Tls, connection: socket.socket, host: str) -> ssl.SSLSocket:
    """Do the handshake on a connection, whose time-out holds. Raises OSError, most often ssl.SSLError."""
    if tls.asked is not None:
        tls.asked.discard(connection.fileno())
    return tls.context.wrap_socket(connection, server_hostname=host)


def describe(tls: Tls, secured: ssl.SSLSocket) -> t.Tuple[str, x509.Certificate]:
    """Return what was agreed, and the broker's certificate.

    :raises ValueError: the certificate cannot be read.
    """
    cipher = secured.cipher()
    server = x509.read(secured.getpeercert(binary_form=True) or b"")
    days = days_left(server)
    told = f"{secured.version()} {cipher[0] if cipher else ''}; {server.subject}, issued by {server.issuer}"
    told += f", valid for {days:.0f} days"
    if not tls.check_names:
        told += "; host name not checked"
    return f"{told}; {_client_certificate(tls, secured)}", server


def days_left(certificate: x509.Certificate) -> float:
    """Return the days until a certificate expires."""
    return (certificate.not_after - time.time()) / _DAY


def _client_certificate(tls: Tls, secured: ssl.SSLSocket) -> str:
    given = f"client certificate {tls.certificate.subject}" if tls.certificate else "no client certificate"
    if tls.asked is None:
        return f"{given} given"
    if secured.fileno() not in tls.asked:
        return "no client certificate requested"
    return f"{given} accepted" if tls.certificate else "client certificate requested, not required"


def was_asked(tls: Tls, descriptor: int) -> bool:
    """Tell whether the broker asked for a client certificate, as far as this Python can tell."""
    return tls.asked is not None and descriptor in tls.asked


def explain(error: OSError, tls: Tls, asked: bool, unverified: t.Callable[[], t.Optional[bytes]]) -> Fault:
    """Return what an error during or right after the handshake means.

    :param asked: whether the broker had asked for a client certificate.
    :param unverified: fetches the broker's certificate (DER) without verifying it; called when it would tell more.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _VERIFY_REASONS.get(error.verify_code, "certificate_invalid")
        return Fault(reason, _about_certificate(reason, str(error.verify_message), unverified()))
    if not isinstance(error, ssl.SSLError):
        return Fault("tls_closed", error.strerror or type(error).__name__)
    said = _said(error)
    if isinstance(error, ssl.SSLEOFError) or said == "UNEXPECTED_EOF_WHILE_READING":
        return Fault("tls_closed", "the connection ended during the TLS handshake")
    if _CERTIFICATE_ALERT.search(said) or (asked and "ALERT" in said):
        if tls.certificate is None:
            return Fault("client_certificate_missing", f"the broker's answer: {said}; no client certificate was given")
        days = f"{days_left(tls.certificate):.0f} days left"
        own = f"{tls.certificate.subject}, issued by {tls.certificate.issuer}, {days}"
        return Fault("client_certificate_refused", f"the broker's answer: {said}; given was {own}")
    if _VERSION_ALERT.search(said):
        return Fault("tls_version", said)
    if "KEY_TOO_SMALL" in said or "MD_TOO_WEAK" in said:
        return Fault("weak_certificate", said)
    return Fault("tls_handshake", said)


def unverified_context() -> ssl.SSLContext:
    """Return a context that accepts any certificate: to look at it, never to send anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _limit_versions(context: ssl.SSLContext, properties: t.Mapping[str, str]) -> None:
    """Apply ssl.enabled.protocols as Java does. Without it Java offers 1.2 and 1.3, and so does this."""
    names = [name.strip() for name in properties.get("ssl.enabled.protocols", "").split(",")]
    versions = [_VERSIONS[name] for name in names if name in _VERSIONS] or list(_VERSIONS.values())
    context.minimum_version, context.maximum_version = min(versions), max(versions)


def _watch_requests(context: ssl.SSLContext) -> t.Optional[t.Set[int]]:
    """Note which connections get a CertificateRequest. CPython shows handshake messages, without documenting it."""
    if not hasattr(context, "_msg_callback"):
        return None
    asked: t.Set[int] = set()

    def watch(connection: t.Any, direction: str, _version: t.Any, _kind: t.Any, message: t.Any, _data: bytes) -> None:
        if direction == "read" and message == _CERTIFICATE_REQUEST:
            asked.add(connection.fileno())

    context._msg_callback = watch
    return asked


def _said(error: ssl.SSLError) -> str:
    return error.reason or re.sub(r"\s*\(_ssl\.c:\d+\)", "", str(error))


def _about_certificate(reason: str, message: str, certificate_der: t.Optional[bytes]) -> str:
    if certificate_der is None:
        return message
    with contextlib.suppress(ValueError, IndexError):  # a certificate that OpenSSL reads and x509 does not
        return _described(reason, message, certificate_der)
    return message


def _described(reason: str, message: str, certificate_der: bytes) -> str:
    certificate = x509.read(certificate_der)
    if reason == "host_name_mismatch":
        names = ", ".join(x509.names(certificate_der)[:_MAX_NAMES])
        return f"{message.rstrip('.')}; it is for {names or certificate.subject}"
    told = f"{message}: {certificate.subject}, issued by {certificate.issuer}"
    if reason in ("certificate_expired", "certificate_not_yet_valid"):
        told += f", valid from {x509.day(certificate.not_before)} to {x509.day(certificate.not_after)}"
    return told
