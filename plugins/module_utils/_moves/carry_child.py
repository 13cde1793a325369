# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Carry over what a recorded move has left, in a child process with the rights of the user whose configuration is read.

The configuration for the old Kafka may be one that the service's user wrote: see :mod:`cluster_reader`. So the child
gives up root before it looks at it, and what it reports is checked.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.child_process import Message, Send, run_in_child
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Result, RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from . import carry_over_task
from .carry_over import CarryRequest
from .cluster_reader import ClusterSource, give_up_root_for

#: How long the child may exceed the time limit of its work, to report what was done.
_GRACE_SECONDS = 5.0
#: An answer of 24 MB, and what is made of it, is in memory more than once.
_MAX_MEGABYTES = 512
#: Partitions in one message, which must stay below child_process.MAX_MESSAGE_BYTES.
_BATCH = 200
_MAX_TEXT = 3000
_MAX_NAME = 300
_AGAIN = "Run the task again: it carries what is missing, and nothing twice"

_COUNTS = ("rows", "bytes", "carried_before", "deleted", "empty", "extra")
_CLUSTERS = ("source_cluster", "target_cluster")
_NUMBERS = ("partition", "to_partition", "start", "end", *_COUNTS)


def carry_in_child(source: ClusterSource, target: KafkaDeclaration, request: CarryRequest, seconds: float) -> Result:
    """Carry rows over, and return the result of a task that does, as :func:`carry_over_task.run` does.

    :param source: the old Kafka.
    :param target: the declared one.
    :param seconds: the time limit.
    """
    result = _Assembled()
    deadline = Deadline(seconds + _GRACE_SECONDS)
    end = run_in_child(
        functools.partial(_work, source, target, request, seconds),
        result.receive,
        lambda: 0.0 if deadline.over else deadline.left(),
        max_megabytes=_MAX_MEGABYTES,
    )
    if result.done:
        return result.result
    if end.overdue:
        cause = f"not everything could be carried within {seconds:g} s"
    elif end.too_large:
        cause = "the process that carries rows used too much memory"
    else:
        cause = f"the process that carries rows ended: {end.signal or end.defect or 'without a result'}"
    return {**nothing(f"{cause}. {_AGAIN}"), "failed": True}


def nothing(message: str) -> Result:
    """Return the result of a task that has carried nothing."""
    return {
        "changed": False,
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(_CLUSTERS),
        "partitions": [],
        "proved": False,
        "warnings": [],
        "msg": message,
    }


class _Assembled:
    """Puts the messages of the child together. They are checked: the child works for another user."""

    def __init__(self) -> None:
        self.result = nothing("")
        self.done = False

    def receive(self, message: Message) -> None:
        result = self.result
        if "total" in message:
            total = message["total"]
            result.update({name: int(total[name]) for name in _COUNTS})
            result.update({name: str(total[name] or "")[:_MAX_NAME] or None for name in _CLUSTERS})
            result.update({name: bool(total[name]) for name in ("changed", "proved")})
            result.update(msg=str(total["msg"])[:_MAX_TEXT])
            result.update(warnings=[str(warning)[:_MAX_TEXT] for warning in total["warnings"]])
            if total["failed"]:
                result["failed"] = True
        for part in message.get("partitions", ()):
            end = part["target_end"]
            checked: t.Dict[str, t.Any] = {name: int(part[name]) for name in _NUMBERS}
            topic = str(part["topic"])[:_MAX_NAME]
            result["partitions"].append(
                {"topic": topic, **checked, "target_end": None if end is None else int(end)},
            )
        self.done = self.done or "done" in message


# --- in the child -----------------------------------------------------------------------------------------------------


def _work(source: ClusterSource, target: KafkaDeclaration, request: CarryRequest, seconds: float, send: Send) -> None:
    give_up_root_for(source)
    secrets: t.Set[str] = set()

    def prepare() -> carry_over_task.Work:
        with carry_over_task.named("target"):
            new = carry_over_task.cluster_of(target, secrets)
        with carry_over_task.named("source"):
            old = carry_over_task.cluster_of(source.client(), secrets)
        return carry_over_task.Work(old, new, request)

    # A line of progress also ends this process when nobody listens any more.
    mode = RunMode(request.dry, show=lambda line: send({"line": line}))
    result = carry_over_task.carry_over_within(prepare, seconds, mode, secrets)
    partitions = result.pop("partitions")
    send({"total": {"failed": False, **result}})
    for first in range(0, len(partitions), _BATCH):
        send({"partitions": partitions[first : first + _BATCH]})
    send({"done": True})
