# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills ansible-playbook with all its processes at a task: when it begins, or when so many hosts are done with it."""

from __future__ import annotations

import os
import signal
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: end_at
type: notification
short_description: Kill the run at a task
description:
  - E(END_AT) is the end of the task's name. With E(END_AFTER), so many hosts are done with it.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "end_at"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._task = os.environ["END_AT"]
        self._after = int(os.environ.get("END_AFTER", "0"))
        self._done = 0

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        if self._after == 0 and task.get_name().endswith(self._task):
            os.killpg(os.getpgrp(), signal.SIGKILL)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        task = getattr(result, "task", None) or result._task
        if self._after and task.get_name().endswith(self._task):
            self._done += 1
            if self._done >= self._after:
                os.killpg(os.getpgrp(), signal.SIGKILL)
