# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password that is missing or wrong has a code for programs, which tells the store's password from the key's."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import der, jks, store_types, stores, x509
from cryptography import x509 as pyca_x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_der_private_key, pkcs12

from tests.unit.kafka import pki


def in_pkcs12() -> bytes:
    key, certificate = pki.client().key_der, pyca_x509.load_der_x509_certificate(pki.client().der)
    return pkcs12.serialize_key_and_certificates(
        b"a",
        load_der_private_key(key, None),
        certificate,
        None,
        BestAvailableEncryption(b"right"),  # type: ignore[arg-type]
    )


def in_jks(key_password: str = "right") -> bytes:
    entry = jks.PrivateKey("a", pki.client().key_der, (pki.client().der,))
    return jks.write([entry], key_password)


def in_pem() -> bytes:
    return f"{pki.client().key_pem('right')}{pki.client().pem}".encode()


@pytest.mark.parametrize(
    ("content", "type_", "passwords", "reason"),
    [
        (in_pkcs12(), "PKCS12", {}, "store_password"),
        (in_pkcs12(), "PKCS12", {"password": "wrong"}, "store_password"),
        (in_jks(), "JKS", {}, "store_password"),
        (in_jks(), "JKS", {"password": "wrong"}, "store_password"),
        (in_jks(), "JKS", {"password": "right", "key_password": "wrong"}, "key_password"),
        (in_pem(), "PEM", {}, "key_password"),
        (in_pem(), "PEM", {"key_password": "wrong"}, "key_password"),
    ],
)
def test_which_password_is_at_fault(content: bytes, type_: str, passwords: dict[str, str], reason: str) -> None:
    option = store_types.StoreOption("keystore", content=content, type=type_, **t.cast(t.Any, passwords))
    with pytest.raises(InputError) as raised:
        stores.load_keystore(option)
    assert raised.value.reason == reason
    assert raised.value.subject.startswith(option.subject)
    assert "wrong" not in str(raised.value).split()


def test_names_are_read_from_certificates_alone() -> None:
    for data in (der.field(der.OCTET_STRING, b""), der.field(der.SEQUENCE, der.field(der.OCTET_STRING, b""))):
        with pytest.raises(ValueError, match="DER"):
            x509.names(data)
