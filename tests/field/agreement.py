# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the verdicts on the inputs: same, told, listed, or wrong."""

from __future__ import annotations

import collections
import re
import typing as t

from .corpus import Case, Listed
from .judge import Verdict
from .ours import Said

SAME, TOLD, LISTED, WRONG = "same", "told", "listed", "wrong"
MAX_LISTED = 10


class Comparison(t.NamedTuple):
    """One input, what one release of Java's clients says to it, and what we say."""

    case: Case
    release: str
    java: Verdict
    ours: Said
    outcome: str

    def __str__(self) -> str:
        java = f"refuses: {self.java.refusal}" if self.java.refusal else "accepts"
        ours = f"refuses: {self.ours.text}" if self.ours.verdict.refusal else f"accepts ({self.ours.text})"
        return f"{self.case.name}: Kafka {self.release}'s {self.case.client} {java}\n    kafka_probe {ours}"


def compare(case: Case, release: str, java: Verdict, ours: Said, listed: t.Sequence[Listed]) -> Comparison:
    """Judge one input. A difference is told if the text says what the input's `told` demands."""
    if java.accepted == ours.verdict.accepted:
        outcome = SAME
    elif case.told and re.search(case.told, ours.text):
        outcome = TOLD
    elif any((entry.case, entry.release) == (case.name, release) for entry in listed):
        outcome = LISTED
    else:
        outcome = WRONG
    return Comparison(case, release, java, ours, outcome)


def summary(comparisons: t.Sequence[Comparison]) -> list[str]:
    """One line for each release: of N, same / told / listed / wrong."""
    lines = []
    for release in dict.fromkeys(each.release for each in comparisons):
        counts = collections.Counter(each.outcome for each in comparisons if each.release == release)
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in (SAME, TOLD, LISTED, WRONG))
        lines.append(f"Kafka {release}: of {sum(counts.values())} inputs {told}")
    return lines
