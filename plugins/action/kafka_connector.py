# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run kafka_connector on the controller without a process of its own, and elsewhere like any other module."""

from __future__ import annotations

import os
import sys
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import PASS_VARS, remove_values
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.argument_spec import connector_spec
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import listed_secrets, mask
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import ControllerStoresMixin, Values, Variables

# Read at import, which happens in the main process: the process of a task has no terminal.
WATCHED = sys.stdout is not None and sys.stdout.isatty()

#: Callbacks whose output may have other lines in between.
_LINE_CALLBACKS = ("default", "ansible.builtin.default")

display = Display()


class ActionModule(ControllerStoresMixin, NormalAction):  # type: ignore[misc]
    """Do the work of the module in this process where the module would run on the controller with the same Python.

    Building, copying and starting a module takes as long as a hundred requests, and a module cannot show its progress.
    """

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task here if possible, else as a module."""
        variables = task_vars or {}
        options = self._options(variables) if self._is_here(variables) else None
        if options is None:
            return super().run(tmp, task_vars)
        return {**ActionBase.run(self, tmp, variables), **self._run_here(options, variables)}

    def _run_here(self, options: Values, variables: Variables) -> Values:
        """Return the result that the module would return."""
        show = _show_progress if self._is_watched() else None
        result = connector_task.run(options, self._task.check_mode, self._task.diff, show)
        traceback = result.pop("exception", None)
        if traceback:
            display.vvv(f"The traceback of kafka_connector is:\n{traceback}")
        if _returns_invocation(variables):
            result["invocation"] = {"module_args": mask(options)}
        return t.cast("Values", remove_values(result, listed_secrets(options)))

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

    def _options(self, variables: Variables) -> t.Optional[Values]:
        """Return the checked options; None if they are wrong: then the task runs as a module, which reports it."""
        try:
            self._prepare(variables)
            _result, options = self.validate_argument_spec(**connector_spec())
        except (InputError, AnsibleActionFail):
            return None
        return t.cast("Values", options)

    def _is_watched(self) -> bool:
        return WATCHED and C.DEFAULT_STDOUT_CALLBACK in _LINE_CALLBACKS and not self._task.no_log


def _is_own(interpreter: t.Any) -> bool:
    """Return whether it is this Python. A link from elsewhere may belong to another virtual environment."""
    own, other = (os.path.split(str(path)) for path in (sys.executable, interpreter))
    return own[0] == other[0] and os.path.realpath(sys.executable) == os.path.realpath(str(interpreter))


def _returns_invocation(variables: Variables) -> bool:
    """Return whether modules return their arguments: always up to ansible-core 2.20, later only on request."""
    if "inject_invocation" not in PASS_VARS:
        return True
    return bool(C.config.get_config_value("INJECT_INVOCATION", variables=variables))


def _show_progress(line: str) -> None:
    display.display(line, color=C.COLOR_VERBOSE, screen_only=True)
