# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run the module kafka_carry_over: from its options to two clusters, and to its result."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import ClusterFault, work_within
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.transfer_client import (
    RecordSource,
    TransactionalTarget,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline, TooLate
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean, hide
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import (
    ModuleTask,
    Options,
    Result,
    RunMode,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    STORE_PROPERTIES,
    KafkaDeclaration,
    declare,
    located_store,
    secrets_of,
    store_option,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import tls_handshake

from . import carry_marks, carry_over, carry_planner
from .carry_over import NAME, CarryOutcome, CarryRequest, Endpoint, Tally
from .carry_planner import PartitionJob, listed, name_of

_MAX_REASON = 2000
_AGAIN = "Run the task again when the cause is repaired: it carries what is missing, and nothing twice"


def carry_spec() -> t.Dict[str, t.Any]:
    """Return the options of the module, as ``AnsibleModule`` takes them."""
    cluster: t.Dict[str, t.Any] = {"type": "dict", "required": True, "options": kafka_client_arguments()}
    cluster["options"]["properties"]["required"] = True
    return {
        "argument_spec": {
            "source": cluster,
            "target": cluster,
            "ranges": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "topic": {"type": "str", "required": True},
                    "partition": {"type": "int", "required": True},
                    "start": {"type": "int", "required": True},
                    "end": {"type": "int", "required": True},
                },
            },
            "accept_deleted": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 3600},
        },
    }


class Work(t.NamedTuple):
    """What to carry, and between which clusters."""

    source: Endpoint
    target: Endpoint
    request: CarryRequest


def run(options: Options, mode: RunMode) -> Result:
    """Return the result of the module."""
    secrets: t.Set[str] = set()

    def prepare() -> Work:
        if options["timeout"] <= 0:
            raise InputError("option timeout", "it must be greater than zero", "Omit it, or give a larger number")
        request = CarryRequest(carry_planner.ranges(options["ranges"]), options["accept_deleted"], mode.check_mode)
        return Work(_given("source", options["source"], secrets), _given("target", options["target"], secrets), request)

    return carry_over_within(prepare, options["timeout"], mode, secrets)


def carry_over_within(prepare: t.Callable[[], Work], seconds: float, mode: RunMode, secrets: t.Set[str]) -> Result:
    """Carry rows over, and return the result of a task that does.

    :param prepare: returns what to carry. What it raises is part of the result.
    :param seconds: the time limit.
    :param secrets: receives the texts that no message may show. ``prepare`` may add some.
    """
    outcome = CarryOutcome()
    try:
        _carry(prepare(), outcome, seconds, mode, secrets)
    except ClusterFault as fault:
        return _failed(f"{_shown(fault, secrets)}. {_AGAIN}.", outcome, mode)
    except HopsworksKafkaError as error:
        return _failed(_shown(error, secrets), outcome, mode)
    return _result(outcome, mode, proved=not mode.check_mode)


def cluster_of(client: KafkaDeclaration, secrets: t.Set[str]) -> Endpoint:
    """Return a cluster by its client.

    :raises InputError: its certificates cannot be used.
    """
    secrets |= secrets_of(client.properties, client.truststore, client.keystore)
    return Endpoint(client, tls_handshake.secure(client))


