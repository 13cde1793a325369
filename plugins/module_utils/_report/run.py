# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a run has registered, and the findings of each of its parts."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label, public_text

from . import host_results, moves, steps
from . import hosts as seen
from .findings import Finding, names, short
from .host_results import StepResult

#: The parts that change something.
_WRITING = ("settings", "onlinefs", "projects", "revert")
#: The parts that work on hosts.
HOST_PARTS = ("preflight", "onlinefs", "verify", "revert")
#: The part that carries over what a move has left. It looks at no configuration.
CARRY_OVER = "carry_over"

_NO_PROJECTS = "no_projects"
_SWITCHING = ("settings", "onlinefs")
_ROLL_OUT_TOO = "OnlineFS would not read what it writes, so include it in the rollout"
_ALLOW = "To accept it, set hopsworks_kafka_left_behind=allow"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run has registered.

    :param playbook: its name, such as ``hopsworks.kafka.site``.
    :param parts: the parts that the playbook has: ``preflight``, ``settings``, ``onlinefs``, ``projects``, ``verify``,
        ``revert``, ``carry_over``.
    :param done: those that ran.
    :param selected: those that ``--tags`` and ``--skip-tags`` select.
    :param check_mode: nothing was written.
    :param steps: the results on localhost: ``reach``, ``left_behind``, ``probe``, ``logins``, ``clients``,
        ``preflight``, ``settings``, ``switch``, ``projects``, ``verify``, ``revert``.
    :param hosts: every host of OnlineFS that this run is for, with its results by part.
    :param errors: failures of tasks that no step reports, with ``part`` and ``msg``.
    :param stopped: the part after whose findings the run stopped; empty if it did not stop.
    :param unproved: the hosts that need not be proved, because ``onlinefs_verify_consumer_group`` is false.
    :param left_behind_allowed: projects that the rollout does not reach are no finding.
    :param keep: connectors that differ from the declaration are left as they are.
    :param limited: the hosts that ``--limit`` left out.
    :param slice: index and count, if only a slice of the projects was chosen.
    :param cluster_wide: the cluster setting and the hosts belong to this run.
    :param hosts_only: this is a revert of the hosts alone.
    :param unset: the variables that are not set and without which Hopsworks cannot be asked for its projects.
    :param onlinefs: ``none`` if OnlineFS does not run on hosts of the inventory.
    :param rollout: the name of the rollout that the hosts keep with their configuration.
    :param rollout_named: the user gave it, so that every host has to keep it.
    :param bootstrap: the declared bootstrap servers.
    :param moves: what the hosts have seen and done of a move, by host and step: see :mod:`moves`.
    :param saved_offsets: what is to be done with the offsets that OnlineFS has saved: ``reset``, ``accept``, or empty.
    :param old_unreadable: the Kafka that OnlineFS leaves need not be read.
    """

    playbook: str = ""
    parts: t.Sequence[str] = ()
    done: t.Collection[str] = ()
    selected: t.Collection[str] = ()
    check_mode: bool = False
    steps: t.Mapping[str, StepResult] = dataclasses.field(default_factory=dict)
    hosts: t.Mapping[str, t.Mapping[str, StepResult]] = dataclasses.field(default_factory=dict)
    errors: t.Sequence[StepResult] = ()
    stopped: str = ""
    unproved: t.Collection[str] = ()
    left_behind_allowed: bool = False
    keep: bool = False
    limited: t.Collection[str] = ()
    slice: t.Optional[t.Tuple[int, int]] = None
    cluster_wide: bool = True
    hosts_only: bool = False
    unset: t.Collection[str] = ()
    onlinefs: str = "hosts"
    bootstrap: str = ""
    rollout: str = ""
    rollout_named: bool = False
    moves: moves.Steps = dataclasses.field(default_factory=dict)
    saved_offsets: str = ""
    old_unreadable: bool = False

    def __post_init__(self) -> None:
        """Check what the hosts returned: see :mod:`host_results`. Mask what a user has put into the wrong place."""
        hosts = {
            name: {part: host_results.checked(result) for part, result in phases.items()}
            for name, phases in self.hosts.items()
        }
        of_moves = {
            name: {step: host_results.checked_move(result) for step, result in found.items()}
            for name, found in self.moves.items()
        }
        object.__setattr__(self, "moves", of_moves)
        object.__setattr__(self, "bootstrap", public_text(self.bootstrap))
        object.__setattr__(self, "rollout", public_label(self.rollout))
        for name, found in of_moves.items():
            for part in ("onlinefs", "revert"):
                if "back" in found and "changes" in hosts.get(name, {}).get(part, {}):
                    hosts[name] = {**hosts[name], part: moves.went_back(found["back"])}
        object.__setattr__(self, "hosts", hosts)

    @property
    def writes(self) -> bool:
        """Whether the run is one that changes hosts."""
        return not self.check_mode and any(part in self.parts for part in ("onlinefs", "revert"))

    @property
    def stopped_before_changes(self) -> bool:
        """Whether the run stopped before anything was changed, and was to change something."""
        begun = any(part in self.done for part in _WRITING) or any("stop" in found for found in self.moves.values())
        return bool(self.stopped) and not begun and any(part in self.parts for part in _WRITING)

    @property
    def for_projects(self) -> bool:
        """Whether the run is for projects too: neither its playbook nor ``--tags`` leaves them out."""
        if "projects" in self.parts:
            return "projects" in self.selected
        return any(part in self.parts for part in ("preflight", "verify"))

    @property
    def writes_projects(self) -> bool:
        """Whether the run got to the part that changes projects."""
        return not self.check_mode and any(part in self.done for part in ("projects", "revert"))

    def step(self, name: str) -> t.Optional[StepResult]:
        """Return the result of a step that ran."""
        result = self.steps.get(name)
        return result if steps.ran(result) else None


def left_out(run: Run) -> t.List[str]:
    """Return what the user's options left out of a run, and what the run did not reach because it stopped."""
    texts = []
    parts = [part for part in run.parts if part not in run.done]
    if parts:
        why = f"the run stopped at {run.stopped}" if run.stopped else "of --tags, --skip-tags or --limit"
        texts.append(f"Not run, because {why}: {', '.join(parts)}.")
    if run.limited and any(part in run.done for part in (*HOST_PARTS, CARRY_OVER)):
        texts.append(f"Not reached, because of --limit: {names(list(run.limited), 10)}.")
    kept = _kept(run)
    if kept:
        texts.append(
            "The connector differs from the declaration and was kept, because hopsworks_kafka_existing is keep: "
            f"{names(kept)}."
        )
    if run.onlinefs == "none":
        texts.append(
            "OnlineFS was not checked, because hopsworks_kafka_onlinefs is none. Whether it reads from the declared "
            "Kafka is not known."
        )
    if "onlinefs" in run.parts and run.unset and not run.step("reach"):
        texts.append(
            "Which projects are left behind was not checked, because localhost does not have "
            f"{' and '.join(run.unset)}. OnlineFS does not read what they write: hopsworks.kafka.preflight names them."
        )
    if run.hosts_only:
        texts.append(
            "Which Kafka the projects use was not checked, because a revert of the hosts leaves them unchanged. "
            "hopsworks.kafka.verify compares hosts and projects with a declaration."
        )
    if run.slice and "revert" not in run.parts:
        index, total = run.slice
        text = f"Only the projects of slice {index} of {total}, counted from 0, were checked."
        if not run.cluster_wide:
            text += " The cluster setting and the hosts of OnlineFS belong to slice 0."
        texts.append(text)
    if "revert" in run.parts and not run.cluster_wide:
        texts += [
            "Only some projects were reverted, and the others still use the declared Kafka: bring-your-own-Kafka stays "
            "enabled, and the hosts of OnlineFS stay unchanged.",
            "OnlineFS does not read what the reverted projects write. To revert the rest, run hopsworks.kafka.revert "
            "without hopsworks_kafka_projects, hopsworks_kafka_project_query and hopsworks_kafka_slice.",
        ]
    return texts


