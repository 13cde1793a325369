# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a task on many projects returns: a summary first, then a result for each project, and a diff of what differs."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.worker import Outcome

#: Order of the summary.
ACTIONS = ("created", "updated", "deleted", "unchanged", "skipped", "failed")

#: How many failures the message quotes; the results have them all.
QUOTED = 5


def counts(outcomes: t.Sequence[Outcome]) -> t.Dict[str, int]:
    """``{created: 2, …}``, every action named."""
    counted = collections.Counter(outcome.action for outcome in outcomes)
    return {action: counted[action] for action in ACTIONS}


def message(outcomes: t.Sequence[Outcome], check_mode: bool = False) -> str:
    """One line for a person: how many projects came to what, and the first failures with cause and remedy."""
    told = ", ".join(f"{count} {action}" for action, count in counts(outcomes).items() if count) or "none"
    text = f"{len(outcomes)} project{'' if len(outcomes) == 1 else 's'}: {told}{' (check mode)' if check_mode else ''}"
    failed = [outcome for outcome in outcomes if outcome.action == "failed"]
    if not failed:
        return text
    quoted = " | ".join(str(outcome.error) for outcome in failed[:QUOTED])
    more = f" | and {len(failed) - QUOTED} more, see results" if len(failed) > QUOTED else ""
    return f"{text}. {quoted}{more}"


def diff(outcomes: t.Sequence[Outcome]) -> t.List[t.Dict[str, str]]:
    """Ansible's diffs, one for each project that differs; secrets are masked."""
    shown = []
    for outcome in outcomes:
        if not outcome.changes:
            continue
        sides: t.Dict[str, t.List[str]] = {"before": [], "after": []}
        for change in outcome.changes:
            fields = change.shown()
            for side, lines in sides.items():
                if fields[side] is not None:
                    lines.append(f"{fields['what']}: {fields[side]}\n")
        header = f"project {outcome.project}"
        texts = {side: "".join(lines) for side, lines in sides.items()}
        shown.append({**texts, "before_header": header, "after_header": header})
    return shown


def shown(outcomes: t.Sequence[Outcome], check_mode: bool = False) -> t.Dict[str, t.Any]:
    """The return value of a task."""
    return {
        "changed": any(outcome.changed for outcome in outcomes),
        "msg": message(outcomes, check_mode),
        "counts": counts(outcomes),
        "results": [outcome.shown() for outcome in outcomes],
    }
