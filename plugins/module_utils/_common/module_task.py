# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Describe a module once: its name, its options, its work. A process of its own and an action plugin both run it."""

from __future__ import annotations

import dataclasses
import typing as t

from .defects import DefectError
from .masking import visible

Options = t.Mapping[str, t.Any]
Result = t.Dict[str, t.Any]
#: Shows a line of progress.
Show = t.Callable[[str], None]


class RunMode(t.NamedTuple):
    """How to run a task.

    :param show: None if nobody watches.
    """

    check_mode: bool = False
    diff: bool = False
    show: t.Optional[Show] = None


@dataclasses.dataclass(frozen=True)
class ModuleTask:
    """A module of this collection.

    :param spec: returns the arguments of ``AnsibleModule``: ``argument_spec``, ``required_if`` and so on.
    :param run: does the work and returns the result. In it, ``failed`` is true if anything went wrong, and ``warnings``
        is a list of texts.
    """

    name: str
    spec: t.Callable[[], t.Dict[str, t.Any]]
    run: t.Callable[[Options, RunMode], Result]

    def execute(self, options: Options, mode: RunMode) -> Result:
        """Run the task and return its result, also if an unexpected exception ends it."""
        try:
            result = self.run(options, mode)
        except Exception as error:
            defect = DefectError(error)
            return {"failed": True, "msg": str(defect), "exception": defect.traceback}
        # Ansible prints these two as they are, and they may name what a server or a file contains.
        if isinstance(result.get("msg"), str):
            result["msg"] = visible(result["msg"])
        if "warnings" in result:
            result["warnings"] = [visible(warning) for warning in result["warnings"]]
        return result