@contextlib.contextmanager
def named(side: str) -> t.Iterator[None]:
    """Name the option, or the cluster, that an error is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{side}, {error.subject}", error.cause, error.remedy, error.reason) from None


def _given(side: str, given: t.Mapping[str, t.Any], secrets: t.Set[str]) -> Endpoint:
    with named(f"option {side}"):
        properties: t.Dict[str, t.Any] = dict(given["properties"])
        stores = {
            role: store_option(role, given.get(role)) or located_store(role, properties, lambda location: location)
            for role in STORE_PROPERTIES
        }
        return cluster_of(declare(properties, stores["truststore"], stores["keystore"]), secrets)


def _carry(work: Work, outcome: CarryOutcome, seconds: float, mode: RunMode, secrets: t.Set[str]) -> None:
    """Carry rows over within a time limit."""
    deadline = Deadline(seconds)
    source = RecordSource(work.source.client, work.source.secure, deadline)
    target = TransactionalTarget(work.target.client, work.target.secure, deadline, NAME, NAME)

    def copy() -> None:
        carry_over.carry(source, target, work.request, outcome, mode.show)

    try:
        work_within(seconds, copy, source, target)
    except TooLate:
        raise ClusterFault(f"not everything could be carried within {seconds:g} s") from None
    finally:
        secrets |= source.secrets | target.secrets


# --- results ----------------------------------------------------------------------------------------------------------


def _shown(error: Exception, secrets: t.Collection[str]) -> str:
    """Return an error as it can be shown: a broker may use as a name whatever it has been told."""
    return hide(clean(str(error), secrets), secrets)[:_MAX_REASON]


def _failed(cause: str, outcome: CarryOutcome, mode: RunMode) -> Result:
    done = f"{outcome.rows} rows were carried and committed. " if outcome.rows and not mode.check_mode else ""
    return {**_result(outcome, mode, proved=False), "failed": True, "msg": f"{done}{cause}"}


def _result(outcome: CarryOutcome, mode: RunMode, proved: bool) -> Result:
    partitions = [_partition(job, outcome) for job in outcome.jobs]
    totals = {
        name: sum(part[name] for part in partitions)
        for name in ("rows", "bytes", "carried_before", "deleted", "empty", "extra")
    }
    changed = totals["rows"] + totals["extra"] > 0
    verb = "would be carried" if mode.check_mode else "were carried"
    places = f"{len(partitions)} partition{'' if len(partitions) == 1 else 's'}"
    message = f"{totals['rows']} rows ({totals['bytes'] / 1e6:.1f} MB) {verb} from {places}"
    if totals["carried_before"]:
        message += f"; {totals['carried_before']} offsets had been carried before"
    return {
        "changed": changed,
        **totals,
        "source_cluster": outcome.source_cluster or None,
        "target_cluster": outcome.target_cluster or None,
        "partitions": partitions,
        "proved": proved,
        "warnings": _warnings(outcome),
        "msg": message,
    }


def _partition(job: PartitionJob, outcome: CarryOutcome) -> t.Dict[str, t.Any]:
    tally = outcome.tallies.get(job.source, Tally())
    return {
        "topic": job.source[0],
        "partition": job.source[1],
        "to_partition": job.target[1],
        "start": min((start for start, _end in job.wanted), default=0),
        "end": max((end for _start, end in job.wanted), default=0),
        "rows": tally.rows,
        "bytes": tally.bytes,
        "carried_before": carry_marks.size(job.carried),
        "deleted": carry_marks.size(job.deleted),
        "empty": tally.empty,
        "extra": tally.extra,
        "target_end": outcome.ends.get(job.target),
    }


def _warnings(outcome: CarryOutcome) -> t.List[str]:
    moved = [f"{name_of(job.source)} to {job.target[1]}" for job in outcome.jobs if job.source[1] != job.target[1]]
    deleted = [f"{carry_marks.size(job.deleted)} of {name_of(job.source)}" for job in outcome.jobs if job.deleted]
    extra = [f"{tally.extra} of {name_of(part)}" for part, tally in sorted(outcome.tallies.items()) if tally.extra]
    timed = sorted({part[0] for part, tally in outcome.tallies.items() if tally.broker_time})
    found = (
        (moved, "The topic has fewer partitions in the new Kafka, so rows go to other ones"),
        (deleted, "The old Kafka has deleted rows before they could be carried. They are lost"),
        (extra, "Rows outside of the ranges came along, because they share a compressed batch with rows in them"),
        (
            timed,
            "The old Kafka gives rows of these topics the time at which it stored them (LogAppendTime). In the new one "
            "they have the time of their producer",
        ),
    )
    return [f"{text}: {listed(names)}" for names, text in found if names]


TASK = ModuleTask("kafka_carry_over", carry_spec, run)
