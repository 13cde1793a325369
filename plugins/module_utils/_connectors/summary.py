# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a task on many projects returns: a summary first, then each project, and a diff of what differs."""

from __future__ import annotations

import collections
import typing as t

from .reconcile import ProjectOutcome

#: The order of the summary.
ACTIONS = ("created", "updated", "deleted", "unchanged", "skipped", "failed")

#: How many failures the message quotes, and how many projects with the same change a diff names. Results have them all.
QUOTED = 5
NAMED = 20


def counts(outcomes: t.Sequence[ProjectOutcome]) -> t.Dict[str, int]:
    """How many projects came to which action, every action named."""
    counted = collections.Counter(outcome.action for outcome in outcomes)
    return {action: counted[action] for action in ACTIONS}


def message(outcomes: t.Sequence[ProjectOutcome], not_owned: int, check_mode: bool) -> str:
    """One line for a person: how many projects came to what, and the first failures with cause and remedy."""
    told = ", ".join(f"{count} {action}" for action, count in counts(outcomes).items() if count) or "nothing to do"
    text = f"{_projects(len(outcomes))}: {told}"
    if not_owned:
        text += f"; {not_owned} more without the role of Data owner left out"
    if check_mode:
        text += " (check mode: nothing was written)"
    failed = [outcome for outcome in outcomes if outcome.action == "failed"]
    for outcome in failed[:QUOTED]:
        error = outcome.error or {}
        remedy = f". {error['remedy']}" if error.get("remedy") else ""
        text += f" | project {outcome.project}: {error.get('message')}{remedy}."
    if len(failed) > QUOTED:
        text += f" | {len(failed) - QUOTED} more failures: see results."
    return text


def diff(outcomes: t.Sequence[ProjectOutcome]) -> t.List[t.Dict[str, str]]:
    """Ansible's diffs. Projects that change in the same way share one, so that thousands stay readable."""
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
    """One side of a diff, as lines ``name: value``."""
    return "".join(
        f"{change['what']}: {_value(change[side])}\n" for change in outcome.changes if change[side] is not None
    )


def _side(outcome: ProjectOutcome, side: str) -> str:
    """The same with what carries the project's name made alike for all projects."""
    project = outcome.project
    return (
        _lines(outcome, side).replace(f"/Projects/{project}/", "/Projects/…/").replace(f"kafka_{project}_", "kafka_…_")
    )


def _value(value: t.Any) -> str:
    return '""' if value == "" else str(value)


def _header(names: t.Sequence[str]) -> str:
    if len(names) == 1:
        return f"project {names[0]}"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{_projects(len(names))}: {', '.join(names[:NAMED])}{more}"


def _projects(number: int) -> str:
    return f"{number} project{'' if number == 1 else 's'}"


def result(outcomes: t.Sequence[ProjectOutcome], not_owned: int, check_mode: bool) -> t.Dict[str, t.Any]:
    """What the task returns, but for the diff."""
    return {
        "changed": any(outcome.changed for outcome in outcomes),
        "failed": any(outcome.error for outcome in outcomes),
        "msg": message(outcomes, not_owned, check_mode),
        "counts": {**counts(outcomes), "not_owned": not_owned},
        "results": [outcome.result() for outcome in outcomes],
    }
