# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run a module as a process of its own. ansible-core never sees a secret of its options."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, RunMode

from .checked_options import check_options, register_secrets, without_no_log

_DEPENDENCIES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class MaskedModule(AnsibleModule):  # type: ignore[misc]
    """An ``AnsibleModule`` whose ``params`` are masked. ansible-core logs them, and returns them as ``invocation``.

    :ivar options: the options as they were given, with their defaults.
    """

    options: t.Dict[str, t.Any]
    params: t.Dict[str, t.Any]

    def __init__(self, task: ModuleTask) -> None:
        self._module_task = task
        self._refusal = ""
        super().__init__(supports_check_mode=True, **without_no_log(task.spec()))
        if self._refusal:
            self.fail_json(self._refusal)

    def _load_params(self) -> None:
        """Read and check the options. ansible-core calls this before it looks at them.

        It then has nothing to check any more, as it knows neither the options' values nor their dependencies:
        https://github.com/ansible/ansible/blob/v2.19.0/lib/ansible/module_utils/basic.py (``AnsibleModule.__init__``)
        """
        super()._load_params()
        internal = {name: value for name, value in self.params.items() if name.startswith("_ansible_")}
        given = {name: value for name, value in self.params.items() if name not in internal}
        self.options, shown, self._refusal = check_options(self._module_task, given)
        self.no_log_values |= register_secrets(self.options)
        self.params = {**internal, **shown}
        self.argument_spec = {name: {"type": "raw", "no_log": False} for name in shown}
        for name in _DEPENDENCIES:
            setattr(self, name, None)


def run_module(task: ModuleTask) -> t.NoReturn:
    """Run a module, and end the process with its result."""
    module = MaskedModule(task)
    result = task.execute(module.options, RunMode(module.check_mode, module._diff))
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
    raise AssertionError("exit_json ends the process")
