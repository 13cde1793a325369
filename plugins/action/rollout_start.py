# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and check the variables of a run of the playbooks before anything is done."""

from __future__ import annotations

import os
import time
import typing as t

from ansible.errors import AnsibleUndefinedVariable
from ansible.plugins.action import ActionBase
from ansible_collections.hopsworks.kafka.plugins.plugin_utils import _start
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._rollout import matching
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._types import Values

try:
    from ansible.errors import AnsibleValueOmittedError
except ImportError:  # up to ansible-core 2.18, an omitted value is a text of its own

    class AnsibleValueOmittedError(Exception):  # type: ignore[no-redef]
        """Never raised."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Fail if a variable is undefined, misplaced or of the wrong shape; else return what the later plays read."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task."""
        variables = task_vars or {}
        result: Values = super().run(tmp, variables)
        _spec, options = self.validate_argument_spec({"parts": {"type": "list", "elements": "str", "required": True}})
        values: Values = {}
        undefined: t.List[str] = []
        errors: t.Dict[str, BaseException] = {}
        for name in _start.NAMES:
            if name in variables:
                try:
                    values[name] = to_builtin(self._templar.template(variables[name]))
                except AnsibleUndefinedVariable:
                    undefined.append(name)
                except AnsibleValueOmittedError:
                    pass
                except Exception as error:
                    # Not raised: ansible-core would show its text, and the lines of the file around the template.
                    errors[name] = error
        if errors:
            return {**result, "failed": True, "msg": _start.not_evaluated(errors)}
        if undefined:
            return {**result, "failed": True, "msg": _start.undefined(undefined)}
        omitted = variables.get("omit")
        start = _start.Start(
            options["parts"],
            {name: value for name, value in values.items() if value != omitted},
            os.environ,
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
        hosts = matching(self, start.pattern, variables)
        problems = _start.problems(start, hosts, _misplaced(hosts, variables))
        if problems:
            return {**result, "failed": True, "msg": " ".join(problems)}
        # What an earlier playbook of the same ansible-playbook has left must not be taken for a result of this one.
        again = "__hopsworks_kafka_run" in variables
        run = start.run()
        return {**result, "changed": False, **run, "again": again, "hosts_again": run["hosts"] if again else []}


def _misplaced(hosts: t.Iterable[str], variables: Values) -> t.List[t.Tuple[str, str]]:
    """Return the variables that localhost reads and that a host has with another value."""
    hostvars = variables["hostvars"]
    own = hostvars.raw_get("localhost")
    found = []
    for host in hosts:
        theirs = hostvars.raw_get(host)
        for name in _start.READ_ON_LOCALHOST:
            if name not in theirs or (name in own and theirs[name] == own[name]):
                continue
            if name not in own or not _is_same(hostvars, host, name):
                found.append((name, host))
    return found


def _is_same(hostvars: t.Any, host: str, name: str) -> bool:
    """Return whether a variable has the same value for a host. One that cannot be evaluated has none."""
    try:
        return bool(hostvars[host][name] == hostvars["localhost"][name])
    except Exception:
        return False
