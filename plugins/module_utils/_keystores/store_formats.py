# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read certificates and private keys from PEM, PKCS12 or JKS.

Unencrypted PEM and JKS need the standard library alone. PKCS12, encrypted PEM keys and PEM keys in the older forms
(``RSA PRIVATE KEY``, ``EC PRIVATE KEY``) need ``cryptography``.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError, MissingLibraryError

from . import der, jks, key_derivation
from .store_types import JKS, PEM, PKCS12

#: The most certificates and keys in a store. The trust store of a JDK has about 150.
MAX_ENTRIES = jks.MAX_ENTRIES

_MARKER = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")
_OPENSSL_LABEL = "TRUSTED CERTIFICATE"  # OpenSSL appends data of its own to the certificate
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", _OPENSSL_LABEL)
_TRADITIONAL_LABELS = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")
# Object identifiers keyBag and pkcs8ShroudedKeyBag (1.2.840.113549.1.12.10.1.1 and .2): a PKCS12 store has one of the
# two, itself not encrypted, for each private key.
_KEY_BAGS = tuple(der.field(der.OID, bytes.fromhex(f"2a864886f70d010c0a010{kind}")) for kind in (1, 2))


@dataclasses.dataclass(frozen=True)
class Key:
    """A private key of a store: its name there, PKCS8 DER, and the certificates stored with it."""

    name: str
    pkcs8_der: bytes = dataclasses.field(repr=False)
    chain: t.Tuple[bytes, ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True)
class Contents:
    """The contents of a store: certificates (DER) in its order, and private keys."""

    certificates: t.Tuple[bytes, ...]
    keys: t.Tuple[Key, ...]


def recognise(data: bytes) -> t.Optional[str]:
    """Return the type of a store by its content: ``PEM``, ``PKCS12``, ``JKS``, or None for anything else."""
    if data[:4] in (jks.MAGIC, jks.JCEKS_MAGIC):
        return JKS
    if b"-----BEGIN " in data:
        return PEM
    # PFX ::= SEQUENCE {version INTEGER (3), ...}: the version follows after a length of one to five bytes.
    if data[:1] == b"\x30" and b"\x02\x01\x03" in data[2:9]:
        return PKCS12
    return None


def read(
    data: bytes, kind: str, password: t.Optional[str], key_password: t.Optional[str], subject: str, keys: bool = True
) -> Contents:
    """Open a store.

    :param kind: one of :data:`TYPES`.
    :param keys: False if only certificates are needed: encrypted PEM keys are then listed and not decrypted.
    :raises InputError: wrong password, damaged, too large, or without anything that can be read.
    :raises MissingLibraryError: it needs ``cryptography``.
    """
    if kind == PEM:
        return _read_pem(data, key_password if key_password is not None else password, subject, keys)
    if kind == PKCS12:
        return _read_pkcs12(data, password, subject)
    if password is None and keys:
        raise InputError(subject, "a JKS store needs a password", "Give the store's password", "store_password")
    try:
        entries = jks.read(data, password, key_password, subject)
    except jks.KeyPasswordError:
        if keys:
            raise
        return Contents((), (Key("in the store", b""),))
    return Contents(
        tuple(entry.der for entry in entries if isinstance(entry, jks.TrustedCert)),
        tuple(Key(entry.alias, entry.pkcs8_der, entry.chain) for entry in entries if isinstance(entry, jks.PrivateKey)),
    )


# --- PEM -------------------------------------------------------------------------------------------------------------


def _read_pem(data: bytes, key_password: t.Optional[str], subject: str, keys: bool) -> Contents:
    certificates: t.List[bytes] = []
    found: t.List[Key] = []
    for block in _pem_blocks(data):
        if len(certificates) + len(found) == MAX_ENTRIES:
            raise _too_many(subject)
        if block.label in _CERTIFICATE_LABELS:
            certificates.append(_pem_certificate(block, subject))
        elif block.label.endswith("PRIVATE KEY"):
            name = f"number {len(found) + 1} ({block.label})"
            found.append(Key(name, _pem_key(block, key_password, subject) if keys else b""))
    if not certificates and not found:
        raise InputError(subject, "the PEM text has no complete certificate or key", "Copy it again, from BEGIN to END")
    return Contents(tuple(certificates), tuple(found))


class _Block(t.NamedTuple):
    """A PEM block: its label, what is between its markers, and all of it."""

    label: str
    body: bytes
    text: bytes


def _pem_blocks(data: bytes) -> t.Iterator[_Block]:
    """Yield the complete blocks of a PEM text: an END marker directly after the BEGIN marker of the same label."""
    begin = None
    for marker in _MARKER.finditer(data):
        if marker.group(1) == b"BEGIN":
            begin = marker
        elif begin is not None and begin.group(2) == marker.group(2):
            label = marker.group(2).decode("ascii")
            yield _Block(label, data[begin.end() : marker.start()], data[begin.start() : marker.end()])
            begin = None


def _pem_certificate(block: _Block, subject: str) -> bytes:
    content = _base64(block, subject)
    try:
        _unused, rest = der.take(content, der.SEQUENCE)
    except ValueError as error:
        raise _damaged_block(block, subject) from error
    if rest and block.label != _OPENSSL_LABEL:
        raise _damaged_block(block, subject)
    return content[: len(content) - len(rest)]


