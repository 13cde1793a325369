# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The plan: what every planner returns and what check mode, diff, writes, results and reports all read.

A plan belongs to one subject (a project, a host, the cluster's variables). It is made by a pure function from what is
wanted and what was read. Nothing is written that is not an action of a plan, so a prediction cannot differ from a run.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .masking import MASK


@dataclasses.dataclass(frozen=True)
class Change:
    """One difference between what is and what is declared.

    :param what: the name of the field, option or file.
    :param before: the value read; ``None`` where there is none.
    :param after: the value declared; ``None`` where it is to go.
    :param secret: the values must never be shown.
    """

    what: str
    before: t.Any = dataclasses.field(repr=False)
    after: t.Any = dataclasses.field(repr=False)
    secret: bool = False

    def to_result(self) -> dict[str, t.Any]:
        """The change as results and diffs show it: ``{what, before, after}``, secrets masked."""
        if not self.secret:
            return {"what": self.what, "before": self.before, "after": self.after}
        before = None if self.before is None else MASK
        after = None if self.after is None else f"{MASK} (changed)" if before else MASK
        return {"what": self.what, "before": before, "after": after}


@dataclasses.dataclass(frozen=True)
class Action:
    """One write, in the order in which it is done.

    :param verb: what is done: ``upload``, ``create``, ``replace``, ``delete``, ``write``, ``remove``, ``restart``, …
    :param target: the name of what it is done to.
    :param payload: what the executor needs to do it. May hold secrets, so it is never shown.
    """

    verb: str
    target: str
    payload: t.Any = dataclasses.field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done for one subject.

    :param subject: a project's or a host's name.
    :param outcome: what the results will call it once done: ``created``, ``updated``, ``deleted``, ``unchanged`` or
        ``skipped``.
    :param actions: the writes, in order. Empty exactly where nothing is to be written.
    :param changes: the differences that the writes remove.
    :param notes: what the user should be told besides.
    """

    subject: str
    outcome: str
    actions: tuple[Action, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.actions)
