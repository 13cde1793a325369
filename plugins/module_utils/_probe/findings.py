# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Record the results of a probe and its current stage: written by one thread, read by another."""

from __future__ import annotations

import threading
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_name

from .reasons import FailureReason, WarningReason
from .report import Report, StageResult, complete, failed, passed, printable

Event = t.List[t.Any]


class Ended(Exception):
    """The probe cannot continue. The reason is in its findings."""


class Findings:
    """The results of one probe, its warnings, and the stage in progress. Safe for several threads.

    :param asked: the stages that were asked for.
    :param on_event: called with every change, which :meth:`replay` repeats elsewhere.
    """

    def __init__(self, asked: t.Collection[str], on_event: t.Callable[[Event], None] = lambda event: None) -> None:
        self._lock = threading.Lock()
        self._on_event = on_event
        self._asked = frozenset(asked)
        self._results: t.List[StageResult] = []
        self._warnings: t.List[str] = []
        self._own: t.List[t.Mapping[str, t.Any]] = []
        self._cluster_id = ""
        self._closed = False
        self._stage, self._began = "config", time.monotonic()

    # --- for the stages

    @property
    def asked(self) -> t.FrozenSet[str]:
        """The stages that were asked for."""
        with self._lock:
            return self._asked

    def begin(self, stage: str) -> None:
        """Note the stage in progress; results without a moment of their own count from now."""
        self._change(["begin", stage])

    def drop(self, stage: str) -> None:
        """Mark a stage as not requested, because it does not apply to the declaration."""
        self._change(["drop", stage])

    def add(self, result: StageResult) -> None:
        """Add a result."""
        self._change(["add", list(result._replace(target=printable(result.target), detail=printable(result.detail)))])

    def warn(self, text: str) -> None:
        """Add a warning, a sentence."""
        self._change(["warn", printable(text)])

    def own_certificates(self, certificates: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Add certificates of the declared stores: store, subject, expires, days_left."""
        self._change(["own", [dict(certificate) for certificate in certificates]])

    def cluster_id(self, name: str) -> None:
        """Note the id that the cluster gives itself."""
        self._change(["cluster_id", public_name(name)])

    def passed(
        self,
        stage: str,
        target: str,
        detail: str,
        note: t.Union[WarningReason, t.Literal[""]] = "",
        certificate: t.Optional[t.Mapping[str, t.Any]] = None,
    ) -> None:
        """Add a result that is ok, and began with the stage in progress."""
        self.add(passed(stage, target, detail, self._began, note)._replace(certificate=certificate))

    def failed(
        self, reason: FailureReason, target: str, detail: str, stage: t.Optional[str] = None, remedy: str = ""
    ) -> None:
        """Add a failure, of the stage in progress if no other is named."""
        self.add(failed(stage or self._stage, target, reason, detail, self._began, remedy))

    def end(self, reason: FailureReason, target: str, detail: str, stage: t.Optional[str] = None) -> t.NoReturn:
        """Add a failure that ends the probe.

        :raises Ended: always.
        """
        self.failed(reason, target, detail, stage)
        raise Ended

    def has_failed(self, stage: str, target: str) -> bool:
        """Tell whether a stage failed at a target."""
        with self._lock:
            return any(one.ok is False for one in self._results if (one.stage, one.target) == (stage, target))

    # --- for those who wait

    def close(self) -> None:
        """Accept no more results: those of an abandoned thread do not count."""
        self._change(["close", ""])

    @property
    def closed(self) -> bool:
        """Tell whether the probe is over."""
        with self._lock:
            return self._closed

    def report(self) -> Report:
        """Return the results. A probe that ended before its last stage without a reason has failed too."""
        with self._lock:
            seen = (tuple(self._warnings), tuple(self._own), self._cluster_id)
            found = Report(complete(self._results, self._asked), *seen)
            missed = next((entry.stage for entry in found.stages if entry.reason == "not_reached"), None)
            if not found.ok or missed is None:
                return found
            early = failed(missed, "", "internal", "the probe ended before this stage", self._began)
            return Report(complete([*self._results, early], self._asked), *seen)

    def replay(self, event: Event) -> None:
        """Make a change that ``on_event`` told of."""
        self._change(event)

    def _change(self, event: Event) -> None:
        kind, value = event
        with self._lock:
            if self._closed:
                return
            if kind == "begin":
                self._stage, self._began = value, time.monotonic()
            elif kind == "drop":
                self._asked = self._asked - {value}
            elif kind == "add":
                self._results.append(StageResult(*value))
            elif kind == "warn":
                self._warnings.append(value)
            elif kind == "own":
                self._own.extend(value)
            elif kind == "cluster_id":
                self._cluster_id = value
            else:
                self._closed = True
            self._on_event(event)
