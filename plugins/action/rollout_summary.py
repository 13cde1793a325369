# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the findings and the summary of a run of the playbooks."""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.hopsworks.kafka.plugins.module_utils._report import layout, moves
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.run import (
    findings,
    hosts_to_change,
    hosts_to_verify,
    is_converged,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.summary import summarize
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._rollout import (
    collect,
    limit_patterns,
    matching,
    to_be_proved,
)
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._types import Values

#: The hosts that the next part has to work on, by the part before it.
_NEXT_HOSTS = {"preflight": hosts_to_change, "projects": hosts_to_verify}
#: After what the next part is decided, and the part whose findings stop the run then.
_PARTS = {"preflight": "preflight", "moves": "onlinefs", "projects": "projects"}
#: After the hosts have counted what was left in an old Kafka: which of them carry it over.
_COUNT = "count"

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Collect what the run has registered, show it, and return it. Nothing runs on a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task."""
        variables = task_vars or {}
        result: Values = super().run(tmp, variables)
        _spec, options = self.validate_argument_spec(
            {
                "after": {"type": "str", "choices": [*_PARTS, _COUNT]},
                "bootstrap_servers": {"type": "str", "default": ""},
                "existing": {"type": "str", "default": "update"},
                "left_behind": {"type": "str", "default": "stop"},
                "saved_offsets": {"type": "str", "default": ""},
                "old_cluster": {"type": "str", "default": ""},
            }
        )
        hosts = matching(self, (variables.get("__hopsworks_kafka_run") or {}).get("hosts") or [], variables)
        limit = variables.get("ansible_limit")
        reached = matching(self, limit_patterns(limit), variables) if limit else hosts
        run = collect(
            variables,
            hosts,
            limited=[host for host in hosts if host not in reached],
            unproved=[host for host in hosts if not to_be_proved(variables["hostvars"][host])],
            left_behind_allowed=options["left_behind"] == "allow",
            keep=options["existing"] == "keep",
            bootstrap=options["bootstrap_servers"],
            saved_offsets=options["saved_offsets"],
            old_unreadable=options["old_cluster"] == moves.UNREADABLE,
        )
        if options["after"] == _COUNT:
            return {**result, "changed": False, "hosts": moves.carriers(run.moves)}
        if options["after"]:
            part = "revert" if "revert" in run.parts else _PARTS[options["after"]]
            stops = bool(run.stopped or findings(run, [part]))
            if options["after"] == "moves":
                course = moves.course(run.moves, hosts_to_change(run), hosts)
                return {**result, "changed": False, "stops": stops, **({} if stops else course)}
            return {
                **result,
                "changed": False,
                "stops": stops,
                "hosts": [] if stops else _NEXT_HOSTS[options["after"]](run),
                "converged": options["after"] == "preflight" and not stops and is_converged(run),
                "moved": [name for name, phases in run.hosts.items() if _has_moved(phases)],
            }
        summary = summarize(run)
        lines = layout.lines(summary)
        for line in ("", *lines):
            _show(line, bool(summary.causes) and line == lines[0])
        return {**result, "changed": False, "msg": lines[0], "lines": lines, "summary": summary.to_result()}


def _has_moved(phases: t.Mapping[str, t.Mapping[str, t.Any]]) -> bool:
    """Return whether a host has recorded a move."""
    return any(result.get("move_recorded") for result in phases.values())


def _show(line: str, alarming: bool) -> None:
    """Show a line, whatever the callback. If the callback writes JSON for programs, the line goes to stderr."""
    programs = C.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] in ("json", "jsonl")
    display.display(line, color=C.COLOR_ERROR if alarming else None, stderr=programs)
