# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Findings: what is wrong with a project, a host or Kafka, and the list of them that a person reads."""

from __future__ import annotations

import re
import textwrap
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean, public_label

#: The number of lines that the list may have.
MAX_LINES = 24
#: The number of subjects that one line names.
MAX_NAMED = 3
#: The length of a cause or remedy, in characters. A message may quote a whole log.
MAX_TEXT = 400
#: To clean a million characters takes seconds.
_MAX_CLEANED = 200_000

_WIDTH = 150
_PLURALS = {
    name: f"{name}s"
    for name in ("project", "host", "row", "topic", "member", "partition", "more partition", "more reason")
}


class Finding(t.NamedTuple):
    """Something that is wrong.

    :param kind: ``project``, ``host``, or another word for the only subject of its kind, such as ``Kafka``.
    :param subject: the name of the project or host; empty for the only subject of its kind.
    :param cause: what is wrong, as a sentence without a full stop.
    :param remedy: what to do about it; may be empty.
    """

    kind: str
    subject: str
    cause: str
    remedy: str = ""


class Cause(t.NamedTuple):
    """Findings with the same cause.

    :param subjects: the names of the projects or hosts, in the order in which they were found.
    """

    kind: str
    cause: str
    remedy: str
    subjects: t.Tuple[str, ...]

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``findings``."""
        return {**self._asdict(), "subjects": list(self.subjects)}

    def who(self) -> str:
        """Return for example ``298 projects (a, b, c and 295 more)``."""
        if not self.subjects:
            return self.kind
        if len(self.subjects) == 1:
            return f"{self.kind} {self.subjects[0]}"
        return f"{count(len(self.subjects), self.kind)} ({names(self.subjects)})"


def short(text: t.Any) -> str:
    """Return the first paragraph of a message in one line, without secrets, cut at a length that a person reads."""
    whole = str(text)
    if len(whole) > _MAX_CLEANED:
        return f"a message of {len(whole)} characters, which the output above has"
    paragraph = clean(whole, ()).strip().split("\n\n", maxsplit=1)[0]
    line = " ".join(paragraph.split()).rstrip(".")
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def by_cause(findings: t.Iterable[Finding]) -> t.List[Cause]:
    """Group findings by their cause. Causes that name their own project or host are the same for this.

    The most frequent cause of many subjects comes first; otherwise the order is kept.
    """
    groups: t.Dict[t.Tuple[str, str, str], t.List[Finding]] = {}
    for finding in dict.fromkeys(findings):
        key = (finding.kind, _unnamed(finding.cause, finding.subject), _unnamed(finding.remedy, finding.subject))
        groups.setdefault(key, []).append(finding)
    causes = []
    for (kind, cause, remedy), alike in groups.items():
        subjects = tuple(dict.fromkeys(public_label(finding.subject) for finding in alike if finding.subject))
        only = alike[0] if len(subjects) == 1 else None
        causes.append(Cause(kind, only.cause if only else cause, only.remedy if only else remedy, subjects))
    return sorted(causes, key=lambda cause: -len(cause.subjects) if len(cause.subjects) > 1 else 0)


def lines(causes: t.Sequence[Cause], limit: int = MAX_LINES) -> t.List[str]:
    """Return the list for a person, with at most ``limit`` lines: a line for a cause, and one for its remedy."""
    shown: t.List[str] = []
    for number, cause in enumerate(causes):
        entry = [*_wrapped(f"{cause.who()}: {cause.cause}", "  "), *_wrapped(cause.remedy, "    -> ")]
        left = len(causes) - number
        if len(shown) + len(entry) > limit - (left > 1):
            return [*shown, f"  … and {left} more causes: see `summary.findings` in the result of this task (-v)"]
        shown += entry
    return shown


def names(subjects: t.Sequence[str], limit: int = MAX_NAMED) -> str:
    """Return for example ``a, b, c and 295 more``."""
    named = ", ".join(subjects[:limit])
    return named if len(subjects) <= limit else f"{named} and {len(subjects) - limit} more"


def count(number: int, kind: str) -> str:
    """Return for example ``1 project`` or ``298 projects``. Kinds with one subject only have no plural."""
    return f"{number} {kind if number == 1 else _PLURALS.get(kind, kind)}"


def _unnamed(text: str, subject: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(subject)}(?![A-Za-z0-9])", "…", text) if subject else text


def _wrapped(text: str, indent: str) -> t.List[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * (len(indent) + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
