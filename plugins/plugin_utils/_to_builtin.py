# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Convert the arguments of a task to the types that a module gets."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

_SCALARS = (bool, int, float)


def to_builtin(value: t.Any) -> t.Any:
    """Return a value of a task's arguments in Python's own types, without the tags of ansible-core.

    A value from a vault is an object that decrypts itself when it is converted to text. Up to ansible-core 2.18 it
    looks like a sequence, and must not be converted as one.
    """
    if value is None or type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {to_builtin(key): to_builtin(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and not hasattr(value, "_ciphertext"):
        return [to_builtin(item) for item in value]
    for scalar in _SCALARS:
        if isinstance(value, scalar):
            return scalar(value)
    return str(value)
