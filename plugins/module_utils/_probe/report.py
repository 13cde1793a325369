# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The result of a probe: one entry per stage and target, their report, and the table that a person reads."""

from __future__ import annotations

import re
import textwrap
import time
import typing as t

from . import reasons
from .reasons import FailureReason, Reason, WarningReason

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

_WIDTH = 118
#: What other programs say is cut here.
_MAX_TEXT = 2000
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class StageResult(t.NamedTuple):
    """What one stage found at one target.

    :param target: a server, a topic, a group, a token endpoint; empty if the stage has only one.
    :param ok: None for a stage that was not reached or not asked for, and for a target that was not checked.
    :param reason: why it failed, a warning if it passed, or why there is no result.
    :param detail: what was seen, for people. No secret is ever in it.
    :param remedy: what to do about it.
    :param ms: milliseconds that it took.
    :param certificate: the broker's certificate: subject, expires, days_left; only in ``tls`` and ``listeners``.
    """

    stage: str
    target: str = ""
    ok: t.Optional[bool] = None
    reason: Reason = ""
    detail: str = ""
    remedy: str = ""
    ms: int = 0
    certificate: t.Optional[t.Mapping[str, t.Any]] = None


def passed(
    stage: str, target: str, detail: str, since: float, note: t.Union[WarningReason, t.Literal[""]] = ""
) -> StageResult:
    """Return an entry that is ok.

    :param since: when it began, a moment of ``time.monotonic()``.
    :param note: the code of a warning.
    """
    return StageResult(stage, target, True, note, detail, reasons.remedy(stage, note), elapsed(since))


def failed(stage: str, target: str, reason: FailureReason, detail: str, since: float, remedy: str = "") -> StageResult:
    """Return an entry that is not ok; its remedy is that of ``reason`` unless another one is given."""
    return StageResult(stage, target, False, reason, detail, remedy or reasons.remedy(stage, reason), elapsed(since))


def printable(text: str) -> str:
    """Return a text with control characters as escapes, cut at a length that a result can carry."""
    shown = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
    return _UNPRINTABLE.sub(lambda match: match.group().encode("unicode_escape").decode(), shown)


def elapsed(since: float) -> int:
    """Return the milliseconds since a moment of ``time.monotonic()``."""
    return round((time.monotonic() - since) * 1000)


class Report(t.NamedTuple):
    """The result of one probe.

    :param stages: every stage of :data:`STAGES` at least once, in their order.
    :param warnings: sentences to show though the probe passed.
    :param own: the certificates of the declared stores: store, subject, expires, days_left.
    :param cluster_id: the id that the cluster gives itself; empty if it was not told.
    """

    stages: t.Tuple[StageResult, ...]
    warnings: t.Tuple[str, ...] = ()
    own: t.Tuple[t.Mapping[str, t.Any], ...] = ()
    cluster_id: str = ""

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

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return ``{ok, failed_stage, stages: [{stage, target, ok, reason, detail, remedy, ms, certificate}]}``.

        Only an entry for a broker's certificate has the last key.
        """
        stages = [entry._asdict() for entry in self.stages]
        for entry in stages:
            if entry["certificate"] is None:
                del entry["certificate"]
        return {"ok": self.ok, "failed_stage": self.failed_stage, "stages": stages}

    @property
    def certificates(self) -> t.List[t.Dict[str, t.Any]]:
        """The certificates of the declared stores, and those of the brokers that were reached, each with its store."""
        brokers = {entry.target: entry.certificate for entry in self.stages if entry.certificate}
        return [
            *(dict(certificate) for certificate in self.own),
            *({"store": server, **certificate} for server, certificate in brokers.items()),
        ]

    def headline(self) -> str:
        """Return one line: whether the probe passed, or where and why it failed."""
        failure = self.failure
        if failure is None:
            return "Kafka connection: all stages passed"
        at = f" at {failure.target}" if failure.target else ""
        return f"Kafka connection: stage {failure.stage} failed{at}: {failure.reason}"

    def table(self) -> str:
        """Return the headline, and below it a line per entry; for one that failed also what was seen and what to do."""
        width = max([6, *(min(len(entry.target), 48) for entry in self.stages)])
        lines = [self.headline(), "", f"{'stage':<10}  {'result':<6}  {'ms':>5}  {'target':<{width}}  what was seen"]
        for entry in self.stages:
            lines.extend(_lines(entry, width))
        return "\n".join(lines)


def complete(entries: t.Iterable[StageResult], asked: t.Container[str] = STAGES) -> t.Tuple[StageResult, ...]:
    """Return ``entries`` in the order of the stages, and one with ok None for each stage without any.

    :param asked: the stages that were asked for; the others are marked as not asked instead of not reached.
    """
    found = list(entries)
    ordered: t.List[StageResult] = []
    for stage in STAGES:
        own = [entry for entry in found if entry.stage == stage]
        ordered.extend(own or [StageResult(stage, reason="not_reached" if stage in asked else "not_asked")])
    return tuple(ordered)


def _lines(entry: StageResult, width: int) -> t.Iterator[str]:
    result = {True: "ok", False: "FAILED", None: "-"}[entry.ok]
    ms = "" if entry.ok is None else str(entry.ms)
    seen = entry.detail if entry.ok else entry.reason
    if entry.ok is None:
        seen = ": ".join(filter(None, [entry.reason.replace("_", " "), entry.detail]))
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