def _pem_key(block: _Block, password: t.Optional[str], subject: str) -> bytes:
    """Return the PKCS8 DER of a key block."""
    if block.label == "PRIVATE KEY":
        content = _base64(block, subject)
        try:
            der.take(content, der.SEQUENCE)
        except ValueError as error:
            raise _damaged_block(block, subject) from error
        return content
    if block.label == "ENCRYPTED PRIVATE KEY":
        try:
            _check_iterations(_base64(block, subject), subject)
        except ValueError as error:
            raise _damaged_block(block, subject) from error
    elif block.label not in _TRADITIONAL_LABELS:
        raise InputError(
            subject,
            f"a key of type {block.label} cannot be used for TLS",
            "Convert it: openssl pkcs8 -topk8 -in KEY -out NEW_KEY",
        )
    encrypted = block.label.startswith("ENCRYPTED") or b"ENCRYPTED" in block.text.split(b"\n\n", 1)[0]
    if encrypted and password is None:
        raise InputError(
            subject, "the private key is encrypted, and no password is given", "Give key_password", "key_password"
        )
    pyca = _cryptography("to read an encrypted PEM key, or one in an older form")
    secret = password.encode() if encrypted and password is not None else None
    try:
        key = pyca.serialization.load_pem_private_key(block.text, secret)
    except pyca.UnsupportedAlgorithm as error:
        raise InputError(
            subject, "the type of the private key is not supported", "Use an RSA, EC or Ed25519 key"
        ) from error
    except (ValueError, TypeError) as error:
        if encrypted:
            raise InputError(
                subject,
                "the key password is wrong, or the key is damaged",
                "Give the password of the key as key_password",
                "key_password",
            ) from error
        raise _damaged_block(block, subject) from error
    return _pkcs8(pyca, key)


def _base64(block: _Block, subject: str) -> bytes:
    try:
        return base64.b64decode(b"".join(block.body.split()), validate=True)
    except binascii.Error as error:
        raise _damaged_block(block, subject) from error


def _damaged_block(block: _Block, subject: str) -> InputError:
    return InputError(subject, f"the PEM block {block.label} is damaged", "Copy it again, with its line breaks")


def _too_many(subject: str) -> InputError:
    return InputError(subject, f"more than {MAX_ENTRIES} entries", "Give a store with the needed entries only")


def _check_iterations(data: bytes, subject: str) -> None:
    """Check, before decrypting, that decrypting does not take too long.

    :raises ValueError: the iterations cannot be read.
    """
    count = key_derivation.iterations(data)
    if count > key_derivation.MAX_ITERATIONS:
        raise InputError(
            subject,
            f"its encryption needs {count} iterations of key derivation, and {key_derivation.MAX_ITERATIONS} are "
            "allowed",
            "Create it again with fewer, for example 100000",
        )


# --- PKCS12 ----------------------------------------------------------------------------------------------------------


def _read_pkcs12(data: bytes, password: t.Optional[str], subject: str) -> Contents:
    pyca = _cryptography("to read a PKCS12 store")
    try:
        _check_iterations(data, subject)
    except ValueError as error:
        raise _damaged_pkcs12(subject) from error
    keys = sum(data.count(bag) for bag in _KEY_BAGS)
    if keys > 1:
        raise InputError(
            subject,
            f"{keys} private keys found, and a client has one",
            "Create a store with one key: keytool -importkeystore -srcalias ALIAS -deststoretype PKCS12",
        )
    try:
        store = pyca.pkcs12.load_pkcs12(data, None if password is None else password.encode())
    except pyca.UnsupportedAlgorithm as error:
        raise InputError(
            subject, "the encryption of the PKCS12 store is not supported", "Convert it: keytool -importkeystore"
        ) from error
    except ValueError as error:
        if password is None:
            raise InputError(
                subject, "a PKCS12 store needs a password", "Give the store's password", "store_password"
            ) from error
        raise _damaged_pkcs12(subject) from error
    others = tuple(_der(pyca, entry.certificate) for entry in store.additional_certs)
    own = () if store.cert is None else (_der(pyca, store.cert.certificate),)
    if len(others) > MAX_ENTRIES:
        raise _too_many(subject)
    if store.key is None:
        return Contents(own + others, ())
    return Contents((), (Key("in the store", _pkcs8(pyca, store.key), own + others),))


def _damaged_pkcs12(subject: str) -> InputError:
    return InputError(
        subject,
        "the store password is wrong, or the PKCS12 store is damaged",
        "Give the password that the store was created with",
        "store_password",
    )


def _der(pyca: t.Any, certificate: t.Any) -> bytes:
    return t.cast(bytes, certificate.public_bytes(pyca.serialization.Encoding.DER))


def _pkcs8(pyca: t.Any, key: t.Any) -> bytes:
    forms = pyca.serialization
    return t.cast(bytes, key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption()))


def _cryptography(purpose: str) -> t.Any:
    """Import the library when it is first needed: most stores do not need it."""
    from . import cryptography_dep  # noqa: PLC0415

    if cryptography_dep.IMPORT_ERROR is not None:
        raise MissingLibraryError("cryptography", purpose, cryptography_dep.IMPORT_ERROR)
    return cryptography_dep
