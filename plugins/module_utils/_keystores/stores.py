# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read trust stores and key stores in any format, check them, and write them as JKS.

Every fault of a store is found here, before anything is written, and has its own message.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jks, store_formats, x509
from .store_types import PEM, KeyStore, StoreOption, TrustStore

#: The largest size of a store, in bytes. The trust store of a JDK has about 200 kB.
MAX_STORE_BYTES = 4 * 1024 * 1024

_MAX_CHAIN = 100
_MAX_NAMES = 5


def load_truststore(option: StoreOption, now: t.Optional[float] = None) -> TrustStore:
    """Read and check a trust store.

    :param now: seconds since 1970 for the check of validity; the current time if not given.
    :raises InputError: it cannot be read or opened, has a private key, no certificate, or none that is valid.
    """
    contents = _read(option, keys=False)
    if contents.keys and not option.as_java:
        raise InputError(
            option.subject,
            "it contains a private key, and every client receives the truststore",
            "Give only the certificates of the authorities; put the key into keystore",
        )
    if not contents.certificates:
        raise InputError(
            option.subject, "no certificate found", "Give the certificate of the authority that signed the brokers'"
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

    :param now: seconds since 1970 for the check of validity; the current time if not given.
    :raises InputError: it cannot be read or opened, has no or several private keys, no certificate that belongs to the
        key, or one that is expired or not yet valid.
    """
    contents = _read(option)
    if not contents.keys:
        raise InputError(option.subject, "no private key found", "Give the client's certificate together with its key")
    if len(contents.keys) > 1:
        raise InputError(
            option.subject,
            f"{len(contents.keys)} private keys found: {', '.join(key.name for key in contents.keys[:_MAX_NAMES])}",
            "Give a store with only the key that this client uses",
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
    """Return warnings about a trust store that is usable: certificates in it that are not valid now."""
    faults = (_validity(x509.read(certificate), now) for certificate in truststore.certificates)
    return tuple(f"truststore: {fault.text}; its other certificates are still used" for fault in faults if fault)


def truststore_jks(store: TrustStore) -> bytes:
    """Return the trust store as a JKS file. Same store, same bytes."""
    entries = [jks.TrustedCert(f"ca-{number}", der) for number, der in enumerate(store.certificates, start=1)]
    return jks.write(entries, store.password)


def keystore_jks(store: KeyStore) -> bytes:
    """Return the key store as a JKS file. Its key has the store's password: the Hopsworks client can open no other."""
    return jks.write([jks.PrivateKey("client", store.private_key, store.chain)], store.password)


def file_name(prefix: str, role: str, content: bytes) -> str:
    """Return a file name that changes with the content: ``kafka_fraud_1a2b3c4d_truststore.jks``.

    Clients keep downloaded stores by name and never fetch them again, so new content needs a new name.
    """
    return f"{prefix}_{hashlib.sha256(content).hexdigest()[:8]}_{role}.jks"


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(option: StoreOption, keys: bool = True) -> store_formats.Contents:
    data = content(option)
    found = store_formats.recognise(data)
    if found is None:
        raise InputError(
            option.subject,
            "unknown type of store: neither PEM text nor PKCS12 or JKS",
            "Convert it; a DER certificate: openssl x509 -inform der -in FILE -out FILE.pem",
        )
    # Java takes JKS for PKCS12 and the reverse.
    if option.type and option.type != found and PEM in (option.type, found):
        raise InputError(
            option.subject, f"the file is {found}, and type says {option.type}", f"Set type to {found}, or omit it"
        )
    return store_formats.read(data, found, option.password, option.key_password, option.subject, keys)


def content(option: StoreOption) -> bytes:
    """Return the bytes of a store.

    :raises InputError: it cannot be read, is empty or too large.
    """
    if option.path is None or option.content is not None:
        data = option.content or b""
    else:
        try:
            data = regular_files.read(os.path.expanduser(option.path), MAX_STORE_BYTES)
        except OSError as error:
            raise InputError(
                option.subject,
                f"cannot be read: {error.strerror}",
                "Check the path, and whether the user that runs this task may read it",
                "unreadable_file",
            ) from error
    if not data:
        raise InputError(option.subject, "the file is empty", "Give the certificates, as PEM, PKCS12 or JKS")
    if len(data) > MAX_STORE_BYTES:
        raise InputError(
            option.subject, f"larger than {MAX_STORE_BYTES} bytes", "Give a store with the needed certificates only"
        )
    return data


# --- checks ----------------------------------------------------------------------------------------------------------


def _chain(private_key: bytes, certificates: t.Tuple[bytes, ...], subject: str) -> t.Tuple[bytes, ...]:
    """Return the certificate of the key, then its issuers as far as the store has them."""
    if not certificates:
        raise InputError(subject, "no certificate found for the private key", "Give key and certificate together")
    if len(certificates) > _MAX_CHAIN:
        raise InputError(
            subject, f"more than {_MAX_CHAIN} certificates", "Give only the client's certificate and its issuers"
        )
    leaf = next((each for each in certificates if x509.key_matches_certificate(private_key, each)), None)
    if leaf is None:
        name = _certificate(certificates[0], subject).subject
        raise InputError(
            subject,
            f"the private key does not belong to the certificate ({name})",
            "Give the key that this certificate was requested with",
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
        raise InputError(subject, "a certificate is damaged", "Copy the store again, in binary mode") from error


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
