# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Build the result of a task on many projects: a summary, an entry for each project, and a diff."""

from __future__ import annotations

import collections
import functools
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean

from .project_outcome import NO_FEATURE_STORE, NOT_DONE, ProjectOutcome

#: The order of the summary.
ACTIONS = ("created", "updated", "deleted", "unchanged", "skipped", "failed")

#: The number of failures that the message quotes. The results have all of them.
MAX_QUOTED = 5
#: The number of projects with the same change that a diff names, or that were skipped for the same reason.
MAX_NAMED = 20

_PASSED_OVER = {NO_FEATURE_STORE: "no feature store yet", NOT_DONE: "not created completely"}


def counts(outcomes: t.Sequence[ProjectOutcome]) -> t.Dict[str, int]:
    """Return the number of projects for each action."""
    counted = collections.Counter(outcome.action for outcome in outcomes)
    return {action: counted[action] for action in ACTIONS}


def message(outcomes: t.Sequence[ProjectOutcome], not_owned: int, check_mode: bool) -> str:
    """Return one line for a person: the number of projects for each action, and the first failures with remedies."""
    numbers = ", ".join(f"{count} {action}" for action, count in counts(outcomes).items() if count)
    text = f"{_projects(len(outcomes))}: {numbers or 'nothing to do'}"
    if not_owned:
        text += f"; left out {not_owned} more where the user is not Data owner"
    for reason, what in _PASSED_OVER.items():
        passed_over = [outcome.project for outcome in outcomes if outcome.reason == reason]
        if passed_over:
            text += f"; {what}: {_names(passed_over)}"
    if check_mode:
        text += " (check mode: nothing was written)"
    failed = [outcome for outcome in outcomes if outcome.action == "failed"]
    for outcome in failed[:MAX_QUOTED]:
        error = outcome.failure.error if outcome.failure else {}
        remedy = f". {error['remedy']}" if error.get("remedy") else ""
        text += f" | project {outcome.project}: {error.get('message')}{remedy}."
    if len(failed) > MAX_QUOTED:
        text += f" | {len(failed) - MAX_QUOTED} more failures: see results."
    return text


def diff(outcomes: t.Sequence[ProjectOutcome]) -> t.List[t.Dict[str, str]]:
    """Return Ansible's diffs. Projects that change in the same way share one, so that thousands stay readable."""
    alike: t.Dict[t.Tuple[str, str], t.List[ProjectOutcome]] = {}
    for outcome in outcomes:
        if outcome.changes:
            alike.setdefault((_side(outcome, "before"), _side(outcome, "after")), []).append(outcome)
    shown = []
    for sides, group in alike.items():
        before, after = sides if len(group) > 1 else (_lines(group[0], "before"), _lines(group[0], "after"))
        header = _header([outcome.project for outcome in group])
        shown.append({"before": before, "after": after, "before_header": header, "after_header": header})
    return shown


def _lines(outcome: ProjectOutcome, side: str) -> str:
    """Return one side of a diff, as lines ``name: value``."""
    return "".join(
        f"{_one_line(change['what'])}: {_one_line(change[side])}\n"
        for change in outcome.changes
        if change[side] is not None
    )


def _side(outcome: ProjectOutcome, side: str) -> str:
    """Return the same with the project's name replaced where a path or file name holds it."""
    project = outcome.project
    return (
        _lines(outcome, side).replace(f"/Projects/{project}/", "/Projects/…/").replace(f"kafka_{project}_", "kafka_…_")
    )


def _one_line(value: t.Any) -> str:
    return '""' if value == "" else _cleaned(str(value))


@functools.lru_cache(maxsize=1000)
def _cleaned(text: str) -> str:
    """Return a text that is fit for a terminal: what Hopsworks answered may hold control characters."""
    return clean(text, ()).replace("\n", "\\n")


def _header(projects: t.Sequence[str]) -> str:
    if len(projects) == 1:
        return f"project {_names(projects)}"
    return f"{_projects(len(projects))}: {_names(projects)}"


def _names(projects: t.Sequence[str]) -> str:
    more = f" and {len(projects) - MAX_NAMED} more" if len(projects) > MAX_NAMED else ""
    return ", ".join(_cleaned(project) for project in projects[:MAX_NAMED]) + more


def _projects(number: int) -> str:
    return f"{number} project{'' if number == 1 else 's'}"


def result(outcomes: t.Sequence[ProjectOutcome], not_owned: int, check_mode: bool) -> t.Dict[str, t.Any]:
    """Return the result of the task, except for the diff."""
    tracebacks = [outcome.failure.traceback for outcome in outcomes if outcome.failure and outcome.failure.traceback]
    return {
        "changed": any(outcome.changed for outcome in outcomes),
        "failed": any(outcome.failure for outcome in outcomes),
        "msg": message(outcomes, not_owned, check_mode),
        "counts": {**counts(outcomes), "not_owned": not_owned},
        "results": [outcome.to_result() for outcome in outcomes],
        # ansible-core shows it at -vvv.
        **({"exception": tracebacks[0]} if tracebacks else {}),
    }
