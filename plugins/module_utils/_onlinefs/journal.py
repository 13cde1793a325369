# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Describe the journal of a transaction: what a later run needs to complete it or undo it."""

from __future__ import annotations

import dataclasses
import typing as t

from .live_files import STAGED_NAME
from .manifest import is_kept_name

_MAX_NUMBER = 10**9
_MAX_RESERVED = 1000


@dataclasses.dataclass(frozen=True)
class Journal:
    """A transaction.

    :param base: the number of the generation to go back to.
    :param target: the number of the new generation.
    :param restart: the service may have read files of the new generation.
    :param reserved: the name of a file to the name of its staged old version.
    """

    base: int
    target: int
    restart: bool
    reserved: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def as_json(self) -> t.Dict[str, t.Any]:
        """Return the journal for its file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Journal:
        """Read what :meth:`as_json` returned, also in an earlier version, which had other fields, too.

        :raises ValueError: it cannot have come from there.
        """
        base, target, restart = (data.get(key) for key in ("base", "target", "restart"))
        for number in (base, target):
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _MAX_NUMBER:
                raise ValueError("an invalid number of a generation")
        if base == target:
            raise ValueError("a change from a generation to itself")
        if not isinstance(restart, bool):
            raise ValueError("restart is missing")
        reserved = data.get("reserved", {})
        if not isinstance(reserved, dict) or len(reserved) > _MAX_RESERVED:
            raise ValueError("an invalid list of files")
        for name, staged in reserved.items():
            if not is_kept_name(name) or not isinstance(staged, str) or not STAGED_NAME.fullmatch(staged):
                raise ValueError("it names a file that does not belong to OnlineFS")
        return cls(t.cast(int, base), t.cast(int, target), restart, reserved)
