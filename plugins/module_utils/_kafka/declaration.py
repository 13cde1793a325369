# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Declare a Kafka client: properties with Kafka's own (Java) names, certificates to trust, and its own certificate.

The configuration of every client is derived from a :class:`KafkaDeclaration` by one of the dialects.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.store_types import (
    KeyStore,
    StoreOption,
    TrustStore,
    store_option,
)

from . import jaas, java_rules, validation
from .java_configs import SETTINGS
from .sensitive import secret_property, secrets_of
from .validation import STORE_PROPERTIES

__all__ = [
    "STORE_PROPERTIES",
    "KafkaDeclaration",
    "KeyStore",
    "StoreOption",
    "TrustStore",
    "declare",
    "located_store",
    "merge",
    "secret_property",
    "secrets_of",
    "store_option",
    "text",
    "without_store",
]

_Store = t.TypeVar("_Store", TrustStore, KeyStore)

#: The properties that hold a store itself, as PEM.
_INLINE = {
    "truststore": ("ssl.truststore.certificates",),
    "keystore": ("ssl.keystore.key", "ssl.keystore.certificate.chain"),
}


@dataclasses.dataclass(frozen=True)
class KafkaDeclaration:
    """A Kafka client, checked.

    :param properties: Kafka's Java names to values, without those of the stores. ``security.protocol`` and
        ``bootstrap.servers`` are always present, ``ssl.truststore.location`` and the like only if the user gave them
        instead of a store. Contains secrets.
    :param truststore: the certificates to trust; None for those of the system, or a location in the properties.
    :param keystore: the client's own key and certificate; None if it has none.
    :param notes: warnings about the declaration.
    """

    properties: t.Mapping[str, str] = dataclasses.field(repr=False)
    truststore: t.Optional[TrustStore] = None
    keystore: t.Optional[KeyStore] = None
    notes: t.Tuple[str, ...] = ()


def declare(
    properties: t.Mapping[str, t.Any],
    truststore: t.Optional[StoreOption] = None,
    keystore: t.Optional[StoreOption] = None,
    now: t.Optional[float] = None,
    known: t.Optional[t.Dict[StoreOption, t.Any]] = None,
    clients: str = "",
) -> KafkaDeclaration:
    """Read, check and normalise a declaration.

    :param properties: Kafka's Java names to values. True and False become ``true`` and ``false``, lists are joined with
        commas, None leaves a property out.
    :param truststore: see :func:`store_option`; ``ssl.truststore.certificates`` in the properties is taken as one too.
    :param keystore: likewise, with ``ssl.keystore.key`` and ``ssl.keystore.certificate.chain``.
    :param now: seconds since 1970 for the validity of certificates; the current time if not given.
    :param known: stores that were read before, by their option. Those that are read now are added.
    :param clients: the Java clients that are to use it, as :func:`java_rules.judge` takes them.
    :raises InputError: properties or stores that cannot work.
    """
    texts = texts_of(properties)
    options = {
        role: take_store(role, texts, given) for role, given in (("truststore", truststore), ("keystore", keystore))
    }
    normalise(texts)
    notes = java_rules.judge(texts, clients, whole=False)
    notes += validation.check(texts, options["truststore"] is not None, options["keystore"] is not None)
    return loaded(texts, options, notes, now, known)


def loaded(
    texts: t.Dict[str, str],
    options: t.Mapping[str, t.Optional[StoreOption]],
    notes: t.Tuple[str, ...],
    now: t.Optional[float],
    known: t.Optional[t.Dict[StoreOption, t.Any]],
) -> KafkaDeclaration:
    """Return a declaration whose properties were checked, with its stores."""
    if not any(options.values()):
        return KafkaDeclaration(texts, None, None, notes)
    # Imported only here: on a host, the five files that read stores take 50 ms of CPU time.
    from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores  # noqa: PLC0415

    trust = _loaded(options["truststore"], stores.load_truststore, now, known)
    key = _loaded(options["keystore"], stores.load_keystore, now, known)
    return KafkaDeclaration(texts, trust, key, notes + (stores.notes(trust, now) if trust else ()))


def located_store(role: str, properties: t.Dict[str, t.Any], path: t.Callable[[str], str]) -> t.Optional[StoreOption]:
    """Remove the store whose location ``properties`` name from them and return it; None if they name none.

    :param path: turns the location into a path on this machine.
    :raises InputError: the store's type is not one that Kafka knows.
    """
    if properties.get(STORE_PROPERTIES[role]["path"]) is None:
        return None
    given = {field: properties.pop(name, None) for field, name in STORE_PROPERTIES[role].items()}
    return store_option(role, {**given, "path": path(str(given["path"]))})


def with_located_stores(
    properties: t.Mapping[str, str], path: t.Callable[[str], str], content: t.Callable[[str], bytes]
) -> KafkaDeclaration:
    """Return the client of properties that name the locations of its stores.

    :param path: as in :func:`located_store`.
    :param content: reads such a path.
    :raises InputError: the properties or stores cannot be used.
    """
    rest: t.Dict[str, t.Any] = dict(properties)
    trust, key = (
        option and dataclasses.replace(option, content=content(str(option.path)))
        for option in (located_store(role, rest, path) for role in ("truststore", "keystore"))
    )
    return declare(rest, trust, key)


