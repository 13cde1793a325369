# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check a file of properties that a Java client reads as it is, with the stores that it names.

What is declared is normalised and converted before it is written, so it needs none of this.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import java_trust, store_formats, stores
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.store_types import PEM, PKCS12, StoreOption

from . import declaration, java_rules, validation
from .java_rules import Properties

_TYPES = ("JKS", "PKCS12", "JCEKS", "PKCS12S2", "PEM", "DKS", "CASEEXACTJKS")
_KEYTOOL = "keytool -importcert -alias ca -file CERTIFICATE -keystore NEW.p12 -storetype PKCS12"
_PEM_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END", re.DOTALL)
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PKCS8 = "openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW_KEY"
_ROLES = ("truststore", "keystore")


def declare_file(
    properties: t.Mapping[str, t.Any],
    options: t.Mapping[str, t.Optional[StoreOption]],
    path: t.Callable[[str], str],
    now: t.Optional[float] = None,
    known: t.Optional[t.Dict[StoreOption, t.Any]] = None,
) -> declaration.KafkaDeclaration:
    """Return the client of a file that Java reads as it is: what Java refuses in it is refused here.

    :param options: stores that are given besides the file, by role.
    :param path: turns a location in the file into a path on this machine.
    :param now: as :func:`declaration.declare` takes it; likewise ``known``.
    :raises InputError: as :func:`declaration.declare`.
    """
    notes = odd_names(properties)
    texts = declaration.texts_of({name: value for name, value in properties.items() if is_name(name)})
    notes += java_rules.judge(texts)
    validation.check_placeholders(texts)
    used = texts.get("security.protocol", "PLAINTEXT").upper().endswith("SSL")
    chosen: t.Dict[str, t.Optional[StoreOption]] = dict.fromkeys(declaration.STORE_PROPERTIES)
    if used:
        check_names(texts)
        for role, fields in declaration.STORE_PROPERTIES.items():
            given = options.get(role)
            if given is None and fields["path"] in texts:
                given, more = located(role, texts, path)
                notes += more
                texts = {name: value for name, value in texts.items() if name not in fields.values()}
            chosen[role] = declaration.take_store(role, texts, given)
    has_jaas = "sasl.jaas.config" in texts
    declaration.normalise(texts)
    if not has_jaas:
        texts.pop("sasl.jaas.config", None)
    given_roles = () if used else tuple(role for role in declaration.STORE_PROPERTIES if options.get(role))
    notes += validation.check(texts, "truststore" in given_roles, "keystore" in given_roles)
    if not used:
        for role in declaration.STORE_PROPERTIES:
            texts = declaration.without_store(role, texts)
    return declaration.loaded(texts, chosen, notes, now, known)


def from_java(
    properties: t.Mapping[str, t.Any],
    path: t.Callable[[str], str] = lambda location: location,
    now: t.Optional[float] = None,
) -> declaration.KafkaDeclaration:
    """Return a client from the properties of a Java client. Its stores are read from their locations.

    :param properties: for example a parsed ``onlinefs-kafka.properties``.
    :param path: turns a location into a path on this machine, for example a container's into the host's.
    :raises InputError: as :func:`declaration.declare`.
    """
    return declare_file(properties, {}, path, now)


def check_names(properties: Properties) -> None:
    """Check how the properties name their stores, as Java's ``DefaultSslEngineFactory`` does.

    :raises InputError: it would refuse them.
    """
    for role in _ROLES:
        location, kind = properties.get(f"ssl.{role}.location"), properties.get(f"ssl.{role}.type", "JKS")
        password = properties.get(f"ssl.{role}.password")
        subject = f"property ssl.{role}.type"
        if kind != "PEM" and (kind.upper() not in _TYPES or kind.upper() == "PEM") and location is not None:
            raise InputError(subject, "Java has no store of this type", "Give PEM, PKCS12 or JKS")
        inline = _inline(role, properties)
        if inline:
            _check_inline(role, inline, properties)
        elif kind == "PEM" and location is not None and password is not None:
            _no_password(role)
        elif location is None and password is not None:
            raise InputError(
                f"property ssl.{role}.password", "a password is given, but no store", f"Give ssl.{role}.location"
            )


def _inline(role: str, properties: Properties) -> t.List[str]:
    names = (
        ("ssl.truststore.certificates",)
        if role == "truststore"
        else ("ssl.keystore.key", "ssl.keystore.certificate.chain")
    )
    return [name for name in names if name in properties]


