# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Collect what a run of the playbooks has registered, on localhost and on the hosts."""

from __future__ import annotations

import typing as t

from ansible.inventory.manager import split_host_pattern
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible_collections.hopsworks.kafka.plugins.module_utils._report import host_results
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.run import Run
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._types import Variables

_PREFIX = "__hopsworks_kafka_"
#: The steps on localhost. Each registers ``__hopsworks_kafka_part_NAME`` or ``__hopsworks_kafka_step_NAME``.
_STEPS = (
    "reach",
    "left_behind",
    "probe",
    "logins",
    "clients",
    "preflight",
    "settings",
    "switch",
    "projects",
    "verify",
    "revert",
)
#: The variables that the role onlinefs registers on a host in a move, by step.
_MOVE_RESULTS = {
    "info": "onlinefs_move_info_result",
    "drain": "onlinefs_drain_result",
    "stop": "onlinefs_stop_result",
    "leave": "onlinefs_leave_result",
    "back": "onlinefs_back_result",
    "start": "onlinefs_start_result",
    "stranded": "onlinefs_stranded_result",
    "carry": "onlinefs_carry_result",
}
#: The other ones, by part.
_HOST_RESULTS = {
    "preflight": "onlinefs_preflight_result",
    "onlinefs": "onlinefs_result",
    "verify": "onlinefs_verify_result",
}


def collect(variables: Variables, hosts: t.Sequence[str], **given: t.Any) -> Run:
    """Return what a run has registered.

    :param variables: those of the task that asks for it, on localhost.
    :param hosts: the hosts of OnlineFS that the run is for.
    :param given: further fields of :class:`Run`.
    """
    run = variables.get(f"{_PREFIX}run") or {}
    parts = list(run.get("parts") or ())
    # On a revert, the role registers the same variable.
    writer = "revert" if "revert" in parts else "onlinefs"
    of_part = {writer if part == "onlinefs" else part: name for part, name in _HOST_RESULTS.items()}
    of_hosts = {host: variables["hostvars"].raw_get(host) for host in hosts}
    by_host = {host: _results(known, of_part) for host, known in of_hosts.items()}
    stopped = str(variables.get(f"{_PREFIX}stopped") or "")
    results = {part: variables.get(f"{_PREFIX}part_{part}") for part in parts}
    registered = {part: result for part, result in results.items() if result}
    # Once a run has stopped, what is skipped has not been done.
    done = {part for part, result in registered.items() if not (stopped and result.get("skipped"))}
    done |= {writer for results in by_host.values() if writer in results}
    if not stopped:
        done |= {part for part in parts if part in _left_nothing_to_do(variables) and _selected(variables, part)}
    index = run.get("slice")
    return Run(
        playbook=str(run.get("playbook") or ""),
        parts=parts,
        done=done,
        selected={part for part in parts if _selected(variables, part)},
        check_mode=bool(variables.get("ansible_check_mode")),
        steps={name: to_builtin(result) for name in _STEPS for result in [_step(variables, name)] if result},
        hosts=by_host,
        moves={host: _results(known, _MOVE_RESULTS) for host, known in of_hosts.items()},
        errors=to_builtin(variables.get(f"{_PREFIX}errors") or ()),
        stopped=stopped,
        slice=(int(index["index"]), int(index["count"])) if index else None,
        cluster_wide=_true(run.get("cluster_wide", True)),
        hosts_only=_true(run.get("hosts_only")),
        unset=list(run.get("unset") or ()),
        rollout=str(run.get("rollout") or ""),
        rollout_named=_true(run.get("rollout_named")),
        onlinefs=str(run.get("onlinefs") or "hosts"),
        **given,
    )


def matching(action: ActionBase, patterns: t.Any, variables: Variables) -> t.List[str]:
    """Return the hosts of the inventory that match a pattern or a list of patterns."""
    if not patterns:
        return []
    lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=action._loader, templar=action._templar)
    terms = [patterns] if isinstance(patterns, str) else [",".join(map(str, patterns))]
    return [str(host) for host in lookup.run(terms, variables=variables)]


def limit_patterns(limit: str) -> t.List[str]:
    """Return the patterns of ``--limit``, those of a file (``@FILE``) too, as Ansible reads them."""
    patterns: t.List[str] = []
    for pattern in split_host_pattern(limit):
        if pattern.startswith("@"):
            with open(pattern[1:], encoding="utf-8") as file:
                patterns += [line.strip() for line in file if line.strip()]
        else:
            patterns.append(pattern)
    return patterns


def to_be_proved(host: Variables) -> bool:
    """Return whether Kafka must name a host as a member of its groups: unless its variable is false, nothing else."""
    return str(host.get("onlinefs_verify_consumer_group")).strip().lower() not in map(str, BOOLEANS_FALSE)


def _left_nothing_to_do(variables: Variables) -> t.Collection[str]:
    """Return the parts whose plays ran on no host, even if selected, as a check left nothing to do for them."""
    after = variables.get(f"{_PREFIX}after_preflight") or {}
    if after.get("converged") is True:
        return ("onlinefs", "projects", "verify")
    course = variables.get(f"{_PREFIX}course") or {}
    return ("onlinefs",) if course.get("roll") == [] == course.get("move") else ()


def _selected(variables: Variables, part: str) -> bool:
    """Return whether ``--tags`` and ``--skip-tags`` select a part."""
    chosen, left = (variables.get(f"ansible_{kind}_tags") or () for kind in ("run", "skip"))
    return ("all" in chosen or part in chosen) and part not in left


def _step(variables: Variables, name: str) -> t.Any:
    return variables.get(f"{_PREFIX}part_{name}") or variables.get(f"{_PREFIX}step_{name}")


def _results(variables: Variables, names: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
    """Return the results of a host, under the keys of ``names``. A task that was skipped leaves none."""
    found = {key: variables.get(name) for key, name in names.items()}
    return {key: _returned(result) for key, result in found.items() if result and not _skipped(result)}


def _skipped(result: t.Any) -> bool:
    return isinstance(result, t.Mapping) and result.get("skipped") is True


def _returned(result: t.Any) -> t.Any:
    try:
        return to_builtin(result)
    except RecursionError:
        return host_results.too_deep()


def _true(value: t.Any) -> bool:
    """Return a fact as a truth value. Up to ansible-core 2.18, a template in ``set_fact`` returns text."""
    return str(value).lower() == "true"