def without_store(role: str, properties: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Return ``properties`` without any that describe the store of this role."""
    own = {*STORE_PROPERTIES[role].values(), *_INLINE[role]}
    return {name: value for name, value in properties.items() if name not in own}


def merge(base: t.Mapping[str, t.Any], override: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Return a declaration with parts of it overridden. Both are ``{properties, truststore, keystore}``.

    Properties are merged by name, and null removes one. A store is replaced as a whole; an empty one removes it; null
    or nothing keeps it. Other keys are ignored.
    """
    properties = {**(base.get("properties") or {}), **(override.get("properties") or {})}
    merged: t.Dict[str, t.Any] = {
        "properties": {name: value for name, value in properties.items() if value is not None}
    }
    for role in STORE_PROPERTIES:
        store = base.get(role) if override.get(role) is None else override[role]
        merged[role] = store or None
    return merged


def _loaded(
    option: t.Optional[StoreOption],
    load: t.Callable[[StoreOption, t.Optional[float]], _Store],
    now: t.Optional[float],
    known: t.Optional[t.Dict[StoreOption, t.Any]],
) -> t.Optional[_Store]:
    if option is None:
        return None
    found: t.Optional[_Store] = known.get(option) if known is not None else None
    if found is None:
        found = load(option, now)
        if known is not None:
            known[option] = found
    return found


def texts_of(properties: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """Return the properties as texts, trimmed as Java trims them.

    :raises InputError: a name or a value that cannot be one.
    """
    texts = {}
    for name, value in properties.items():
        if not isinstance(name, str) or not name or name != name.strip() or any(map(str.isspace, name)):
            raise InputError(
                f"property {name}", "not a name of a Kafka property", "Remove the whitespace from the name"
            )
        if value is not None:
            texts[name] = trimmed(name, text(name, value))
            _whole(name, texts[name])
    return texts


def trimmed(name: str, value: str) -> str:
    """Return a value as Java's clients read it: without blanks at its ends, where it is one of Kafka's own."""
    return value.strip(java_rules.BLANKS) if name in SETTINGS else value


def _whole(name: str, value: str) -> None:
    try:
        f"{name} {value}".encode()
    except UnicodeEncodeError:
        raise InputError(
            f"property {name!r}",
            "it contains half of a character (a lone surrogate), which cannot be sent",
            "Remove it, or replace it with the whole character",
        ) from None


def text(name: str, value: t.Any) -> str:
    """Return a property's value as Kafka writes it: ``true``, ``60000``, a list with commas.

    :raises InputError: a value of another kind, such as a dictionary.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, (str, int, float)) for item in value):
        return ",".join(text(name, item) for item in value)
    raise InputError(
        f"property {name}",
        "the value is not a string, number, boolean or list",
        "Give a string, number, boolean or list",
    )


def normalise(texts: t.Dict[str, str]) -> None:
    """Write servers, protocol and login in one form.

    :raises InputError: there is no server, or one is wrong.
    """
    if "bootstrap.servers" not in texts:
        raise InputError("property bootstrap.servers", "missing", "Give host:port, separated by commas")
    texts["bootstrap.servers"] = ",".join(validation.bootstrap_servers(texts["bootstrap.servers"]))
    texts["security.protocol"] = texts.get("security.protocol", "PLAINTEXT").strip().upper()
    if (
        texts.get("sasl.mechanism") == "OAUTHBEARER"
        and "sasl.oauthbearer.client.credentials.client.id" in texts
        and "sasl.jaas.config" not in texts
    ):
        # Java needs a login module even if everything else is in properties.
        texts["sasl.jaas.config"] = f"{jaas.OAUTH_MODULE} required;"


def take_store(role: str, texts: t.Dict[str, str], given: t.Optional[StoreOption]) -> t.Optional[StoreOption]:
    """Take the store of a role out of ``texts`` and return it: its option, or its PEM in the properties."""
    fields = STORE_PROPERTIES[role]
    inline = [name for name in _INLINE[role] if name in texts]
    sources = [f"option {role}"] if given else []
    sources += [f"property {name}" for name in (*inline[:1], fields["path"]) if name in texts]
    if len(sources) > 1:
        raise InputError(sources[0], f"{sources[1]} is given as well", "Give one of the two")
    if given is None and not inline:
        return None
    content = "\n".join(texts[name] for name in inline).encode()
    for name in (*inline, fields["type"]):
        texts.pop(name, None)
    option = given or StoreOption(role, content=content, type="PEM")
    passwords = ("password", "key_password")
    own = {field: texts.pop(fields[field]) for field in passwords if fields.get(field) in texts}
    for field, password in own.items():
        if getattr(option, field) not in (None, password):
            raise InputError(f"option {role}", f"{field} differs from {fields[field]}", "Give one of the two")
    return dataclasses.replace(
        option,
        password=own.get("password", option.password),
        key_password=own.get("key_password", option.key_password),
    )
