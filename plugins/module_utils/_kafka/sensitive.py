# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Which texts of a declaration are secret, so that nobody ever shows them."""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import secret_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.stores import KeyStore, StoreOption, TrustStore

from . import jaas
from .java_configs import SETTINGS

# Kafka hides these as well; a certificate is no secret.
_PUBLIC = frozenset({"ssl.truststore.certificates", "ssl.keystore.certificate.chain"})
_PUBLIC_OPTIONS = re.compile(
    r"(user(name)?|principal|clientid|client_id|scope|use\w*|store\w*|doNot\w*|debug|realm|keytab|extension_.*|"
    r"servicename|aws\w*name|aws\w*arn|aws\w*region|unsecured.*|awsdebugcreds|refreshkrb5config|ticketcache)$",
    re.I,
)
_PEM_LINE = re.compile(r"^[A-Za-z0-9+/=]{16,}$", re.M)

Store = t.Union[StoreOption, TrustStore, KeyStore, t.Mapping[str, t.Any], None]


def secret_property(name: str) -> bool:
    """Whether a property's value must not be shown: what Kafka takes for a password, and what sounds like one."""
    if name in _PUBLIC:
        return False
    if name in SETTINGS:
        return SETTINGS[name].kind == "password"
    return secret_name(name)


def secrets_of(properties: t.Mapping[str, t.Any], *stores: Store) -> t.Set[str]:
    """Every secret text of a declaration, for masking.

    :param properties: name to value; the passwords inside a JAAS text are found too, in both spellings.
    :param stores: store options (as objects or dictionaries) or loaded stores; None is passed over.
    """
    found: t.Set[str] = set()
    for name, value in properties.items():
        if value is not None and secret_property(str(name)):
            found |= _of_text(str(value))
            if str(name).endswith("jaas.config"):
                found |= _of_jaas(str(value))
    for store in stores:
        found |= _of_store(store)
    return {text for text in found if text.strip()}


def _of_store(store: Store) -> t.Set[str]:
    if store is None:
        return set()
    if isinstance(store, (TrustStore, KeyStore)):
        return {store.password}
    if isinstance(store, StoreOption):
        passwords = {text for text in (store.password, store.key_password) if text}
        return passwords | (_of_content(store.content) if store.role == "keystore" and store.content else set())
    found = {str(store[name]) for name in ("password", "key_password") if store.get(name) is not None}
    return found | (_of_text(str(store["content"])) if store.get("content") is not None else set())


def _of_content(content: bytes) -> t.Set[str]:
    """A store's bytes in the form in which an option gives them: PEM text, or base64."""
    if b"-----BEGIN " in content:
        return _of_text(content.decode("utf-8", "replace"))
    return {base64.b64encode(content).decode("ascii")}


def _of_text(value: str) -> t.Set[str]:
    """The text, and of a PEM key also each line: an error of another program may quote a single one."""
    if "PRIVATE KEY" not in value:
        return set() if "-----BEGIN CERTIFICATE" in value else {value}
    return {value, value.strip()} | set(_PEM_LINE.findall(value[value.index("PRIVATE KEY") :]))


def _of_jaas(value: str) -> t.Set[str]:
    try:
        module = jaas.parse(value)
    except InputError:
        # Not readable, so every quoted part of it may be the secret.
        return {first or second for first, second in re.findall(r'"([^"]*)"|\'([^\']*)\'', value)}
    secrets = [option for name, option in module.options.items() if not _PUBLIC_OPTIONS.match(name)]
    return {spelling for option in secrets for spelling in (option, jaas.quote(option)[1:-1])}
