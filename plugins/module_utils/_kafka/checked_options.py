# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check a module's options as ansible-core does, but show none of their secrets, whatever is wrong with them.

An option with ``no_log`` is not enough. ansible-core takes every word of its value for a secret: of a dictionary of
properties ``SASL_SSL`` and ``5`` as well, which it then removes from whatever it prints, from release 2.22 on for the
rest of the run. And if an option has the wrong type, the search for secrets ends there, and the others are shown.
"""

from __future__ import annotations

import importlib
import math
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK, clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask

from .arguments import listed_secrets, mask


class CheckedOptions(t.NamedTuple):
    """The options of a module.

    :param options: as the task gets them: with their defaults, and converted to their types.
    :param shown: the same, with every secret masked.
    :param error: what is wrong with them; empty if nothing is.
    """

    options: t.Dict[str, t.Any]
    shown: t.Dict[str, t.Any]
    error: str


def check_options(task: ModuleTask, given: t.Mapping[str, t.Any]) -> CheckedOptions:
    """Check the options that a user gave against the spec of a module."""
    try:
        return _check(task, given)
    except Exception as error:
        # Not raised: ansible-core would show its text.
        return CheckedOptions({}, dict.fromkeys(given, MASK), str(DefectError(error)))


def _check(task: ModuleTask, given: t.Mapping[str, t.Any]) -> CheckedOptions:
    spec = without_no_log(task.spec())
    try:
        refuse_wrong_types(spec["argument_spec"], given)
    except InputError as refusal:
        return CheckedOptions(dict(given), _shown(spec["argument_spec"], given), str(refusal))
    checked = ArgumentSpecValidator(**spec).validate(given)
    options: t.Dict[str, t.Any] = checked.validated_parameters
    shown = _shown(spec["argument_spec"], options)
    error = ""
    if checked.error_messages:
        error = clean(checked.errors.msg, _hidden(options, shown))
        if isinstance(checked.errors[0], UnsupportedError):
            error = f"Unsupported parameters for ({task.name}) module: {error}"
    return CheckedOptions(options, shown, error)


def _shown(spec: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Return the options masked; an unknown one, or one whose value has the wrong shape, is a secret."""
    fitting: t.Dict[str, t.Any] = {}
    for name, value in options.items():
        if spec.get(name, {}).get("elements") == "dict" and isinstance(value, list):
            fitting[name] = [item if isinstance(item, dict) else MASK for item in value]
        elif name in spec and (value is None or _fits(spec[name], value)):
            fitting[name] = value
    return {**dict.fromkeys(options, MASK), **mask(fitting)}


def refuse_wrong_types(spec: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> None:
    """Refuse what ansible-core would refuse as well, but with a message that names the option.

    If an option with options of its own is not a dictionary, ansible-core 2.19 ends in a TypeError (``set_fallbacks``):
    https://github.com/ansible/ansible/blob/v2.19.0/lib/ansible/module_utils/common/parameters.py

    A dictionary where a text is needed would be taken as its text, and a choice that it is not would be quoted.

    :param spec: the argument spec.
    :raises InputError: a value is a dictionary or a list, or neither, where something else is needed. It is not quoted.
    """
    for name, option in spec.items():
        value = given.get(name)
        subject = f"option {name}"
        if option.get("type") == "dict":
            _require_dictionary(subject, option, value)
        elif not _fits(option, value):
            if isinstance(value, list) and option.get("type") == "list":
                raise InputError(subject, "it must be a list of single values", "Give texts or numbers")
            if option.get("type") == "list":
                raise InputError(subject, "it must be a list", "Give a list, even of a single item")
            raise InputError(subject, "it must be a single value", "Give a text or a number")
        elif option.get("elements") == "dict" and isinstance(value, list):
            for number, item in enumerate(value, start=1):
                _require_dictionary(f"{subject}, item {number}", option, item)


def _fits(option: t.Mapping[str, t.Any], value: t.Any) -> bool:
    """Return whether a value has the shape of an option: a dictionary, a list or a single value."""
    kind = option.get("type", "str")
    if kind == "dict":
        return isinstance(value, dict)
    if kind == "list":
        nested = (dict, list, tuple) if option.get("elements", "raw") not in ("raw", "dict") else ()
        return not isinstance(value, (dict, bytes)) and not (
            isinstance(value, list) and any(isinstance(item, nested) for item in value)
        )
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return kind == "raw" or not isinstance(value, (dict, list, tuple))


def _require_dictionary(subject: str, option: t.Mapping[str, t.Any], value: t.Any) -> None:
    if value is None:
        return
    try:
        found = check_type_dict(value)
    except TypeError:
        keys = option.get("options") or {"name": {}}
        required = [key for key in keys if keys[key].get("required")] or [*keys][:1]
        example = ", ".join(f"{key}: …" for key in required)
        raise InputError(subject, "it must be a dictionary", f"Give {{{example}}}") from None
    if "options" in option:
        if not all(isinstance(key, str) for key in found):
            raise InputError(subject, "each of its keys must be a text", f"Give some of {', '.join(option['options'])}")
        refuse_wrong_types(option["options"], found)


def without_no_log(spec: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Return the arguments of ``AnsibleModule`` with ``no_log`` false in every option."""
    return {**spec, "argument_spec": {name: _loggable(option) for name, option in spec["argument_spec"].items()}}


def _loggable(option: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    changed: t.Dict[str, t.Any] = {**option, "no_log": False}
    if "options" in option:
        changed["options"] = {name: _loggable(sub) for name, sub in option["options"].items()}
    return changed


def register_secrets(options: t.Mapping[str, t.Any]) -> t.Set[str]:
    """Tell ansible-core what must not be shown, should it come into a result; see :func:`listed_secrets`.

    :returns: the secrets, for ``remove_values`` or ``no_log_values``: up to ansible-core 2.21, secrets cannot be
        registered. Empty from 2.22 on.
    """
    secrets = listed_secrets(options)
    try:
        core = importlib.import_module("ansible.module_utils.secrets")
    except ImportError:
        return secrets
    core.register_secrets(secrets)
    return set()


def _hidden(value: t.Any, shown: t.Any) -> t.Set[str]:
    """Return the texts of an option that are not shown."""
    if isinstance(value, dict):
        found = [_hidden(item, shown.get(key) if isinstance(shown, dict) else MASK) for key, item in value.items()]
        return set().union(*found)
    if isinstance(value, (list, tuple)):
        others = shown if isinstance(shown, list) else [MASK] * len(value)
        return set().union(*(_hidden(item, other) for item, other in zip(value, others)))
    return set() if value is None or value == shown else {str(value)}