def _kept(run: Run) -> t.List[str]:
    """Return the projects whose connector differs from the declaration and stays as it is."""
    written = run.step("projects") or run.step("preflight")
    if written is not None:
        return [
            public_label(str(entry["project"]))
            for entry in written.get("results") or ()
            if entry.get("reason") == "kept"
        ]
    read = (run.step("verify") or {}).get("results") if run.keep else None
    return [public_label(str(entry["project"])) for entry in read or () if entry.get("differs")]


def findings(run: Run, parts: t.Optional[t.Collection[str]] = None) -> t.List[Finding]:
    """Return every finding of a run.

    :param parts: only those of these parts.
    """
    found: t.List[Finding] = []
    for part, of_part in _PARTS:
        if parts is None or part in parts:
            found += of_part(run)
    told = "\n".join(finding.cause for finding in found)
    for error in run.errors:
        message = short(error["msg"])
        if (parts is None or error["part"] in parts) and not (message and message in told):
            cause = f"{error.get('task') or error['part']}: {message or 'it returned no message'}"
            found.append(Finding("task", "", short(cause)))
    if parts is None and not run.stopped:
        named = {finding.subject for finding in found if finding.kind == "host"}
        found += [finding for finding in _unseen(run) if finding.subject not in named]
    if parts is None and not found:
        found += _unexplained(run)
    return list(dict.fromkeys(found))


