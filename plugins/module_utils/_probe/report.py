# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a probe found: one entry per stage and target, the report of them, and the table that a person reads."""

from __future__ import annotations

import textwrap
import time
import typing as t

from . import reasons

#: The stages, in their order.
STAGES = (
    "config",
    "resolve",
    "connect",
    "tls",
    "sasl",
    "metadata",
    "listeners",
    "topics",
    "groups",
    "round_trip",
)

NOT_REACHED = "not_reached"
NOT_ASKED = "not_asked"

_WIDTH = 118


class StageResult(t.NamedTuple):
    """What one stage found at one target.

    :param target: a server, a topic, a group, a token endpoint; empty where the stage has only one.
    :param ok: None for a stage that was not reached or not asked for.
    :param reason: a code (see :mod:`probe_reasons`), stable; also set on an entry that is ok and tells a reservation.
    :param detail: what was seen, for a person. No secret is ever in it.
    :param remedy: what to do about it.
    :param ms: milliseconds that it took.
    """

    stage: str
    target: str = ""
    ok: t.Optional[bool] = None
    reason: str = ""
    detail: str = ""
    remedy: str = ""
    ms: int = 0


def passed(stage: str, target: str, detail: str, since: float, note: str = "") -> StageResult:
    """An entry that is ok. ``note`` is the code of a reservation; ``since`` a moment of ``time.monotonic()``."""
    return StageResult(stage, target, True, note, detail, reasons.remedy(stage, note), elapsed(since))


def failed(stage: str, target: str, reason: str, detail: str, since: float, remedy: str = "") -> StageResult:
    """An entry that is not ok; its remedy is the one that belongs to ``reason``, where none is given."""
    return StageResult(stage, target, False, reason, detail, remedy or reasons.remedy(stage, reason), elapsed(since))


def elapsed(since: float) -> int:
    """Milliseconds since a moment of ``time.monotonic()``."""
    return round((time.monotonic() - since) * 1000)


class Report(t.NamedTuple):
    """The result of one probe.

    :param stages: every stage of :data:`STAGES` at least once, in their order.
    :param warnings: what is to be told though the probe passed: sentences.
    """

    stages: t.Tuple[StageResult, ...]
    warnings: t.Tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.failed_stage is None

    @property
    def failed_stage(self) -> t.Optional[str]:
        """The first stage that failed."""
        return next((entry.stage for entry in self.stages if entry.ok is False), None)

    @property
    def failure(self) -> t.Optional[StageResult]:
        """The first entry that failed."""
        return next((entry for entry in self.stages if entry.ok is False), None)

    def as_dict(self) -> t.Dict[str, t.Any]:
        """``{ok, failed_stage, stages: [{stage, target, ok, reason, detail, remedy, ms}]}``, as modules return it."""
        stages = [entry._asdict() for entry in self.stages]
        return {"ok": self.ok, "failed_stage": self.failed_stage, "stages": stages}

    def headline(self) -> str:
        """One line: what came of it."""
        failure = self.failure
        if failure is None:
            return "Kafka connection: all stages passed"
        at = f" at {failure.target}" if failure.target else ""
        return f"Kafka connection: stage {failure.stage} failed{at}: {failure.reason}"

    def table(self) -> str:
        """The headline, and below it a line per entry; under one that failed what was seen and what to do."""
        width = max([6, *(min(len(entry.target), 48) for entry in self.stages)])
        lines = [self.headline(), "", f"{'stage':<10}  {'result':<6}  {'ms':>5}  {'target':<{width}}  what was seen"]
        for entry in self.stages:
            lines.extend(_lines(entry, width))
        return "\n".join(lines)


def complete(entries: t.Iterable[StageResult], asked: t.Container[str] = STAGES) -> t.Tuple[StageResult, ...]:
    """``entries`` in the order of the stages, and one with ok None for each stage without any.

    :param asked: the stages that were asked for: the others are marked as not asked, not as not reached.
    """
    found = list(entries)
    ordered: t.List[StageResult] = []
    for stage in STAGES:
        own = [entry for entry in found if entry.stage == stage]
        ordered.extend(own or [StageResult(stage, reason=NOT_REACHED if stage in asked else NOT_ASKED)])
    return tuple(ordered)


def _lines(entry: StageResult, width: int) -> t.Iterator[str]:
    result = {True: "ok", False: "FAILED", None: "-"}[entry.ok]
    ms = "" if entry.ok is None else str(entry.ms)
    seen = entry.detail if entry.ok else entry.reason
    if entry.ok is None:
        seen = entry.reason.replace("_", " ")
    start = f"{entry.stage:<10}  {result:<6}  {ms:>5}  {entry.target:<{width}}  "
    told = textwrap.wrap(seen, max(30, _WIDTH - len(start))) or [""]
    yield (start + told[0]).rstrip()
    for line in told[1:]:
        yield " " * len(start) + line
    if entry.ok is False:
        yield from _wrapped(entry.detail, "    ")
    if entry.remedy and entry.ok is not None:
        yield from _wrapped(entry.remedy, "    -> ")


def _wrapped(text: str, indent: str) -> t.Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent), break_long_words=False
    )
