# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Decide which values of a declaration are secret.

An unknown name is secret: only values of names that are public in Kafka's own lists, or in a short list of well-known
others, are shown. A secret in a public value (a login in a URL, a JAAS text in the wrong property) is masked by
:func:`public_value`.
"""

from __future__ import annotations

import base64
import functools
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import (
    MASK,
    public_text,
    secret_name,
    url_secrets,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.store_types import (
    KeyStore,
    StoreOption,
    TrustStore,
)

from . import jaas
from .java_configs import SETTINGS

# Kafka hides these too, but a certificate is not secret.
_CERTIFICATES = frozenset({"ssl.truststore.certificates", "ssl.keystore.certificate.chain"})
#: Public names that are used together with Kafka's own: those of Confluent's serializers
#: (https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html), and the fields
#: of a connector of Hopsworks (``dialect_connector.FIELDS``).
_PUBLIC = frozenset(
    {
        "schema.registry.url",
        "basic.auth.credentials.source",
        "bearer.auth.credentials.source",
        "schema.registry.basic.auth.credentials.source",
        "auto.register.schemas",
        "use.latest.version",
        "specific.avro.reader",
        "key.subject.name.strategy",
        "value.subject.name.strategy",
        "bootstrapServers",
        "securityProtocol",
        "sslTruststoreLocation",
        "sslKeystoreLocation",
        "sslEndpointIdentificationAlgorithm",
    }
)
#: Of these names Java's list says nothing. librdkafka's does not tell which of its values are secret.
_PUBLIC_OPTIONS = re.compile(
    r"(user(name)?|principal|clientid|client_id|scope|use\w*|store\w*|doNot\w*|debug|realm|keytab|extension_.*|"
    r"servicename|aws\w*name|aws\w*arn|aws\w*region|unsecured.*|awsdebugcreds|refreshkrb5config|ticketcache)$",
    re.I,
)
_PEM_LINE = re.compile(r"^[A-Za-z0-9+/=]{16,}$", re.M)
#: Words and numbers that are never secret, whatever the name of the property.
_WORD = re.compile(r"(?:true|false|none|null|[-+.\d]*|.{0,3})$", re.IGNORECASE | re.DOTALL)

Store = t.Union[StoreOption, TrustStore, KeyStore, t.Mapping[str, t.Any], None]


def secret_property(name: str) -> bool:
    """Tell whether a property's value must not be shown: Kafka hides it, or its name is unknown."""
    if name in _CERTIFICATES:
        return False
    if name in SETTINGS:
        return SETTINGS[name].kind == "password"
    return name not in _PUBLIC and name not in _librdkafka()


@functools.lru_cache(maxsize=None)
def _librdkafka() -> t.FrozenSet[str]:
    """Return the names of librdkafka's that are public. Few declarations have a name that is not one of Java's too."""
    # Imported only here: the table takes 8 ms of CPU time on a host.
    from .librdkafka_configs import PROPERTIES  # noqa: PLC0415

    secret = re.compile(r"password|secret|username|\.pem$|oauthbearer\.config|passphrase|engine\.id")
    return frozenset(name for name in PROPERTIES if not secret.search(name) and not secret_name(name))


def public_value(name: str, value: t.Any) -> t.Any:
    """Return a property's value as it may be shown: whole, masked, or with its secret parts masked."""
    if value is None or value == "":
        return value
    if secret_property(name):
        return MASK
    if isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    if name in _CERTIFICATES and text.lstrip().startswith("-----BEGIN CERTIFICATE") and "PRIVATE KEY" not in text:
        return value
    shown = public_text(text)
    return value if shown == text else shown


def secret_value(name: str, value: t.Any) -> bool:
    """Tell whether a property's value, or a part of it, must not be shown."""
    return bool(public_value(name, value) != value)


def secrets_of(properties: t.Mapping[str, t.Any], *stores: Store) -> t.Set[str]:
    """Return every text of a declaration that must not be shown, for masking the texts of other programs.

    :param properties: name to value. The passwords inside a JAAS text are found too, in both spellings. A value of an
        unknown name counts unless it is a word, a number, or the value of a public property as well.
    :param stores: store options (as objects or dictionaries) or loaded stores; None is passed over.
    """
    found = certain_secrets_of(properties, *stores)
    public = {str(value) for name, value in properties.items() if not secret_value(str(name), value)}
    for name, value in _scalars(properties):
        if secret_property(name) and not _WORD.match(value) and value not in public:
            found |= _of_text(value)
    return found


def certain_secrets_of(properties: t.Mapping[str, t.Any], *stores: Store) -> t.Set[str]:
    """Return the texts of a declaration that are secrets without doubt.

    ansible-core removes registered texts from everything that it prints, so only these are registered: the value of an
    unknown property may well be ``project_1``.
    """
    found: t.Set[str] = set()
    for name, value in _scalars(properties):
        if name in SETTINGS or name in _PUBLIC or name in _librdkafka():
            certain = secret_property(name)
        else:
            certain = secret_name(name)
        if certain or "PRIVATE KEY" in value:
            found |= _of_text(value)
        if name.endswith("jaas.config") or "LoginModule" in value:
            found |= {value} | _of_jaas(value)
        found |= url_secrets(value)
    for store in stores:
        found |= _of_store(store)
    return {text for text in found if text.strip()}


def _scalars(properties: t.Mapping[str, t.Any]) -> t.Iterator[t.Tuple[str, str]]:
    return ((str(name), str(value)) for name, value in properties.items() if isinstance(value, (str, int, float)))


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
    """Return a store's bytes as an option gives them: PEM text, or Base64."""
    if b"-----BEGIN " in content:
        return _of_text(content.decode("utf-8", "replace"))
    return {base64.b64encode(content).decode("ascii")}


def _of_text(value: str) -> t.Set[str]:
    """Return the text, and each line of a PEM key: an error of another program may quote a single one."""
    if "PRIVATE KEY" not in value:
        return set() if "-----BEGIN CERTIFICATE" in value else {value}
    return {value, value.strip()} | set(_PEM_LINE.findall(value[value.index("PRIVATE KEY") :]))


def _of_jaas(value: str) -> t.Set[str]:
    try:
        module = jaas.parse(value)
    except InputError:
        # It cannot be parsed, so every quoted part may be the secret.
        return {first or second for first, second in re.findall(r'"([^"]*)"|\'([^\']*)\'', value)}
    secrets = [option for name, option in module.options.items() if not _PUBLIC_OPTIONS.match(name)]
    return {spelling for option in secrets for spelling in (option, jaas.quote(option)[1:-1])}