def _unseen(run: Run) -> t.Iterator[Finding]:
    """Return a finding for each host that a part should have reached, and that has no result of it."""
    verified = "verify" in run.done and not run.check_mode
    looked_at = verified or any(part in run.done for part in HOST_PARTS if part != "verify")
    to_verify = hosts_to_verify(run) if verified else ()
    for name, phases in run.hosts.items():
        if name in run.limited or not looked_at:
            continue
        if not phases:
            what = "not reached"
        elif name in to_verify and "verify" not in phases:
            what = "not verified"
        elif (
            "onlinefs" in run.done
            and not _is_settled(run, name, phases.get("preflight"))
            and set(phases) == {"preflight"}
        ):
            what = "not configured"
        else:
            continue
        cause = f"{what}: no task of this run returned a result for it"
        yield Finding("host", name, cause, "Look above for its first error, which may be of an earlier play")


def _unexplained(run: Run) -> t.Iterator[Finding]:
    """Return why a run without any finding is not complete all the same."""
    if run.stopped:
        yield Finding("run", "", f"it stopped at {run.stopped} without a message", "Run it again with -v")
        return
    if run.parts and not run.done:
        yield Finding(
            "run",
            "",
            "nothing was done, because no part of the playbook ran",
            f"Remove --tags, --skip-tags and --limit, or select one of these tags: {', '.join(run.parts)}",
        )
        return
    on_hosts = any(name not in run.limited for name in run.hosts)
    for part in run.parts:
        if part in run.selected and part not in run.done and (part != "onlinefs" or on_hosts):
            yield Finding("run", "", f"{part} was selected, but did not run", "Run it again with -v")


def _of_preflight(run: Run) -> t.Iterator[Finding]:
    if "revert" not in run.parts:
        yield from _of_reach(run, run.step("reach"))
    for name, read in (("probe", steps.of_probe), ("logins", steps.of_probe), ("preflight", steps.of_projects)):
        result = run.step(name)
        if result is not None:
            yield from read(result)
    yield from _of_no_project(run, ("preflight", "clients"))
    if "preflight" in run.done:
        yield from _of_checked_hosts(run)


def _of_checked_hosts(run: Run) -> t.Iterator[Finding]:
    """Return what speaks against a change of the hosts. They are checked by the preflight, or else by the rollout."""
    yield from _of_hosts(run, "preflight")
    settled = [
        name
        for name, phases in run.hosts.items()
        if "changes" in phases.get("preflight", {}) and "info" not in run.moves.get(name, {})
    ]
    settled += [name for name, found in run.moves.items() if _is_there(found.get("info"))]
    yield from moves.before(run.moves, run.limited, settled, run.saved_offsets, run.old_unreadable)


def _is_there(info: t.Optional[StepResult]) -> bool:
    """Return whether a host has the declared bootstrap servers already."""
    return info is not None and info.get("move") is False and info.get("old") is None


