# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find out why a Kafka connection does not work: check its stages, and report what was seen and what to do.

The stages run in a child process, as librdkafka crashes on some answers. Earlier results of a probe are still reported.
A probe returns within its timeout, whatever the network, the name servers or the brokers do.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import child_process, defects
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.fan_out import fan_out

from . import stages
from .cache import ProbeCache
from .findings import Ended, Findings
from .options import ProbeOptions, TopicRequirement
from .report import Report
from .stages import Context, DeclarationSource

__all__ = ["Job", "ProbeOptions", "Report", "TopicRequirement", "probe", "probe_all"]

#: How long after its time a probe is waited for: first here in the child, which knows more, then by the parent.
_GRACE_SECONDS = 0.2
_PARENT_GRACE_SECONDS = 0.5
#: How long a child may take before its first probe begins and after its last one is over.
_IDLE_SECONDS = 5.0
#: How much more memory a task may take for each of the probes that run at the same time.
_MEGABYTES_PER_PROBE = 4


class Job(t.NamedTuple):
    """A probe to do.

    :param source: the declaration, or what makes it.
    """

    source: DeclarationSource
    options: ProbeOptions


def probe(source: DeclarationSource, options: t.Optional[ProbeOptions] = None) -> Report:
    """Probe one connection."""
    return probe_all([Job(source, options or ProbeOptions())])[0]


def probe_all(
    jobs: t.Sequence[Job],
    workers: int = 1,
    cache: t.Optional[ProbeCache] = None,
    prepare: t.Callable[[], None] = lambda: None,
) -> t.List[Report]:
    """Probe many connections in one child process, and in another one what is left if that crashes.

    :param workers: how many at the same time.
    :param prepare: called in the child before the first probe.
    """
    found = [Findings(stages.asked_stages(job.options)) for job in jobs]
    waiting = list(range(len(jobs)))
    while waiting:
        _round(jobs, found, waiting, workers, cache or ProbeCache(), prepare)
        waiting = [number for number in waiting if not found[number].closed]
    return [findings.report() for findings in found]


# --- in the parent ---------------------------------------------------------------------------------------------------


def _round(
    jobs: t.Sequence[Job],
    found: t.Sequence[Findings],
    waiting: t.Sequence[int],
    workers: int,
    cache: ProbeCache,
    prepare: t.Callable[[], None],
) -> None:
    """Run the remaining probes in one child. At least one is over afterwards."""
    ends: t.Dict[int, float] = {}  # of the probes in progress
    idle_since = time.monotonic()

    def receive(message: child_process.Message) -> None:
        nonlocal idle_since
        number = message["probe"]
        if number not in ends and not found[number].closed:
            ends[number] = time.monotonic() + jobs[number].options.timeout
        found[number].replay(message["event"])
        if found[number].closed:
            ends.pop(number, None)
            idle_since = time.monotonic()

    def seconds_left() -> float:
        end = min(ends.values()) + _PARENT_GRACE_SECONDS if ends else idle_since + _IDLE_SECONDS
        return end - time.monotonic()

    max_megabytes = child_process.MAX_MEGABYTES + _MEGABYTES_PER_PROBE * min(workers, len(waiting))
    ended = child_process.run_in_child(
        lambda send: _probe_here(jobs, waiting, workers, cache, prepare, send),
        receive,
        seconds_left,
        max_megabytes=max_megabytes,
    )
    left = list(ends) or [number for number in waiting if not found[number].closed][:1]
    for number in left:
        if ended.signal:
            seen = f"the process of the probe was ended by {ended.signal}, as if librdkafka had crashed on an answer"
            found[number].failed("library_crashed", "", seen)
        elif ended.too_large:
            seen = f"the answers of the servers took more than {max_megabytes} MB of memory"
            found[number].failed("answer_too_large", "", seen)
        elif ended.overdue:
            found[number].failed("timeout", "", _not_done(jobs[number].options))
        else:
            found[number].failed("internal", "", ended.defect or "the process of the probe ended too early")
        found[number].close()


def _not_done(options: ProbeOptions) -> str:
    return f"not done when the {options.timeout:g} s were up"


# --- in the child ----------------------------------------------------------------------------------------------------


def _probe_here(
    jobs: t.Sequence[Job],
    numbers: t.Sequence[int],
    workers: int,
    cache: ProbeCache,
    prepare: t.Callable[[], None],
    send: child_process.Send,
) -> None:
    prepare()

    def work(number: int) -> None:
        job = jobs[number]
        findings = Findings(stages.asked_stages(job.options), lambda event: send({"probe": number, "event": event}))
        findings.begin("config")
        probe_here(job, findings, cache)

    fan_out(numbers, work, workers)


def probe_here(job: Job, findings: Findings, cache: ProbeCache) -> None:
    """Do one probe in this process, without protection from a crash. Returns in time; what blocks is left behind."""
    context = Context(job.source, job.options, Deadline(job.options.timeout), cache, opened=[])
    over = threading.Event()
    threading.Thread(target=_go, args=(context, findings, over), daemon=True).start()
    if not over.wait(context.deadline.left() + _GRACE_SECONDS):
        findings.failed("timeout", "", _not_done(job.options))
    findings.close()


def _go(context: Context, findings: Findings, over: threading.Event) -> None:
    """Go through all stages; the thread's own function."""
    try:
        stages.go_through(context, findings)
    except Ended:
        pass
    except concurrent.futures.TimeoutError:
        findings.failed("timeout", "", "another probe of this task, for which this one waited, was not done in time")
    except Exception as error:  # a defect must not look like a fault of the network
        findings.failed("internal", "", defects.where(error))
    finally:
        over.set()
        for client in context.opened:
            client.close()  # after the report, so that it does not wait for this
