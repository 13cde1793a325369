# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Java key stores of type JKS, read and written with the standard library.

JKS is the only type that the Hopsworks Python client reads, and no maintained library writes it. The format is that of
the JDK's ``sun.security.provider.JavaKeyStore`` and ``KeyProtector``: big-endian fields, then a SHA-1 digest over the
password, the words "Mighty Aphrodite" and everything before; each private key is encrypted with a stream of SHA-1
blocks of password and salt. That is weak protection: treat a JKS file as secret as its contents.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import struct
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import der

MAGIC = b"\xfe\xed\xfe\xed"
JCEKS_MAGIC = b"\xce\xce\xce\xce"
#: The most entries of a store. The trust store of a JDK has about 150.
MAX_ENTRIES = 2000

_SUBJECT = "JKS store"
_KEY, _CERTIFICATE = 1, 2
_VERSIONS = (1, 2)
_DIGEST = 20
# AlgorithmIdentifier of Sun's key protector: SEQUENCE {OID 1.3.6.1.4.1.42.2.17.1.1, NULL}
_PROTECTOR = bytes.fromhex("300e060a2b060104012a021101010500")
_PROTECTOR_OID = _PROTECTOR[2:14]


class StorePasswordError(InputError):
    """The store does not open with this password."""


class KeyPasswordError(InputError):
    """The store opened, but its key has a different password."""


@dataclasses.dataclass(frozen=True)
class TrustedCert:
    """A trusted certificate: alias, DER bytes, creation time in milliseconds since 1970."""

    alias: str
    der: bytes = dataclasses.field(repr=False)
    created_ms: int = 0


@dataclasses.dataclass(frozen=True)
class PrivateKey:
    """A private key (PKCS8 DER), its certificate chain (DER, leaf first), creation time in milliseconds since 1970."""

    alias: str
    pkcs8_der: bytes = dataclasses.field(repr=False)
    chain: t.Tuple[bytes, ...] = dataclasses.field(repr=False)
    created_ms: int = 0


Entry = t.Union[TrustedCert, PrivateKey]


def read(
    data: bytes, password: t.Optional[str], key_password: t.Optional[str] = None, subject: str = _SUBJECT
) -> t.List[Entry]:
    """Return the entries of a store, in its order.

    :param password: the store password. None reads a store of certificates without the check of its integrity, as
        Java does.
    :param key_password: the password of the keys in it; the store password if not given.
    :param subject: what an error calls the store, for example its path.
    :raises StorePasswordError: wrong store password.
    :raises KeyPasswordError: wrong key password.
    :raises InputError: not a JKS store, or a damaged one.
    """
    if data[:4] == JCEKS_MAGIC:
        raise InputError(
            subject,
            "this is a JCEKS store: only Java clients read it, and this collection does not",
            "Convert it: keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12",
        )
    if data[:4] != MAGIC:
        raise InputError(subject, "this is not a JKS store", "Give the store's type, or a PEM, PKCS12 or JKS file")
    raw, end = _read_entries(data, subject)
    if end + _DIGEST != len(data):
        raise _damaged(subject)
    if password is not None and not hmac.compare_digest(_digest(password, data[:end]), data[end:]):
        raise StorePasswordError(
            subject,
            "the store password is wrong",
            "Give the password that the store was created with",
            "store_password",
        )
    secret = _password_bytes((password or "") if key_password is None else key_password)
    return [_open(entry, secret, subject) for entry in raw]


def certificates(data: bytes) -> t.List[bytes]:
    """Return the certificates in a store (DER), of a key only its own. They are not encrypted: no password.

    :raises InputError: not a JKS store, or a damaged one.
    """
    if data[:4] != MAGIC:
        raise InputError(_SUBJECT, "this is not a JKS store", "Give the store's type, or a PEM, PKCS12 or JKS file")
    entries, _end = _read_entries(data, _SUBJECT)
    return [der for each in entries for der in ((each.der,) if isinstance(each, TrustedCert) else each.chain[:1])]


def write(entries: t.Sequence[Entry], password: str, key_password: t.Optional[str] = None) -> bytes:
    """Return a store of these entries, in their order.

    Same input, same bytes: the salt of a key is derived from key and password.

    :param key_password: the password of the keys in it; the store password if not given.
    """
    secret = _password_bytes(password if key_password is None else key_password)
    parts = [MAGIC, struct.pack(">II", 2, len(entries))]
    for entry in entries:
        tag = _KEY if isinstance(entry, PrivateKey) else _CERTIFICATE
        parts.append(struct.pack(">I", tag) + _utf(entry.alias.lower()) + struct.pack(">q", entry.created_ms))
        if isinstance(entry, PrivateKey):
            protected = _protect(entry.pkcs8_der, secret)
            parts.append(struct.pack(">I", len(protected)) + protected + struct.pack(">I", len(entry.chain)))
            parts.extend(_certificate(link) for link in entry.chain)
        else:
            parts.append(_certificate(entry.der))
    body = b"".join(parts)
    return body + _digest(password, body)


