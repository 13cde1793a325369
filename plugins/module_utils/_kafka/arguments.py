# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Options that declare a Kafka client, and how the secrets in a task's options are kept out of sight.

The doc fragment ``_kafka_client`` describes these options to the user: keep both in step.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK, MIN_MASKED_LENGTH

from .sensitive import secret_property, secrets_of


class Module(t.Protocol):
    """What of an ``AnsibleModule`` is needed here."""

    params: t.Dict[str, t.Any]
    no_log_values: t.Set[str]


_STORE_SECRETS = ("password", "key_password", "content")
_SECRET_OPTIONS = frozenset(("api_key", *_STORE_SECRETS))


def kafka_client_arguments() -> t.Dict[str, t.Any]:
    """The declaration of a Kafka client. All of it is kept out of the system log; :func:`conceal` does the rest."""
    return {
        "properties": {"type": "dict", "no_log": True},
        "truststore": _store_argument(),
        "keystore": _store_argument(),
    }


def _store_argument() -> t.Dict[str, t.Any]:
    return {
        "type": "dict",
        "no_log": False,  # its options say themselves which of them are secret
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


def mask_params(module: Module) -> t.Dict[str, t.Any]:
    """Leaves only what may be shown in ``module.params``; returns the options as they were given.

    Call it first, once. Options that may hold a secret are ``no_log`` as a whole, which keeps them out of the system
    log, but would also blank out every word in them (``SASL_SSL``, a project's name) in the results. So the list of
    texts to blank out is cut down to the secrets. Those in items of lists (overrides of projects) are taken out of the
    parameters but not listed: blanking out costs texts times secrets, and there is no bound on their number.
    """
    given = module.params
    module.params, secrets = mask(given)
    module.no_log_values = _listed(secrets)
    return given


def listed_secrets(options: t.Mapping[str, t.Any]) -> t.Set[str]:
    """The texts to blank out in results, should one ever come there."""
    return _listed(mask(options)[1])


def _listed(secrets: t.Set[str]) -> t.Set[str]:
    return {secret for secret in secrets if len(secret) >= MIN_MASKED_LENGTH}


def mask(options: t.Any) -> t.Tuple[t.Any, t.Set[str]]:
    """A copy of an option's value with every secret in it masked, and the secrets that do not stand in lists."""
    if isinstance(options, dict):
        flat = {str(name): value for name, value in options.items() if isinstance(value, (str, int, float))}
        secrets = secrets_of(flat, {name: flat[name] for name in _STORE_SECRETS if name in flat})
        if "api_key" in flat:
            secrets.add(str(flat["api_key"]))
        if "value" in flat and secret_property(str(flat.get("name"))):
            # An item of a list of names and values.
            return {**options, "value": MASK}, secrets | {str(flat["value"])}
        copy: t.Dict[t.Any, t.Any] = {}
        for name, value in options.items():
            if value is not None and _is_secret(str(name), value):
                copy[name] = MASK
            else:
                copy[name], found = mask(value)
                secrets |= found
        return copy, secrets
    if isinstance(options, (list, tuple)):
        return [mask(value)[0] for value in options], set()
    return options, set()


def _is_secret(name: str, value: t.Any) -> bool:
    return not isinstance(value, (dict, list, tuple, bool)) and (name in _SECRET_OPTIONS or secret_property(name))
