# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The journal of a transaction on a host: what a later run needs to finish it, to take it back, or to keep off it."""

from __future__ import annotations

import dataclasses
import re
import secrets
import time
import typing as t

from .live_files import STAGED_NAME
from .manifest import is_kept_name

#: Seconds for which a transaction waits for its second part; the controller looks at the consumer group meanwhile. Then
#: any other run may finish it. A second part that comes later is refused only if another run did so.
HOLD_SECONDS = 90.0

_ID = re.compile(r"[0-9a-f]{32}")
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_MAX_NUMBER = 10**9
_MAX_RESERVED = 1000


@dataclasses.dataclass(frozen=True)
class Journal:
    """A transaction.

    :param base: number of the generation to go back to.
    :param target: number of the new one.
    :param restart: the service may have read files of the new one.
    :param id: which transaction it is.
    :param reserved: name of a file to the name of its old version, which lies ready beside it.
    :param held: when it began to wait for its second part, as boot id and seconds since then; ``None`` if it does not.
    """

    base: int
    target: int
    restart: bool
    id: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))
    reserved: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    held: t.Optional[t.Tuple[str, float]] = None

    def hold(self) -> Journal:
        """Return it as one that waits for its second part from now on."""
        return dataclasses.replace(self, held=(_boot_id(), time.monotonic()))

    def waits(self) -> bool:
        """Return whether it waits for its second part, and not for too long yet."""
        if self.held is None:
            return False
        boot, since = self.held
        return boot == _boot_id() and 0 <= time.monotonic() - since <= HOLD_SECONDS

    def as_json(self) -> t.Dict[str, t.Any]:
        """For the file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Journal:
        """Read what :meth:`as_json` wrote, also that of an earlier version, which had fewer fields.

        :raises ValueError: the data cannot have come from there.
        """
        base, target, restart = (data.get(key) for key in ("base", "target", "restart"))
        for number in (base, target):
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _MAX_NUMBER:
                raise ValueError("a number of a generation that cannot be")
        if base == target:
            raise ValueError("a change from a generation to itself")
        if not isinstance(restart, bool):
            raise ValueError("it does not say whether the service was restarted")
        identity = data.get("id", "0" * 32)
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            raise ValueError("the transaction has no id")
        reserved = data.get("reserved", {})
        if not isinstance(reserved, dict) or len(reserved) > _MAX_RESERVED:
            raise ValueError("its list of files cannot be read")
        for name, staged in reserved.items():
            if not is_kept_name(name) or not isinstance(staged, str) or not STAGED_NAME.fullmatch(staged):
                raise ValueError("it names a file that is none of OnlineFS")
        return cls(t.cast(int, base), t.cast(int, target), restart, identity, reserved, _held(data.get("held")))


def _held(value: t.Any) -> t.Optional[t.Tuple[str, float]]:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("it does not say since when it waits")
    boot, since = value
    if not isinstance(boot, str) or not isinstance(since, float):
        raise ValueError("it does not say since when it waits")
    return boot, since


def _boot_id() -> str:
    """Return what tells this start of the machine from others: its clock began anew then."""
    try:
        with open(_BOOT_ID, encoding="ascii") as stream:
            return stream.read(64).strip()
    except (OSError, ValueError):
        return ""
