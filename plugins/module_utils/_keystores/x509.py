# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read X.509 certificates (RFC 5280): names, validity, and whether a key belongs to one. Standard library only."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import ipaddress
import os
import ssl
import textwrap
import typing as t
from base64 import b64encode

from . import der

_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_VERSION = 0xA0  # [0], absent in certificates of version 1
_EPOCH = datetime.datetime(1970, 1, 1)
_DAY = 86400
_EXTENSIONS = 0xA3  # [3] of TBSCertificate
_ALTERNATIVE_NAMES = "2.5.29.17"
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87  # [2] and [7] of GeneralName
#: The longest name that is shown. Whoever makes a certificate chooses it.
_MAX_NAME = 1000
_CODECS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "iso-8859-1"}


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate.

    :param subject: its name as RFC 4514 writes it, most specific part first: ``CN=kafka,O=Example``.
    :param issuer: the name of its issuer, in the same form.
    :param subject_der: the name as encoded in the certificate; the ``issuer_der`` of a certificate is the
        ``subject_der`` of its issuer.
    :param not_before: seconds since 1970 from which it is valid.
    :param not_after: seconds since 1970 until which it is valid.
    """

    subject: str
    issuer: str
    subject_der: bytes = dataclasses.field(repr=False)
    issuer_der: bytes = dataclasses.field(repr=False)
    not_before: int
    not_after: int


@functools.lru_cache(maxsize=256)
def read(certificate_der: bytes) -> Certificate:
    """Read a certificate. Recent ones are cached: many projects share an authority, and each check reads it.

    :raises ValueError: it is not a DER certificate.
    """
    signed, rest = der.take(certificate_der, der.SEQUENCE)
    body, _unused = der.take(signed, der.SEQUENCE)
    if rest:
        raise ValueError("something follows the certificate")
    fields = der.split(body)
    if fields and fields[0][0] == _VERSION:
        fields = fields[1:]
    if [tag for tag, _unused in fields[:6]] != [der.INTEGER] + [der.SEQUENCE] * 5:
        raise ValueError("not a certificate")
    issuer, validity, subject = fields[2][1], fields[3][1], fields[4][1]
    not_before, not_after = (_seconds(tag, content) for tag, content in der.split(validity))
    return Certificate(_name(subject), _name(issuer), subject, issuer, not_before, not_after)


def to_result(certificate: Certificate, now: float) -> t.Dict[str, t.Any]:
    """Return subject and expiry as results show them: ``{subject, expires, days_left}``."""
    expires = _EPOCH + datetime.timedelta(seconds=certificate.not_after)
    return {
        "subject": certificate.subject,
        "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days_left": int((certificate.not_after - now) // _DAY),
    }


def day(seconds: float) -> str:
    """Return a moment as messages show it: ``2026-01-31 12:00 UTC``."""
    moment = _EPOCH + datetime.timedelta(seconds=int(seconds))
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def pem(content: bytes, label: str = "CERTIFICATE") -> str:
    """Return DER bytes as PEM text (RFC 7468)."""
    lines = textwrap.wrap(b64encode(content).decode("ascii"), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def names(certificate_der: bytes) -> t.List[str]:
    """Return the host names and addresses that a server's certificate is for (subjectAltName)."""
    signed, _unused = der.take(certificate_der, der.SEQUENCE)
    body, _unused = der.take(signed, der.SEQUENCE)
    extensions = [content for tag, content in der.split(body) if tag == _EXTENSIONS]
    found: t.List[str] = []
    for content in extensions:
        listed, _unused = der.take(content, der.SEQUENCE)
        for _tag, extension in der.split(listed):
            parts = der.split(extension)
            if der.oid(parts[0][1]) == _ALTERNATIVE_NAMES:
                sequence, _unused = der.take(parts[-1][1], der.SEQUENCE)
                found.extend(_alternative_names(sequence))
    return found


def key_matches_certificate(private_key_der: bytes, certificate_der: bytes) -> bool:
    """Tell whether a private key (PKCS8 DER, not encrypted) belongs to a certificate.

    OpenSSL decides, through :mod:`ssl`, so every type of key that it supports works. False also if it cannot read one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The question is whether they belong together, not whether the key is long enough.
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        load_chain(context, private_key_der, (certificate_der,))
    except ssl.SSLError:
        return False
    return True


def load_chain(context: ssl.SSLContext, private_key_der: bytes, chain: t.Sequence[bytes]) -> None:
    """Give a TLS context its own key (PKCS8 DER) and chain (DER, leaf first).

    The key is written to memory, or to a file that only its owner can read.

    :raises ssl.SSLError: OpenSSL refuses them.
    """
    text = pem(private_key_der, "PRIVATE KEY") + "".join(pem(certificate) for certificate in chain)
    descriptor, path = _memory_file()
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            context.load_cert_chain(path)
    finally:
        if not path.startswith("/proc/"):
            os.unlink(path)


def _alternative_names(sequence: bytes) -> t.Iterator[str]:
    for tag, value in der.split(sequence):
        if tag == _DNS_NAME:
            yield _escape(value.decode("ascii", "replace"))
        elif tag == _IP_ADDRESS and len(value) in (4, 16):
            yield str(ipaddress.ip_address(value))


def _memory_file() -> t.Tuple[int, str]:
    """Return a file for OpenSSL, which accepts no bytes: in memory if possible, else readable by its owner only."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("key")
        return descriptor, f"/proc/self/fd/{descriptor}"
    import tempfile  # noqa: PLC0415  (rarely needed, and slow to import)

    return tempfile.mkstemp()


def _seconds(tag: int, content: bytes) -> int:
    text = content.decode("ascii")
    if tag == der.UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    elif tag != der.GENERALIZED_TIME:
        raise ValueError("not a time")
    if len(text) != len("YYYYMMDDHHMMSSZ") or not text[:-1].isdigit() or text[-1] != "Z":
        raise ValueError("not a time")
    month, day_, hour, minute, second = (int(text[start : start + 2]) for start in range(4, 14, 2))
    moment = datetime.datetime(int(text[:4]), month, day_, hour, minute, second)
    return int((moment - _EPOCH).total_seconds())


def _name(content: bytes) -> str:
    parts = []
    for _unused, group in der.split(content):
        attributes = []
        for _unused, attribute in der.split(group):
            (_unused, kind), (tag, value) = der.split(attribute)
            dotted = der.oid(kind)
            attributes.append(
                f"{_NAMES.get(dotted, dotted)}={_escape(value.decode(_CODECS.get(tag, 'utf-8'), 'replace'))}"
            )
        parts.append("+".join(attributes))
    name = ",".join(reversed(parts))
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"


def _escape(value: str) -> str:
    """Return a value as RFC 4514 writes it, with escapes for what would be a control sequence on a terminal."""
    last = len(value) - 1
    return "".join(
        f"\\{character}"
        if character in '",+;<>\\'
        or (character == " " and position in (0, last))
        or (character == "#" and not position)
        else character
        if character.isprintable()
        else "".join(f"\\{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
        for position, character in enumerate(value)
    )