def _check_inline(role: str, inline: t.Sequence[str], properties: Properties) -> None:
    subject = f"property {inline[0]}"
    if properties.get(f"ssl.{role}.type") != "PEM":
        raise InputError(subject, f"Java accepts it only with ssl.{role}.type=PEM", f"Add ssl.{role}.type=PEM")
    if f"ssl.{role}.location" in properties:
        raise InputError(subject, f"ssl.{role}.location is given as well", "Give one of the two")
    if f"ssl.{role}.password" in properties:
        _no_password(role)
    if role == "keystore" and "ssl.keystore.key" not in properties:
        raise InputError(subject, "ssl.keystore.key is missing", "Give the key")


def _no_password(role: str) -> t.NoReturn:
    more = "; the key's is ssl.key.password" if role == "keystore" else ""
    raise InputError(
        f"property ssl.{role}.password", "Java refuses a store password for PEM", f"Omit ssl.{role}.password{more}"
    )


def odd_names(properties: t.Mapping[str, t.Any]) -> t.Tuple[str, ...]:
    """Return notes about names that are none of Kafka's. Java ignores them."""
    return tuple(
        f"property {name!r}: not a name of a Kafka property, ignored" for name in properties if not is_name(name)
    )


def is_name(name: t.Any) -> bool:
    """Tell whether a text can be the name of a property of Kafka."""
    return isinstance(name, str) and bool(name) and not any(map(str.isspace, name))


def located(role: str, properties: Properties, path: t.Callable[[str], str]) -> t.Tuple[StoreOption, t.Tuple[str, ...]]:
    """Return the store that a file names, with its content, and notes about it.

    :param path: turns its location into a path on this machine.
    :raises InputError: it cannot be read, or Java would not open it.
    """
    key_password = properties.get("ssl.key.password") if role == "keystore" else None
    option = StoreOption(
        role,
        path=path(properties[f"ssl.{role}.location"]),
        password=properties.get(f"ssl.{role}.password"),
        key_password=key_password,
        as_java=True,
    )
    data = stores.content(option)
    notes = _check_store(role, option, data, properties)
    return dataclasses.replace(option, content=data), tuple(notes)


def _check_store(role: str, option: StoreOption, data: bytes, properties: Properties) -> t.List[str]:
    found = store_formats.recognise(data)
    kind = properties.get(f"ssl.{role}.type", "JKS")
    subject = option.subject
    if (found == PEM) != (kind == "PEM"):
        given = kind if f"ssl.{role}.type" in properties else f"{kind}, the default"
        remedy = f"Set ssl.{role}.type={found}" if found else "Give a store of type PEM, PKCS12 or JKS"
        raise InputError(subject, f"the file is {found or 'no store'}, and ssl.{role}.type is {given}", remedy)
    if found == PEM:
        return check_key(subject, data, option.key_password) if role == "keystore" else []
    if found == PKCS12:
        if role == "truststore":
            _trusted(subject, data, option.password)
        elif option.key_password not in (None, option.password):
            raise InputError(
                subject,
                "ssl.key.password differs from ssl.keystore.password, and Java opens the key of a PKCS12 store with it",
                "Omit ssl.key.password",
                "key_password",
            )
    if found and kind.upper() != found:
        return [
            f"{subject}: the file is {found}, and ssl.{role}.type says {kind.upper()}; Java accepts both for either"
        ]
    return []


def _trusted(subject: str, data: bytes, password: t.Optional[str]) -> None:
    if password is None or java_trust.trusts(data, password) is False:
        cause = "Java trusts nothing in it: its certificates are not marked as trusted, as OpenSSL does not mark them"
        raise InputError(subject, cause, f"Create it with keytool: {_KEYTOOL}", "invalid_declaration")


def check_key(subject: str, data: bytes, password: t.Optional[str]) -> t.List[str]:
    """Check that Java reads the private key of a PEM text: PKCS8, encrypted exactly if a password is given."""
    match = _PEM_KEY.search(data)
    if not match:
        return []
    label, body = match.group(1).decode("ascii"), match.group(2)
    encrypted = label == "ENCRYPTED PRIVATE KEY"
    if label not in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        raise InputError(subject, f"the key is a {label}, and Java reads PKCS8 only", f"Convert it: {_PKCS8}")
    if password is not None and not encrypted:
        raise InputError(
            subject, "ssl.key.password is given, and the key is not encrypted", "Omit ssl.key.password", "key_password"
        )
    try:
        der = base64.b64decode(b"".join(body.split()))
    except binascii.Error:
        return []
    if encrypted and _PBES2 in der[:64]:
        return [
            f"{subject}: its key is encrypted with PBES2, which Java 17 refuses and Java 25 accepts. For both: "
            f"{_PKCS8.replace('-nocrypt', '-v1 PBE-SHA1-3DES')}"
        ]
    return []
