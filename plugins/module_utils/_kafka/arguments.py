# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Options that declare a Kafka client, and how the secrets in a task's options are kept out of sight.

The doc fragment ``_kafka_client`` describes these options to the user: keep both in step.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import (
    MASK,
    MIN_MASKED_LENGTH,
    public_command,
    public_label,
    public_text,
    secret_name,
    url_secrets,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.public_variables import secret_variable

from .sensitive import certain_secrets_of, public_value

#: Options that are Kafka properties.
_PROPERTIES = frozenset(("properties", "consumer_properties", "vector_db_properties", "producer_properties"))
_STORES = frozenset(("truststore", "keystore"))
#: Options that hold a declaration of their own.
_CLUSTERS = ("source", "target")
_COMMANDS = frozenset(("restart", "status", "stop", "start"))
_SECRETS = frozenset(("api_key", "password", "key_password", "content"))
#: Options that are dictionaries or lists of dictionaries, and the keys in them that hold no secret.
_PUBLIC_KEYS: t.Mapping[str, t.FrozenSet[str]] = {
    **dict.fromkeys(_STORES, frozenset(("path", "type", "remote_src"))),
    **dict.fromkeys(("projects", "probes"), frozenset(("name", "topics", "groups"))),
    **dict.fromkeys(_CLUSTERS, frozenset()),
    "ranges": frozenset(("topic", "partition", "start", "end")),
    "topics": frozenset(("name", "operations")),
    "slice": frozenset(("index", "count")),
}


def kafka_client_arguments() -> t.Dict[str, t.Any]:
    """Return the options that declare a Kafka client, for the argument spec of a module."""
    return {
        "properties": {"type": "dict"},
        "truststore": _store_argument(),
        "keystore": _store_argument(),
    }


def _store_argument() -> t.Dict[str, t.Any]:
    return {
        "type": "dict",
        "options": {
            "path": {"type": "path"},
            "content": {"type": "str", "no_log": True},
            "type": {"type": "str", "choices": ["PEM", "PKCS12", "JKS"]},
            "password": {"type": "str", "no_log": True},
            "key_password": {"type": "str", "no_log": True},
        },
        "mutually_exclusive": [("path", "content")],
        "required_one_of": [("path", "content")],
    }


def listed_secrets(options: t.Mapping[str, t.Any]) -> t.Set[str]:
    """Return the secrets that ansible-core is to remove from results, should one ever come there.

    Those in items of lists (overrides of projects) are not among them: removing costs texts times secrets, and there is
    no bound on the number of projects. Short ones are not either, as they occur in ordinary words.
    """
    secrets = {str(options["api_key"])} if options.get("api_key") else set()
    secrets |= certain_secrets_of({}, *(options[role] for role in _STORES if isinstance(options.get(role), dict)))
    for name in _PROPERTIES:
        if isinstance(options.get(name), dict):
            secrets |= certain_secrets_of(options[name])
    for name in _CLUSTERS:
        if isinstance(options.get(name), dict):
            secrets |= listed_secrets(options[name])
    secrets |= {str(value) for name, value in _variables(options.get("variables")) if secret_name(name)}
    secrets |= url_secrets(str(options.get("metrics_url") or ""))
    return {secret for secret in secrets if len(secret) >= MIN_MASKED_LENGTH}


def mask(options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Return a copy of a module's options with every secret in it masked.

    The module knows the names of its options. In what they contain, a name that is not known is a secret.
    """
    return {name: _masked(name, value) for name, value in options.items()}


def _masked(name: str, value: t.Any) -> t.Any:
    if value is None:
        return None
    if name in _PROPERTIES:
        return _masked_values(value, public_value)
    if name in _STORES:
        return _masked_item(name, value) if isinstance(value, dict) else MASK
    if name in _SECRETS:
        return MASK
    if name == "variables":
        return _masked_variables(value)
    if name == "service_commands":
        return _masked_values(value, lambda key, text: public_command(str(text)) if key in _COMMANDS else MASK)
    if name == "path_map":
        return _masked_values(value, lambda _key, path: _shown(path))
    if isinstance(value, (list, tuple)):
        return [_masked_item(name, item) for item in value]
    return _masked_item(name, value)


def _masked_values(value: t.Any, shown: t.Callable[[str, t.Any], t.Any]) -> t.Any:
    if not isinstance(value, dict):
        return MASK
    return {_key(key): None if item is None else shown(str(key), item) for key, item in value.items()}


def _masked_item(name: str, value: t.Any) -> t.Any:
    """Return a value that is a scalar or a dictionary of an option with known keys."""
    if not isinstance(value, dict):
        return _shown(value)
    public = _PUBLIC_KEYS.get(name, frozenset())
    known = public | _PROPERTIES | _STORES
    return {
        _key(key): None if item is None else _masked(str(key), item) if key in known else MASK
        for key, item in value.items()
    }


def _masked_variables(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return _masked_values(value, _public_variable)
    if not isinstance(value, (list, tuple)):
        return MASK
    return [
        {
            _key(key): _public_variable(str(item.get("name")), text)
            if key == "value"
            else _shown(text)
            if key in ("name", "visibility")
            else MASK
            for key, text in item.items()
        }
        if isinstance(item, dict)
        else MASK
        for item in value
    ]


def _public_variable(name: str, value: t.Any) -> t.Any:
    return MASK if secret_variable(name) else _shown(value)


def _key(key: t.Any) -> t.Any:
    """Return a key, which may be ``name=value`` by mistake."""
    return public_label(key) if isinstance(key, str) else key


def _shown(value: t.Any) -> t.Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return public_text(value) if isinstance(value, str) else MASK


def _variables(value: t.Any) -> t.Iterator[t.Tuple[str, t.Any]]:
    if isinstance(value, dict):
        yield from ((str(name), text) for name, text in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((str(item.get("name")), item.get("value")) for item in value if isinstance(item, dict))
