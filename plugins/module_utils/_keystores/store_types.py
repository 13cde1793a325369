# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Describe trust stores and key stores: as a user gives them, and once they are read.

Reading and writing them is the work of :mod:`.stores`, which takes five more files: a host without stores needs none of
them.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label

PEM, PKCS12, JKS = "PEM", "PKCS12", "JKS"
TYPES = (PEM, PKCS12, JKS)
_ALIASES = {"P12": PKCS12, "PFX": PKCS12, "PKCS#12": PKCS12}


@dataclasses.dataclass(frozen=True)
class StoreOption:
    """A store as a user gives it: ``{path or content, type, password, key_password, remote}``.

    :param role: ``truststore`` or ``keystore``.
    :param path: its path on the host that reads it.
    :param content: its bytes. With a path too, they were read from there already.
    :param type: ``PEM``, ``PKCS12`` or ``JKS``; recognised from the content if not given.
    :param password: opens the store; for PEM, the password of the JKS file made from it.
    :param key_password: opens the private key in it, if that differs.
    :param remote: the path is one on the managed host, not on the controller.
    :param as_java: Java reads the store as it is. What else it accepts is accepted: a trust store with a key in it.
    """

    role: str
    path: t.Optional[str] = None
    content: t.Optional[bytes] = dataclasses.field(default=None, repr=False)
    type: t.Optional[str] = None
    password: t.Optional[str] = dataclasses.field(default=None, repr=False)
    key_password: t.Optional[str] = dataclasses.field(default=None, repr=False)
    remote: bool = False
    as_java: bool = False

    @property
    def subject(self) -> str:
        """Return the name of the store in errors."""
        return f"{self.role} {self.path}" if self.path else f"{self.role} (content)"


@dataclasses.dataclass(frozen=True)
class TrustStore:
    """Trusted certificates (DER), in the order of their SHA-256, and the password of the JKS file made from them."""

    certificates: t.Tuple[bytes, ...] = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class KeyStore:
    """A private key (PKCS8 DER), its chain (DER, leaf first), and the password of the JKS file made from them."""

    private_key: bytes = dataclasses.field(repr=False)
    chain: t.Tuple[bytes, ...] = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)


def store_option(role: str, params: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[StoreOption]:
    """Return the option ``truststore`` or ``keystore`` of a module; None if it is not given or empty.

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
            f"unknown key {unknown[0]!r}",
            "Use path or content, type, password, key_password, remote",
        )
    if bool(given.get("path")) == bool(given.get("content")):
        raise InputError(
            f"option {role}", "exactly one of path and content is needed", "Give the file's path or its content"
        )
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


class HasStores(t.Protocol):
    """Anything with stores, such as a ``KafkaDeclaration``."""

    @property
    def truststore(self) -> t.Optional[TrustStore]: ...

    @property
    def keystore(self) -> t.Optional[KeyStore]: ...


def certificates(client: HasStores) -> t.List[t.Tuple[str, bytes]]:
    """Return the certificates that a client depends on, each with its role: those it trusts, and its own."""
    trusted = client.truststore.certificates if client.truststore else ()
    own = client.keystore.chain[:1] if client.keystore else ()
    return [*(("truststore", der) for der in trusted), *(("keystore", der) for der in own)]


def _content(role: str, text: str) -> bytes:
    if "-----BEGIN " in text:
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            f"option {role}",
            "content is neither PEM text nor base64",
            "Give PEM text, or a PKCS12 or JKS file passed through the filter b64encode",
        ) from error


def _type(role: str, given: str) -> str:
    kind = _ALIASES.get(given.upper(), given.upper())
    if kind not in TYPES:
        raise InputError(f"option {role}", f"unknown type '{public_label(given)}'", f"Use one of {', '.join(TYPES)}")
    return kind


def _text(value: t.Any) -> t.Optional[str]:
    return None if value is None else str(value)
