# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The outcome of the work on one project."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import Failure

#: Why a project is skipped although nothing failed.
NOT_DONE = "not_done"
NO_FEATURE_STORE = "no_feature_store"
KEPT = "kept"

WITHOUT_STORE = "this project has no feature store yet"


@dataclasses.dataclass(frozen=True)
class ProjectOutcome:
    """The outcome of one project. Holds no secret.

    :param action: ``created``, ``updated``, ``deleted``, ``unchanged``, ``skipped`` or ``failed``.
    :param changed: something was written, or in check mode would be; true also for a failure after a write.
    :param changes: :meth:`Change.to_result` of each.
    :param reason: why a project was skipped: NOT_DONE, NO_FEATURE_STORE or KEPT.
    """

    project: str
    action: str = "failed"
    changed: bool = False
    changes: t.Sequence[t.Mapping[str, t.Any]] = ()
    notes: t.Tuple[str, ...] = ()
    failure: t.Optional[Failure] = None
    reason: t.Optional[str] = None

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``results``."""
        return {
            "project": self.project,
            "action": self.action,
            "reason": self.reason,
            "changed": self.changed,
            "changes": list(self.changes),
            "notes": list(self.notes),
            "error": self.failure.error if self.failure else None,
        }
