# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Trust stores and key stores: read from any form, checked, and written as JKS.

Whatever is wrong with a store is found here, before anything is written, and each fault has its own message.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import os
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jks, store_formats, x509

fits = x509.fits

_LARGEST = 16 * 1024 * 1024
_ALIASES = {"P12": store_formats.PKCS12, "PFX": store_formats.PKCS12, "PKCS#12": store_formats.PKCS12}


@dataclasses.dataclass(frozen=True)
class StoreOption:
    """A store as a user gives it: ``{path or content, type, password, key_password, remote}``.

    :param role: ``truststore`` or ``keystore``.
    :param path: where it lies, on the host on which it is to be read.
    :param content: its bytes. With a path too, they were read from there already.
    :param type: ``PEM``, ``PKCS12`` or ``JKS``; recognised from the content where not given.
    :param password: opens the store; for PEM the password that the JKS made of it gets.
    :param key_password: opens the private key in it, where that differs.
    :param remote: the path is one on the managed host, not on the controller.
    """

    role: str
    path: t.Optional[str] = None
    content: t.Optional[bytes] = dataclasses.field(default=None, repr=False)
    type: t.Optional[str] = None
    password: t.Optional[str] = dataclasses.field(default=None, repr=False)
    key_password: t.Optional[str] = dataclasses.field(default=None, repr=False)
    remote: bool = False

    @property
    def subject(self) -> str:
        """What an error calls it."""
        return f"{self.role} {self.path}" if self.path else f"{self.role} (content)"


@dataclasses.dataclass(frozen=True)
class TrustStore:
    """Certificates (DER) that are trusted, in the order of their SHA-256, and the password of the JKS made of them."""

    certificates: t.Tuple[bytes, ...] = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class KeyStore:
    """A private key (PKCS8 DER), its chain (DER, leaf first), and the password of the JKS made of them."""

    private_key: bytes = dataclasses.field(repr=False)
    chain: t.Tuple[bytes, ...] = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)


