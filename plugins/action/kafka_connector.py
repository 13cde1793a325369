# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs kafka_connector on the controller without a process of its own, and elsewhere as any other module."""

from __future__ import annotations

import os
import sys
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.utils.display import Display
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import listed_secrets
from ansible_collections.hopsworks.kafka.plugins.modules.kafka_connector import specification
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import WithStores

# Found out at import, which the strategy does in the main process: that of a task has no terminal.
WATCHED = sys.stdout is not None and sys.stdout.isatty()

#: Callbacks that leave room for lines in between. Of the others one is quiet, and one prints a single document.
_TALKATIVE = ("default", "ansible.builtin.default")

display = Display()


class ActionModule(WithStores):
    """Where the module would run on the controller with the controller's own Python, its work is done right here.

    To build, copy and start a module takes as long as a hundred requests, and a module cannot tell how far it is.
    """

    def _execute_module(self, *given: t.Any, **named: t.Any) -> t.Dict[str, t.Any]:
        """What comes of the task: here, or of the module."""
        options = self._options() if self._is_here(named.get("task_vars") or {}) else None
        if options is None:
            return t.cast("t.Dict[str, t.Any]", super()._execute_module(*given, **named))
        result = connector_task.run(
            options, self._task.check_mode, self._task.diff, _tell if self._is_watched() else None
        )
        return t.cast("t.Dict[str, t.Any]", remove_values(result, listed_secrets(options)))

    def _is_here(self, variables: t.Mapping[str, t.Any]) -> bool:
        """Whether a module would run as this very user, with this Python and in this environment."""
        delegated = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        interpreter = {**variables, **delegated}.get("ansible_python_interpreter")
        return (
            self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            and not any(self._task.environment or ())
            and _is_own(self._templar.template(interpreter))
        )

    def _options(self) -> t.Optional[t.Dict[str, t.Any]]:
        """The checked options. None where they are wrong: the module says so as every module does."""
        try:
            _result, options = self.validate_argument_spec(**specification())
        except AnsibleActionFail:
            return None
        return t.cast("t.Dict[str, t.Any]", options)

    def _is_watched(self) -> bool:
        return WATCHED and C.DEFAULT_STDOUT_CALLBACK in _TALKATIVE and not self._task.no_log


def _is_own(interpreter: t.Any) -> bool:
    """Whether it is this Python by any of its names. A link from elsewhere may belong to another environment."""
    own, other = (os.path.split(str(path)) for path in (sys.executable, interpreter))
    return own[0] == other[0] and os.path.realpath(sys.executable) == os.path.realpath(str(interpreter))


def _tell(line: str) -> None:
    display.display(line, color=C.COLOR_VERBOSE, screen_only=True)
