# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Run a module on the controller without a process of its own, and elsewhere like any other module."""

from __future__ import annotations

import os
import sys
import typing as t

from ansible import constants as C
from ansible.module_utils.common import parameters
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.checked_options import (
    check_options,
    register_secrets,
)
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import ControllerStoresMixin
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._types import Values, Variables

# Read at import, which happens in the main process: the process of a task has no terminal.
WATCHED = sys.stdout is not None and sys.stdout.isatty()

#: Callbacks whose output may have other lines in between.
_LINE_CALLBACKS = ("default", "ansible.builtin.default")

display = Display()


class InProcessAction(ControllerStoresMixin, NormalAction):  # type: ignore[misc]
    """Do the work of a module in this process where the module would run on the controller with the same Python.

    Building, copying and starting a module takes as long as a hundred requests, and a module cannot show its progress.
    A plugin sets ``module_task``; the module of its name runs the same with ``run_module``.
    """

    module_task: t.ClassVar[ModuleTask]

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task here if possible, else as a module."""
        variables = task_vars or {}
        if not self._is_here(variables):
            return super().run(tmp, task_vars)
        result = ActionBase.run(self, tmp, variables)
        try:
            self._prepare(variables)
        except InputError as error:
            return {**result, **self._refused(error)}
        return {**result, **self._run_here(variables)}

    def _run_here(self, variables: Variables) -> Values:
        """Return the result that the module would return."""
        options, shown, refusal = check_options(self.module_task, to_builtin(self._task.args))
        secrets = register_secrets(options)
        if refusal:
            result: Values = {"failed": True, "msg": refusal}
        else:
            show = _show_progress if self._is_watched() else None
            result = self.module_task.execute(options, RunMode(self._task.check_mode, self._task.diff, show))
        warnings = list(result.pop("warnings", ()))
        if warnings:
            result["warnings"] = warnings
        traceback = result.pop("exception", None)
        if traceback:
            display.vvv(f"The traceback of {self.module_task.name} is:\n{traceback}")
        if _returns_invocation(variables):
            result["invocation"] = {"module_args": shown}
        return t.cast("Values", parameters.remove_values(result, secrets)) if secrets else result

    def _is_here(self, variables: Variables) -> bool:
        """Return whether a module would run as this very user, with this Python and in this environment."""
        delegated = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        interpreter = {**variables, **delegated}.get("ansible_python_interpreter")
        return (
            self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            and not any(self._task.environment or ())
            and _is_own(self._templar.template(interpreter))
        )

    def _is_watched(self) -> bool:
        return WATCHED and C.DEFAULT_STDOUT_CALLBACK in _LINE_CALLBACKS and not self._task.no_log


def _is_own(interpreter: t.Any) -> bool:
    """Return whether it is this Python. A link from elsewhere may belong to another virtual environment."""
    own, other = (os.path.split(str(path)) for path in (sys.executable, interpreter))
    return own[0] == other[0] and os.path.realpath(sys.executable) == os.path.realpath(str(interpreter))


def _returns_invocation(variables: Variables) -> bool:
    """Return whether modules return their arguments: always up to ansible-core 2.20, later only on request."""
    if "inject_invocation" not in parameters.PASS_VARS:
        return True
    return bool(C.config.get_config_value("INJECT_INVOCATION", variables=variables))


def _show_progress(line: str) -> None:
    display.display(line, color=C.COLOR_VERBOSE, screen_only=True)