def store_option(role: str, params: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[StoreOption]:
    """The option ``truststore`` or ``keystore`` of a module; None where it is not given or is empty.

    :param params: ``{path, content, type, password, key_password, remote}``; ``content`` is PEM text or base64.
    :raises InputError: neither or both of path and content, an unknown type, content in neither form.
    """
    given = {name: value for name, value in (params or {}).items() if value is not None}
    if not given:
        return None
    unknown = sorted(set(given) - {"path", "content", "type", "password", "key_password", "remote"})
    if unknown:
        raise InputError(
            f"option {role}",
            f"it has no {unknown[0]}",
            "It takes path or content, type, password, key_password, remote",
        )
    if bool(given.get("path")) == bool(given.get("content")):
        raise InputError(f"option {role}", "it needs one of path and content", "Give the file's path, or its content")
    content = given.get("content")
    return StoreOption(
        role=role,
        path=str(given["path"]) if given.get("path") else None,
        content=None if not content else content if isinstance(content, bytes) else _content(role, str(content)),
        type=_type(role, str(given["type"])) if given.get("type") else None,
        password=_text(given.get("password")),
        key_password=_text(given.get("key_password")),
        remote=bool(given.get("remote", False)),
    )


def load_truststore(option: StoreOption, now: t.Optional[float] = None) -> TrustStore:
    """Read and check a trust store.

    :param now: seconds since 1970 for the check of validity; the clock where not given.
    :raises InputError: it cannot be read or opened, holds a private key, no certificate, or none that is valid.
    """
    contents = _read(option, keys=False)
    if contents.keys:
        raise InputError(
            option.subject,
            "it holds a private key, and a truststore is handed to everybody",
            "Give the certificates of the authorities alone; the key belongs in keystore",
        )
    if not contents.certificates:
        raise InputError(
            option.subject, "there is no certificate in it", "Give the certificate that signed the brokers'"
        )
    unique = {hashlib.sha256(certificate).digest(): certificate for certificate in contents.certificates}
    certificates = tuple(unique[digest] for digest in sorted(unique))
    read = [_certificate(certificate, option.subject) for certificate in certificates]
    faults = [fault for fault in (_validity(certificate, now) for certificate in read) if fault]
    if len(faults) == len(read):
        raise InputError(option.subject, faults[0].text, "Give a certificate that is valid now", faults[0].reason)
    derived = hashlib.sha256(b"hopsworks.kafka truststore" + b"".join(certificates)).hexdigest()[:32]
    return TrustStore(certificates, option.password or derived)


def load_keystore(option: StoreOption, now: t.Optional[float] = None) -> KeyStore:
    """Read and check a key store.

    :param now: seconds since 1970 for the check of validity; the clock where not given.
    :raises InputError: it cannot be read or opened, holds no or several private keys, no certificate or none that fits
        the key, or one that is expired or not yet valid.
    """
    contents = _read(option)
    if not contents.keys:
        raise InputError(
            option.subject, "there is no private key in it", "Give the client's certificate together with its key"
        )
    if len(contents.keys) > 1:
        raise InputError(
            option.subject,
            f"it holds {len(contents.keys)} private keys: {', '.join(key.name for key in contents.keys)}",
            "Give a store with the one key that this client is to use",
        )
    key = contents.keys[0]
    chain = _chain(key.pkcs8_der, key.chain + contents.certificates, option.subject)
    for certificate in chain:
        fault = _validity(_certificate(certificate, option.subject), now)
        if fault:
            raise InputError(option.subject, fault.text, "Give a certificate that is valid now", fault.reason)
    derived = hmac.new(key.pkcs8_der, b"hopsworks.kafka keystore", hashlib.sha256).hexdigest()[:32]
    return KeyStore(key.pkcs8_der, chain, option.password or derived)


def notes(truststore: TrustStore, now: t.Optional[float] = None) -> t.Tuple[str, ...]:
    """What should be told of a trust store that is usable: certificates in it that are not valid now."""
    faults = (_validity(x509.read(certificate), now) for certificate in truststore.certificates)
    return tuple(f"truststore: {fault.text}; the others in it still count" for fault in faults if fault)


def truststore_jks(store: TrustStore) -> bytes:
    """The trust store as a JKS file. Same store, same bytes."""
    entries = [jks.TrustedCert(f"ca-{number}", der) for number, der in enumerate(store.certificates, start=1)]
    return jks.write(entries, store.password)


def keystore_jks(store: KeyStore) -> bytes:
    """The key store as a JKS file; its key has the store's password, all that the Hopsworks client can open."""
    return jks.write([jks.PrivateKey("client", store.private_key, store.chain)], store.password)


def file_name(prefix: str, role: str, content: bytes) -> str:
    """A file name that changes with the content: ``kafka_fraud_1a2b3c4d_truststore.jks``.

    Clients keep downloaded stores by name and never fetch them again, so a new content must have a new name.
    """
    return f"{prefix}_{hashlib.sha256(content).hexdigest()[:8]}_{role}.jks"


class Expiry(t.NamedTuple):
    """When something stops working, in seconds since 1970, and the subject name of the certificate that is why."""

    not_after: int
    subject: str


class HasStores(t.Protocol):
    """Anything with stores, such as a ``KafkaDeclaration``."""

    @property
    def truststore(self) -> t.Optional[TrustStore]: ...

    @property
    def keystore(self) -> t.Optional[KeyStore]: ...


def expires(client: HasStores) -> t.Optional[Expiry]:
    """The first certain failure by age: any certificate of the client's chain, or the last certificate trusted.

    A trust store with an old and a new authority, as in a rotation, fails only with the later of them.
    None for a client without stores.
    """
    ends = [_expiry(certificate) for certificate in (client.keystore.chain if client.keystore else ())]
    if client.truststore:
        ends.append(max(_expiry(certificate) for certificate in client.truststore.certificates))
    return min(ends) if ends else None


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(option: StoreOption, keys: bool = True) -> store_formats.Contents:
    data = _bytes(option)
    found = store_formats.recognise(data)
    if found is None:
        raise InputError(
            option.subject,
            "its type is not recognised: it is neither PEM text nor a PKCS12 or JKS store",
            "Convert it; a DER certificate: openssl x509 -inform der -in FILE -out FILE.pem",
        )
    if option.type and option.type != found:
        raise InputError(
            option.subject, f"its type is given as {option.type}, and it is {found}", "Correct type, or leave it out"
        )
    return store_formats.read(data, found, option.password, option.key_password, option.subject, keys)


def _bytes(option: StoreOption) -> bytes:
    if option.path is None or option.content is not None:
        return option.content or b""
    try:
        data = regular_files.read(os.path.expanduser(option.path), _LARGEST)
    except OSError as error:
        raise InputError(
            option.subject,
            f"cannot be read: {error.strerror}",
            "Check the path and the rights of who runs this task",
            "unreadable_file",
        ) from error
    if not data:
        raise InputError(option.subject, "the file is empty", "Give the certificates, as PEM, PKCS12 or JKS")
    return data


def _content(role: str, text: str) -> bytes:
    if "-----BEGIN " in text:
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            f"option {role}",
            "its content is neither PEM text nor base64",
            "Give PEM text, or a PKCS12 or JKS file through the filter b64encode",
        ) from error