def _of_no_project(run: Run, step_names: t.Sequence[str]) -> t.Iterator[Finding]:
    """Return a finding if there is no project at all for which a run did something, unless it is for others.

    :param step_names: the steps that went through the projects.
    """
    looked = [result["results"] for name in step_names for result in [run.step(name) or {}] if "results" in result]
    entries = [entry for results in looked for entry in results]
    known = [problem["reason"] for problem in (run.step("reach") or {}).get("problems") or ()]
    if not looked or not run.for_projects or run.slice or _NO_PROJECTS in known:
        return
    if all(_passed_over(entry) for entry in entries):
        skipped = dict.fromkeys(str(entry["project"]) for entry in entries)
        why = f" (not complete, or without a feature store yet: {names(list(skipped))})" if skipped else ""
        yield Finding(
            "Projects",
            "",
            f"none was reached, so no client uses the declared Kafka{why}",
            "Check hopsworks_kafka_projects, hopsworks_kafka_project_query, and where the user of the API key is Data "
            "owner. To change the hosts of OnlineFS alone, run hopsworks.kafka.onlinefs",
        )


def _passed_over(entry: StepResult) -> bool:
    """Return whether nothing could be done for a project yet. One whose connector is kept is not meant."""
    return bool(entry.get("skipped")) or (entry.get("action") == "skipped" and entry.get("reason") != "kept")


def _of_reach(run: Run, reach: t.Optional[StepResult]) -> t.Iterator[Finding]:
    """Return the findings of ``hopsworks_projects_info``."""
    if reach is None:
        return
    hosts_alone = not run.for_projects and "preflight" not in run.done
    if "projects" not in reach:
        if not (hosts_alone and run.left_behind_allowed):
            yield steps.of_server(reach)
            if hosts_alone:
                yield Finding("Hopsworks", "", "it is not known who is left behind", _ALLOW)
        return
    for problem in reach.get("problems") or ():
        reason = str(problem["reason"])
        if (hosts_alone and not reason.startswith("release")) or (not run.for_projects and reason == _NO_PROJECTS):
            continue
        cause, remedy = short(problem["message"]), short(problem.get("remedy") or "")
        for project in problem.get("projects") or ("",):
            yield Finding("project" if project else "Hopsworks", str(project), cause, remedy)
    if run.left_behind_allowed:
        return
    # A run that changes no host reads the release alone, unless it verifies.
    if reach.get("left_behind_error") or (reach.get("left_behind") is None and "preflight" in run.done):
        yield Finding(
            "Hopsworks", "", short(reach.get("left_behind_error") or "it is not known who is left behind"), _ALLOW
        )
    # OnlineFS has one Kafka: once it is switched, nobody reads what these projects write.
    blocking = reach.get("left_behind_blocking") or () if any(part in run.parts for part in _SWITCHING) else ()
    for entry in reach.get("left_behind") or ():
        if entry["project"] in blocking:
            cause = f"left behind: {short(entry.get('message') or entry['reason'])}"
            yield Finding("project", str(entry["project"]), cause, f"{_ROLL_OUT_TOO}. {_ALLOW}")


def _of_settings(run: Run) -> t.Iterator[Finding]:
    for name in ("settings", "switch"):
        result = run.step(name)
        if result is not None:
            yield from steps.of_variables(result)


def _of_onlinefs(run: Run) -> t.Iterator[Finding]:
    if "preflight" not in run.done:
        yield from _of_checked_hosts(run)
    yield from _of_hosts(run, "onlinefs")
    yield from moves.during(run.moves)
    yield from moves.mixed_offsets(run.moves, _gone_back(run, "onlinefs"), run.saved_offsets)


def _gone_back(run: Run, part: str) -> t.List[str]:
    """Return the hosts that went back after this part had changed them."""
    return [name for name, phases in run.hosts.items() if phases.get(part, {}).get("rolled_back")]


def _of_projects(run: Run) -> t.Iterator[Finding]:
    result = run.step("projects")
    if result is not None:
        yield from steps.of_projects(result)
        yield from _of_no_project(run, ("projects",))


def _of_verify(run: Run) -> t.Iterator[Finding]:
    yield from _of_reach(run, run.step("left_behind"))
    result = run.step("verify")
    if result is not None:
        yield from steps.of_clients(result, run.keep)
    yield from _of_no_project(run, ("verify",))
    for name, phases in run.hosts.items():
        if "verify" in phases:
            yield from steps.of_host_drift(name, phases["verify"])
            yield from moves.unseen(name, phases["verify"], run.bootstrap)
    if "verify" in run.done and not run.check_mode:
        yield from _unproved(run)
        yield from moves.after(run.moves, run.old_unreadable)


