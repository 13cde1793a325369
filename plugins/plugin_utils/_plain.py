# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""The arguments of a task as a module would get them."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

#: What a module gets as it is. Ansible's own kinds of these carry tags, and are made plain too.
_SCALARS = (bool, int, float)


def plain(value: t.Any) -> t.Any:
    """A value of a task's arguments in Python's own types.

    A value from a vault is an object of its own kind, which decrypts itself when it is made a text. ansible-core up to
    2.18 has it look like a sequence, so it must not be taken for one.
    """
    if value is None or type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and not hasattr(value, "_ciphertext"):
        return [plain(item) for item in value]
    for scalar in _SCALARS:
        if isinstance(value, scalar):
            return scalar(value)
    return str(value)
