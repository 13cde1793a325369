# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The closing summary of a run: what was done, what was seen, what was not, and what to do next."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label

from . import hosts as seen
from . import moves, steps
from .findings import Cause, Finding, by_cause
from .host_results import StepResult
from .run import HOST_PARTS, Run, findings, left_out

_SEEN = ("external", "managed")
_ACTIONS = ("created", "updated", "deleted", "unchanged", "skipped", "failed")


@dataclasses.dataclass(frozen=True)
class Summary:
    """The summary of a run. :meth:`to_result` describes it."""

    run: Run
    causes: t.Sequence[Cause]
    projects: t.Mapping[str, int]
    left_behind: t.Optional[t.Sequence[StepResult]]
    left_behind_message: str
    hosts: t.Sequence[seen.HostSummary]
    certificates: t.Sequence[seen.CertificateExpiry]
    cluster_id: t.Optional[str]
    release: t.Optional[str]
    not_proved: t.Sequence[str]
    left_out: t.Sequence[str]
    next_steps: t.Sequence[str]
    move: t.Optional[moves.Move] = None
    stranded: t.Sequence[moves.StrandedSummary] = ()
    carried: t.Sequence[moves.Carried] = ()
    move_lines: t.Sequence[str] = ()

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the dictionary that ``rollout_summary`` documents."""
        return {
            "ok": not self.causes,
            "check_mode": self.run.check_mode,
            "findings": [cause.to_result() for cause in self.causes],
            "kafka": {"cluster_id": self.cluster_id, "bootstrap_servers": self.run.bootstrap},
            "release": self.release,
            "rollout": self.run.rollout,
            "projects": dict(self.projects),
            "left_behind": None if self.left_behind is None else [dict(entry) for entry in self.left_behind],
            "hosts": [host.to_result() for host in self.hosts],
            "certificates": [certificate._asdict() for certificate in self.certificates],
            "not_proved": list(self.not_proved),
            "left_out": list(self.left_out),
            "next": list(self.next_steps),
            "move": self.move.to_result() if self.move else None,
            "stranded": [left.to_result() for left in self.stranded],
            "carried": [each.to_result() for each in self.carried],
        }


def summarize(run: Run) -> Summary:
    """Return the summary of a run."""
    causes = by_cause(findings(run))
    chosen = [part for part in run.parts if part in HOST_PARTS and (not run.selected or part in run.selected)]
    names = sorted(run.hosts, key=_natural) if chosen else []
    hosts = [seen.host(name, run.hosts[name], run.writes) for name in names]
    results = {name: list(phases.values()) for name, phases in run.hosts.items()}
    probes = [result for result in (run.step("probe"), run.step("logins")) if result is not None]
    reach = run.step("left_behind") or run.step("reach") or {}
    not_proved = _not_proved(run, hosts)
    return Summary(
        run=run,
        causes=causes,
        projects=_projects(run),
        left_behind=_left_behind(reach),
        left_behind_message=_left_behind_message(run, reach),
        hosts=hosts,
        certificates=seen.certificates(probes, results),
        cluster_id=_label(seen.cluster_id(probes, results)),
        release=_label(reach.get("release")),
        not_proved=not_proved,
        left_out=left_out(run),
        next_steps=_next(run, causes, not_proved),
        move=moves.move(run.moves),
        stranded=moves.stranded(run.moves),
        carried=moves.carried(run.moves),
        move_lines=_move_lines(run),
    )


def _label(value: t.Any) -> t.Optional[str]:
    """Return a name that a server gave to something, as it can be shown."""
    return None if value is None else public_label(str(value))


def _left_behind(reach: StepResult) -> t.Optional[t.List[StepResult]]:
    told = reach.get("left_behind")
    if told is None:
        return None
    return [{key: _label(value) if isinstance(value, str) else value for key, value in each.items()} for each in told]


def _move_lines(run: Run) -> t.List[str]:
    told = moves.lines(run.moves, run.check_mode)
    counted = [found["stranded"] for found in run.moves.values() if "stranded" in found]
    if "carry_over" in run.done and counted and all("move" in each and not each.get("record") for each in counted):
        return ["no host has recorded one, so there is nothing to carry over"]
    return told


def _left_behind_message(run: Run, reach: StepResult) -> str:
    if reach and "projects" not in reach:
        # Otherwise this is a finding.
        return f"Not known: {steps.of_server(reach).cause}" if run.left_behind_allowed else ""
    return str(reach.get("left_behind_error") or reach.get("left_behind_message") or "")


def _projects(run: Run) -> t.Dict[str, int]:
    """Return the number of projects by outcome, from the step that tells most: the one that wrote, else the check."""
    for name in ("projects", "revert", "preflight"):
        results = (run.step(name) or {}).get("results")
        if results is not None:
            counted = collections.Counter(str(entry.get("action")) for entry in results)
            return {action: counted[action] for action in _ACTIONS if counted[action]}
    results = (run.step("verify") or run.step("clients") or {}).get("results")
    counted = collections.Counter(_seen(entry) for entry in results or ())
    if "projects" in run.done and not run.step("projects"):
        counted = collections.Counter({"unchanged": counted.pop("external", 0), **counted})
    return {word: counted[word] for word in (*_SEEN, *_ACTIONS) if counted[word]}


def _seen(entry: StepResult) -> str:
    if entry.get("error"):
        return "failed"
    if entry.get("skipped"):
        return "skipped"
    return "external" if (entry.get("effective") or {}).get("external") is True else "managed"


def _not_proved(run: Run, hosts: t.Sequence[seen.HostSummary]) -> t.List[str]:
    """Return what could not be proved of hosts of which nothing else is wrong, the same reason in one sentence."""
    if run.check_mode or not any(part in run.done for part in ("verify", "revert")):
        return []
    doubted = [host for host in hosts if not host.proved and host.state not in ("failed", "rolled back", "differs")]
    causes = by_cause(Finding("host", host.host, "; ".join(host.not_proved)) for host in doubted)
    return [f"{cause.who()}: {cause.cause}" for cause in causes]


def _next(run: Run, causes: t.Sequence[Cause], not_proved: t.Sequence[str]) -> t.List[str]:
    again = run.playbook or "the same playbook"
    if causes and run.stopped_before_changes:
        return [f"Fix what is wrong, then run {again} again."]
    if causes:
        return [f"Fix what is wrong, then run {again} again: what is done already does not change."]
    if run.check_mode:
        return [f"Run {again} without --check to do this."]
    if set(run.done) == {"preflight"}:
        return ["Run hopsworks.kafka.site to roll out."]
    if "carry_over" in run.done and moves.stranded(run.moves):
        return [
            "Run hopsworks.kafka.verify. Once no client writes to the old Kafka any more, close the move: "
            "hopsworks.kafka.onlinefs_move with state=closed."
        ]
    if "verify" not in run.done and "revert" not in run.parts:
        return ["Run hopsworks.kafka.verify to see that the result is in effect."]
    if not_proved:
        return [
            "Look in Kafka whether these hosts are members of their consumer groups, or set "
            "onlinefs_verify_consumer_group to true for them."
        ]
    return []


def _natural(name: str) -> t.List[t.Tuple[int, str]]:
    """Return a key that sorts ``host2`` before ``host10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]