def _unproved(run: Run) -> t.Iterator[Finding]:
    """Return a finding for each host that Kafka did not name as a member of its groups, and that has none yet."""
    for name, phases in run.hosts.items():
        host = seen.host(name, phases, run.writes)
        if host.proved or name in run.unproved or not phases or host.state not in ("changed", "unchanged"):
            continue
        yield Finding(
            "host",
            name,
            short(f"no proof that OnlineFS reads from the declared Kafka: {'; '.join(host.not_proved)}"),
            "Fix that, or set onlinefs_verify_consumer_group to false for the host if it need not be proved",
        )


def _of_revert(run: Run) -> t.Iterator[Finding]:
    if "revert" not in run.parts:
        return
    result = run.step("revert")
    if result is not None:
        yield from steps.of_projects(result)
    yield from moves.before(run.moves, run.limited, (), run.saved_offsets, run.old_unreadable, returns=True)
    yield from _of_hosts(run, "revert")
    yield from moves.during(run.moves)
    yield from moves.mixed_offsets(run.moves, _gone_back(run, "revert"), run.saved_offsets)
    if "revert" in run.done and not run.check_mode:
        yield from moves.after(run.moves, run.old_unreadable, returns=True)


def _of_carry_over(run: Run) -> t.Iterator[Finding]:
    if CARRY_OVER not in run.done:
        return
    for name in run.hosts:
        if name not in run.limited and "stranded" not in run.moves.get(name, {}):
            yield Finding("host", name, "not reached: no task of this run returned a result for it")
    yield from moves.carrying(run.moves)
    yield from moves.after(run.moves, run.old_unreadable, carries=run.check_mode)


def hosts_to_change(run: Run) -> t.List[str]:
    """Return every host if the check did not see all that it reached configured as declared, and working.

    A host that needs no change then keeps the name of the rollout, so that the name means one state of all hosts.
    """
    reached = [name for name in run.hosts if name not in run.limited]
    settled = bool(reached) and all(_is_settled(run, name, run.hosts[name].get("preflight")) for name in reached)
    return list(run.hosts) if run.rollout_named or not settled else []


def hosts_to_verify(run: Run) -> t.List[str]:
    """Return the hosts of which no earlier part of the run has seen what verify looks for."""
    return [
        name
        for name, phases in run.hosts.items()
        if not (
            _works(run, name, phases["onlinefs"])
            if "onlinefs" in phases
            else _is_settled(run, name, phases.get("preflight"))
        )
    ]


def is_converged(run: Run) -> bool:
    """Return whether the preflight has seen all that the later parts would do and look at, but for the settings."""
    clients = run.step("clients") or {}
    projects = run.step("reach") is not None and clients.get("settled") is True
    return projects and not hosts_to_change(run) and not hosts_to_verify(run)


def _is_settled(run: Run, name: str, result: t.Optional[StepResult]) -> bool:
    """Return whether a check found nothing to change or to finish, and a service that works."""
    found = result or {}
    changes = any(found.get(key) for key in ("actions", "changes", "interrupted"))
    return _works(run, name, found) and not changes and not moves.is_moving(run.moves.get(name, {}).get("info"))


def _works(run: Run, name: str, result: StepResult) -> bool:
    """Return whether a task passed and saw that the service works, as a member of its groups if that must be proved."""
    return "changes" in result and (seen.is_proved(result) or (name in run.unproved and bool(result.get("health"))))


def _of_hosts(run: Run, part: str) -> t.Iterator[Finding]:
    for name, phases in run.hosts.items():
        if part in phases:
            yield from steps.of_host(name, phases[part], run.playbook)


_PARTS: t.Tuple[t.Tuple[str, t.Callable[[Run], t.Iterable[Finding]]], ...] = (
    ("preflight", _of_preflight),
    ("settings", _of_settings),
    ("onlinefs", _of_onlinefs),
    ("projects", _of_projects),
    ("verify", _of_verify),
    ("revert", _of_revert),
    (CARRY_OVER, _of_carry_over),
)