def _type(role: str, given: str) -> str:
    kind = _ALIASES.get(given.upper(), given.upper())
    if kind not in store_formats.TYPES:
        raise InputError(f"option {role}", f"type {given} is not known", f"Use one of {', '.join(store_formats.TYPES)}")
    return kind


def _text(value: t.Any) -> t.Optional[str]:
    return None if value is None else str(value)


# --- checks ----------------------------------------------------------------------------------------------------------


def _chain(private_key: bytes, certificates: t.Tuple[bytes, ...], subject: str) -> t.Tuple[bytes, ...]:
    """The leaf that fits the key, then its issuers as far as they are there."""
    if not certificates:
        raise InputError(subject, "there is no certificate for its private key", "Give key and certificate together")
    leaf = next((certificate for certificate in certificates if fits(private_key, certificate)), None)
    if leaf is None:
        name = _certificate(certificates[0], subject).subject
        raise InputError(
            subject,
            f"its private key does not fit its certificate ({name})",
            "Give the key with which this certificate was requested",
            "key_mismatch",
        )
    chain = [leaf]
    while True:
        last = _certificate(chain[-1], subject)
        issuer = next(
            (
                certificate
                for certificate in certificates
                if certificate not in chain and _certificate(certificate, subject).subject_der == last.issuer_der
            ),
            None,
        )
        if issuer is None or last.subject_der == last.issuer_der:
            return tuple(chain)
        chain.append(issuer)


def _certificate(certificate: bytes, subject: str) -> x509.Certificate:
    try:
        return x509.read(certificate)
    except ValueError as error:
        raise InputError(subject, "a certificate in it is damaged", "Copy it again") from error


class _Fault(t.NamedTuple):
    reason: str
    text: str


def _validity(certificate: x509.Certificate, now: t.Optional[float]) -> t.Optional[_Fault]:
    moment = time.time() if now is None else now
    if moment > certificate.not_after:
        text = f"certificate {certificate.subject} expired on {x509.day(certificate.not_after)}"
        return _Fault("certificate_expired", text)
    if moment < certificate.not_before:
        text = f"certificate {certificate.subject} is not valid before {x509.day(certificate.not_before)}"
        return _Fault("certificate_not_yet_valid", text)
    return None


def _expiry(certificate: bytes) -> Expiry:
    read = x509.read(certificate)
    return Expiry(read.not_after, read.subject)
