# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the plan that every planner returns, and that check mode, diffs, writes, results and reports all read.

A plan belongs to one subject (a project, a host, the cluster's variables). A pure function makes it from the desired
state and what was read. Only the actions of a plan are written, so a prediction cannot differ from a run.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .masking import MASK, public_label, public_text


@dataclasses.dataclass(frozen=True)
class Change:
    """One difference between the current state and the declaration.

    :param what: the name of the field, option or file.
    :param before: the value read; ``None`` if there is none.
    :param after: the value declared; ``None`` if it is removed.
    :param secret: the values must never be shown.
    """

    what: str
    before: t.Any = dataclasses.field(repr=False)
    after: t.Any = dataclasses.field(repr=False)
    secret: bool = False

    def to_result(self) -> dict[str, t.Any]:
        """Return the change as results and diffs show it: ``{what, before, after}``, secrets masked.

        If nothing but a secret differs, ``after`` says that it changed.
        """
        before, after = (self._shown(value) for value in (self.before, self.after))
        if before is not None and before == after and self.before != self.after:
            after = f"{after} (changed)"
        return {"what": public_label(self.what), "before": before, "after": after}

    def _shown(self, value: t.Any) -> t.Any:
        if value is None:
            return None
        if self.secret:
            return MASK
        return public_text(value) if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class Action:
    """One write.

    :param verb: what is done: ``upload``, ``create``, ``replace``, ``delete``, ``write``, ``remove``, ``restart``, …
    :param target: the name of the thing that is written.
    :param payload: the data for the write. May hold secrets, so it is never shown.
    """

    verb: str
    target: str
    payload: t.Any = dataclasses.field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What must be done for one subject.

    :param subject: a project's or a host's name.
    :param outcome: the word for it in the results: ``created``, ``updated``, ``deleted``, ``unchanged`` or ``skipped``.
    :param actions: the writes, in order. Empty only if nothing must be written.
    :param changes: the differences that the writes remove.
    :param notes: further information for the user.
    """

    subject: str
    outcome: str
    actions: tuple[Action, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether anything must be written."""
        return bool(self.actions)
