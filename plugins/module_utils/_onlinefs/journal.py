# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Describe the journal of a transaction: what a later run needs to complete it, undo it, or leave it alone."""

from __future__ import annotations

import dataclasses
import re
import secrets
import time
import typing as t

from .live_files import STAGED_NAME
from .manifest import is_kept_name

#: The number of seconds for which a transaction waits for its second part, while the controller checks the consumer
#: group. After that, any other run may complete it. A late second part is refused only if another run did.
HOLD_SECONDS = 90.0

_ID = re.compile(r"[0-9a-f]{32}")
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_MAX_NUMBER = 10**9
_MAX_RESERVED = 1000


@dataclasses.dataclass(frozen=True)
class Journal:
    """A transaction.

    :param base: the number of the generation to go back to.
    :param target: the number of the new generation.
    :param restart: the service may have read files of the new generation.
    :param id: identifies the transaction.
    :param reserved: the name of a file to the name of its staged old version.
    :param held: when it began to wait for its second part, as boot id and monotonic clock, or ``None``.
    """

    base: int
    target: int
    restart: bool
    id: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))
    reserved: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    held: t.Optional[t.Tuple[str, float]] = None

    def hold(self) -> Journal:
        """Return the journal of the transaction once it waits for its second part."""
        return dataclasses.replace(self, held=(_boot_id(), time.monotonic()))

    def waits(self) -> bool:
        """Tell whether the transaction waits for its second part, and its time is not over."""
        if self.held is None:
            return False
        boot, since = self.held
        return boot == _boot_id() and 0 <= time.monotonic() - since <= HOLD_SECONDS

    def as_json(self) -> t.Dict[str, t.Any]:
        """Return the journal for its file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Journal:
        """Read what :meth:`as_json` returned, also in an earlier version, which had fewer fields.

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
        identity = data.get("id", "0" * 32)
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            raise ValueError("the transaction has no id")
        reserved = data.get("reserved", {})
        if not isinstance(reserved, dict) or len(reserved) > _MAX_RESERVED:
            raise ValueError("an invalid list of files")
        for name, staged in reserved.items():
            if not is_kept_name(name) or not isinstance(staged, str) or not STAGED_NAME.fullmatch(staged):
                raise ValueError("it names a file that does not belong to OnlineFS")
        return cls(t.cast(int, base), t.cast(int, target), restart, identity, reserved, _held(data.get("held")))


def _held(value: t.Any) -> t.Optional[t.Tuple[str, float]]:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("an invalid time since which it waits")
    boot, since = value
    if not isinstance(boot, str) or not isinstance(since, float):
        raise ValueError("an invalid time since which it waits")
    return boot, since


def _boot_id() -> str:
    """Return the id of the current boot: the monotonic clock starts again with each boot."""
    try:
        with open(_BOOT_ID, encoding="ascii") as stream:
            return stream.read(64).strip()
    except (OSError, ValueError):
        return ""
