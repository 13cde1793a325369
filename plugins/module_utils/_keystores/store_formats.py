# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Certificates and private keys out of any form in which people keep them: PEM, PKCS12 or JKS.

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

from . import der, jks

PEM, PKCS12, JKS = "PEM", "PKCS12", "JKS"
TYPES = (PEM, PKCS12, JKS)

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_OPENSSL_LABEL = "TRUSTED CERTIFICATE"  # it has something of OpenSSL's own after the certificate
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", _OPENSSL_LABEL)
_TRADITIONAL_LABELS = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")
# Object identifiers keyBag and pkcs8ShroudedKeyBag (1.2.840.113549.1.12.10.1.1 and .2): a PKCS12 store has one of the
# two for each private key, and not enciphered itself.
_KEY_BAGS = tuple(der.field(der.OID, bytes.fromhex(f"2a864886f70d010c0a010{kind}")) for kind in (1, 2))


@dataclasses.dataclass(frozen=True)
class Key:
    """A private key as it lay in a store: its name there, PKCS8 DER, and the certificates stored with it."""

    name: str
    pkcs8_der: bytes = dataclasses.field(repr=False)
    chain: t.Tuple[bytes, ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a store holds: certificates (DER) in its order, and private keys."""

    certificates: t.Tuple[bytes, ...]
    keys: t.Tuple[Key, ...]


def recognise(data: bytes) -> t.Optional[str]:
    """The type of a store by its content: ``PEM``, ``PKCS12``, ``JKS``, or None for anything else."""
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
    :param keys: False where only certificates are wanted: encrypted PEM keys are then told of and not deciphered.
    :raises InputError: wrong password, damaged, or nothing that could be read.
    :raises MissingLibraryError: it needs ``cryptography``.
    """
    if kind == PEM:
        return _read_pem(data, key_password if key_password is not None else password, subject, keys)
    if kind == PKCS12:
        return _read_pkcs12(data, password, subject)
    if password is None:
        raise InputError(subject, "a JKS store opens with a password only", "Give its password", "store_password")
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
    for match in _BLOCK.finditer(data):
        label, body = match.group(1).decode("ascii"), match.group(2)
        if label in _CERTIFICATE_LABELS:
            certificates.append(_pem_certificate(body, label, subject))
        elif label.endswith("PRIVATE KEY"):
            name = f"number {len(found) + 1} ({label})"
            found.append(Key(name, _pem_key(match.group(), label, key_password, subject) if keys else b""))
    if not certificates and not found:
        raise InputError(
            subject, "its PEM text holds no complete certificate or key", "Copy it again, from BEGIN to END"
        )
    return Contents(tuple(certificates), tuple(found))


def _pem_certificate(body: bytes, label: str, subject: str) -> bytes:
    content = _base64(body, label, subject)
    try:
        _unused, rest = der.take(content, der.SEQUENCE)
    except ValueError as error:
        raise _damaged_block(label, subject) from error
    if rest and label != _OPENSSL_LABEL:
        raise _damaged_block(label, subject)
    return content[: len(content) - len(rest)]


def _pem_key(block: bytes, label: str, password: t.Optional[str], subject: str) -> bytes:
    """PKCS8 DER of a key block."""
    if label == "PRIVATE KEY":
        content = _base64(_BLOCK.sub(rb"\2", block), label, subject)
        try:
            der.take(content, der.SEQUENCE)
        except ValueError as error:
            raise _damaged_block(label, subject) from error
        return content
    if label != "ENCRYPTED PRIVATE KEY" and label not in _TRADITIONAL_LABELS:
        raise InputError(
            subject,
            f"a key of the form {label} is not for TLS",
            "Convert it: openssl pkcs8 -topk8 -in KEY -out NEW_KEY",
        )
    encrypted = label.startswith("ENCRYPTED") or b"ENCRYPTED" in block.split(b"\n\n", 1)[0]
    if encrypted and password is None:
        raise InputError(
            subject, "its private key is encrypted and no password is given", "Give key_password", "key_password"
        )
    pyca = _cryptography("to read an encrypted PEM key, or one in an older form")
    secret = password.encode() if encrypted and password is not None else None
    try:
        key = pyca.serialization.load_pem_private_key(block, secret)
    except pyca.UnsupportedAlgorithm as error:
        raise InputError(
            subject, "its private key is of a kind that is not supported", "Use an RSA, EC or Ed25519 key"
        ) from error
    except (ValueError, TypeError) as error:
        if encrypted:
            raise InputError(
                subject,
                "the key password is wrong, or the key is damaged",
                "Give the key's password as key_password",
                "key_password",
            ) from error
        raise _damaged_block(label, subject) from error
    return _pkcs8(pyca, key)


def _base64(body: bytes, label: str, subject: str) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise _damaged_block(label, subject) from error


def _damaged_block(label: str, subject: str) -> InputError:
    return InputError(subject, f"its PEM block {label} is damaged", "Copy it again, with its line breaks")


# --- PKCS12 ----------------------------------------------------------------------------------------------------------


def _read_pkcs12(data: bytes, password: t.Optional[str], subject: str) -> Contents:
    pyca = _cryptography("to read a PKCS12 store")
    keys = sum(data.count(bag) for bag in _KEY_BAGS)
    if keys > 1:
        raise InputError(
            subject,
            f"it holds {keys} private keys, and a client has one",
            "Make a store with the one key: keytool -importkeystore -srcalias ALIAS -deststoretype PKCS12",
        )
    try:
        store = pyca.pkcs12.load_pkcs12(data, None if password is None else password.encode())
    except pyca.UnsupportedAlgorithm as error:
        raise InputError(
            subject, "it is enciphered in a way that is not supported", "Convert it: keytool -importkeystore"
        ) from error
    except ValueError as error:
        if password is None:
            raise InputError(
                subject, "the PKCS12 store opens with a password only", "Give its password", "store_password"
            ) from error
        raise InputError(
            subject,
            "the store password is wrong, or the PKCS12 store is damaged",
            "Give the password that the store was made with",
            "store_password",
        ) from error
    others = tuple(_der(pyca, entry.certificate) for entry in store.additional_certs)
    own = () if store.cert is None else (_der(pyca, store.cert.certificate),)
    if store.key is None:
        return Contents(own + others, ())
    return Contents((), (Key("in the store", _pkcs8(pyca, store.key), own + others),))


def _der(pyca: t.Any, certificate: t.Any) -> bytes:
    return t.cast(bytes, certificate.public_bytes(pyca.serialization.Encoding.DER))


def _pkcs8(pyca: t.Any, key: t.Any) -> bytes:
    forms = pyca.serialization
    return t.cast(bytes, key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption()))


def _cryptography(purpose: str) -> t.Any:
    """The library, imported when it is first needed: most stores do not need it."""
    from . import cryptography_dep  # noqa: PLC0415

    if cryptography_dep.IMPORT_ERROR is not None:
        raise MissingLibraryError("cryptography", purpose, cryptography_dep.IMPORT_ERROR)
    return cryptography_dep
