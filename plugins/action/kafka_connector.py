# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module kafka_connector as any other, and shows how far it is while somebody watches."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import typing as t

from ansible import constants as C
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.progress import FILE, INTERVAL

# Found out at import, which the strategy does in the main process: that of a task has no terminal.
WATCHED = sys.stdout is not None and sys.stdout.isatty()

#: Callbacks that leave room for lines in between. Of the others one is quiet, and one prints a single document.
_TALKATIVE = ("default", "ansible.builtin.default")

display = Display()


class ActionModule(NormalAction):
    """The module, with lines such as ``420 of 1000 projects, 12 changed, 1 failed, about 40 s left``."""

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[t.Dict[str, t.Any]] = None) -> t.Dict[str, t.Any]:
        if not self._shown():
            return t.cast("t.Dict[str, t.Any]", super().run(tmp, task_vars))
        handle, path = tempfile.mkstemp(prefix="progress", dir=C.DEFAULT_LOCAL_TMP)
        os.close(handle)
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(path, ended), daemon=True)
        # The module inherits it: it is started by this process, which runs this one task.
        os.environ[FILE] = path
        watcher.start()
        try:
            return t.cast("t.Dict[str, t.Any]", super().run(tmp, task_vars))
        finally:
            ended.set()
            watcher.join()
            del os.environ[FILE]
            os.unlink(path)

    def _shown(self) -> bool:
        """Whether somebody watches a module that runs on this machine, and wants to see more than its end."""
        return (
            WATCHED
            and C.DEFAULT_STDOUT_CALLBACK in _TALKATIVE
            and self._connection.transport == "local"
            and not self._task.async_val
            and not self._task.no_log
        )


def _watch(path: str, ended: threading.Event) -> None:
    """Shows the last line of the file whenever there is a new one."""
    with open(path, encoding="utf-8") as file:
        while not ended.wait(INTERVAL):
            lines = file.read().splitlines()
            if lines:
                display.display(lines[-1], color=C.COLOR_VERBOSE, screen_only=True)