# --- the container ---------------------------------------------------------------------------------------------------


class _Reader:
    """Read big-endian fields, one after another. Raise IndexError for one that would pass the end."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise IndexError(count)
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> str:
        """Read Java's modified UTF-8: two bytes for NUL, two surrogates for a character beyond 16 bits."""
        raw = self.take(self.number(2)).replace(b"\xc0\x80", b"\x00")
        halves = raw.decode("utf-8", "surrogatepass")
        return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    def certificate(self, version: int) -> bytes:
        if version > 1:
            kind = self.text()
            if kind not in ("X.509", "X509"):
                raise ValueError(kind)
        return self.take(self.number(4))


def _read_entries(data: bytes, subject: str) -> t.Tuple[t.List[Entry], int]:
    """Return the entries, their keys still encrypted, and where they end."""
    reader = _Reader(data, 4)
    try:
        version = reader.number(4)
        if version not in _VERSIONS:
            raise InputError(
                subject, f"JKS version {version} is unknown", "Create the store again with keytool -storetype JKS"
            )
        count = reader.number(4)
        if count > MAX_ENTRIES:
            raise InputError(subject, f"more than {MAX_ENTRIES} entries", "Give a store with the needed entries only")
        return [_read_entry(reader, version) for _unused in range(count)], reader.position
    except (IndexError, ValueError) as error:
        raise _damaged(subject) from error


def _read_entry(reader: _Reader, version: int) -> Entry:
    tag, alias, created = reader.number(4), reader.text(), reader.number(8)
    if tag == _CERTIFICATE:
        return TrustedCert(alias, reader.certificate(version), created)
    if tag != _KEY:
        raise ValueError(tag)
    protected = reader.take(reader.number(4))
    chain = tuple(reader.certificate(version) for _unused in range(reader.number(4)))
    return PrivateKey(alias, protected, chain, created)


def _utf(text: str) -> bytes:
    units = text.encode("utf-16-be", "surrogatepass")
    halves = "".join(chr(int.from_bytes(units[i : i + 2], "big")) for i in range(0, len(units), 2))
    raw = halves.encode("utf-8", "surrogatepass").replace(b"\x00", b"\xc0\x80")
    return struct.pack(">H", len(raw)) + raw


def _certificate(content: bytes) -> bytes:
    return _utf("X.509") + struct.pack(">I", len(content)) + content


def _damaged(subject: str) -> InputError:
    return InputError(subject, "the JKS store is damaged or truncated", "Copy it again, in binary mode")


def _password_bytes(password: str) -> bytes:
    """Return a password as Java's characters, two bytes each."""
    return password.encode("utf-16-be", "surrogatepass")


def _digest(password: str, body: bytes) -> bytes:
    return hashlib.sha1(_password_bytes(password) + b"Mighty Aphrodite" + body).digest()  # noqa: S324


# --- the keys in it --------------------------------------------------------------------------------------------------


def _open(entry: Entry, secret: bytes, subject: str) -> Entry:
    if isinstance(entry, TrustedCert):
        return entry
    where = f"{subject}, key {entry.alias}"
    try:
        body, _unused = der.take(entry.pkcs8_der, der.SEQUENCE)
        algorithm, rest = der.take(body, der.SEQUENCE)
        payload, _unused = der.take(rest, der.OCTET_STRING)
    except ValueError as error:
        raise _damaged(where) from error
    if not algorithm.startswith(_PROTECTOR_OID):
        raise InputError(
            where, "encrypted in a way that JKS does not define", "Create the store again with keytool -storetype JKS"
        )
    salt, encrypted, check = payload[:_DIGEST], payload[_DIGEST:-_DIGEST], payload[-_DIGEST:]
    plain = _stream(encrypted, secret, salt)
    if not hmac.compare_digest(hashlib.sha1(secret + plain).digest(), check):  # noqa: S324
        raise KeyPasswordError(
            where,
            "the key password is wrong",
            "Give key_password: the key has a different password from the store",
            "key_password",
        )
    return dataclasses.replace(entry, pkcs8_der=plain)


def _protect(pkcs8_der: bytes, secret: bytes) -> bytes:
    salt = hmac.new(secret, b"salt" + pkcs8_der, hashlib.sha256).digest()[:_DIGEST]
    check = hashlib.sha1(secret + pkcs8_der).digest()  # noqa: S324
    payload = salt + _stream(pkcs8_der, secret, salt) + check
    return der.field(der.SEQUENCE, _PROTECTOR + der.field(der.OCTET_STRING, payload))


def _stream(data: bytes, secret: bytes, salt: bytes) -> bytes:
    """Encrypt or decrypt: XOR with SHA-1(password + previous block), starting from the salt."""
    block, stream = salt, bytearray()
    while len(stream) < len(data):
        block = hashlib.sha1(secret + block).digest()  # noqa: S324
        stream += block
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")).to_bytes(len(data), "big")
