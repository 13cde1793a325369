# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Do the work of the module ``onlinefs_move_info``: what a move means, and what it has left behind."""

from __future__ import annotations

import functools
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import TopicPartition
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options, Result

from . import carry_marks, move_planner, move_record
from .cluster_reader import Reading
from .move_host import MoveHost, read_host, shown
from .move_record import MoveRecord
from .offsets import ClusterOffsets
from .old_cluster import topics_of

_AGAIN_SECONDS = 1.0


def info(params: Options, secrets: t.Set[str]) -> Result:
    """Return what a move means. Changes nothing.

    :param secrets: receives the texts that no message may show.
    :raises HopsworksKafkaError: the options are wrong, or the host cannot be read.
    """
    host = read_host(params, secrets)
    record = move_record.read(host.generations)
    result: Result = {
        "changed": False,
        "move": False,
        "same_addresses": False,
        "old": None,
        "new": None,
        "unread": None,
        "drained": None,
        "overlap": None,
        "missing": [],
        "record": record.to_result() if record else None,
        "stranded": None,
    }
    same_move = False
    new: t.Optional[Reading] = None
    if not host.is_there:
        answering, drained = _drain(host, params["drain_timeout"])
        new = host.new(topics=True)
        moves = host.moves(answering.cluster_id, new.cluster_id)
        same_move = bool(record and record.same_move(answering.cluster_id, host.old_servers, host.new_servers))
        result.update(_compared(host, moves, answering, new))
        result["drained"] = None if moves is False else drained
        new = None
    elif host.cluster_before is not None or host.target is not None:
        new = host.new(topics=False, carried=record is not None)
        result["new"] = new.to_result(shown(host.new_servers))
        moves = host.moves(None, host.cluster_there(new))
        if moves is not False:
            same_move = bool(record and host.is_of_the_same_addresses(record, new.cluster_id))
            result.update(_compared(host, moves, new, host.new(topics=True)), same_addresses=True)
    if record is not None and not same_move:
        result["stranded"] = stranded(host, record, new).to_result()
    return result


def _compared(host: MoveHost, moves: t.Optional[bool], answering: Reading, new: Reading) -> Result:
    """Return what the two clusters mean for a host.

    :param answering: the cluster that answers at the host's addresses.
    :param new: the declared one.
    """
    old = host.left_behind(answering)
    result: Result = {
        "move": moves,
        "old": old.to_result(shown(host.old_servers)),
        "new": new.to_result(shown(host.new_servers)),
    }
    if moves is not False:
        result.update(unread=_unread(old).to_result(), overlap=_overlap(old, new), missing=_missing(host, old, new))
    return result


def _drain(host: MoveHost, seconds: t.Optional[int]) -> t.Tuple[Reading, t.Optional[bool]]:
    """Read the old Kafka, and wait until what it had then has been read, if that is asked for."""
    first = now = host.old(topics=True)
    if seconds is None or first.offsets is None:
        return now, None
    deadline = Deadline(seconds)
    while True:
        drained = None if now.offsets is None else move_planner.is_drained(first.offsets, now.offsets)
        if drained is not False or deadline.over:
            return now, drained
        time.sleep(min(_AGAIN_SECONDS, deadline.left()))
        now = host.old(topics=True)


def _unread(old: Reading) -> move_planner.Rows:
    return move_planner.everything(old.reason) if old.offsets is None else move_planner.unread(old.offsets)


def _overlap(old: Reading, new: Reading) -> t.Optional[t.List[Result]]:
    """Return the rows that may be skipped; ``None`` if the declared Kafka cannot be read."""
    if new.offsets is None:
        return None
    return [each.to_result() for each in move_planner.overlap(old.offsets, new.offsets)]


def _missing(host: MoveHost, old: Reading, new: Reading) -> t.List[str]:
    """Return the topics that OnlineFS would not find in the declared Kafka."""
    if old.offsets is None or new.offsets is None or host.declared is None:
        return []
    found = move_planner.missing(old.offsets, new.offsets)
    wanted = topics_of(host.files, host.params["topics"], host.params["topic_pattern"])
    if wanted.names:
        return [topic for topic in found if topic in wanted.names]
    # Whether another pattern matches them is not decided here, as that may take any time.
    return list(found) if wanted == topics_of(host.files) else []


def stranded(host: MoveHost, record: MoveRecord, new: t.Optional[Reading] = None) -> move_planner.Stranded:
    """Return what a move has left.

    :param new: the declared Kafka with what was carried, if it was read already.
    """
    unknown = functools.partial(move_planner.stranded, record, None, {})
    try:
        old = host.left(record)
    except InputError as error:
        return unknown(reason=str(error))
    if old.offsets is None:
        return unknown(reason=old.reason)
    new = host.new(topics=False, carried=True) if new is None else new
    elsewhere = not host.is_led_to_by(record)
    if elsewhere and (new.cluster_id is None or new.cluster_id != record.new_cluster):
        # What was carried is written down in a Kafka that is not the declared one. Before the next move, OnlineFS reads
        # from it. Without it, at worst, rows count that were carried.
        new = host.old(topics=False, carried=True)
        if new.cluster_id is None or new.cluster_id != record.new_cluster:
            return move_planner.stranded(record, old.offsets, {})
    if new.cluster_id is None:
        return unknown(reason=f"what was carried over is not known, as the declared Kafka cannot be read: {new.reason}")
    return move_planner.stranded(record, old.offsets, _carried_of(old.offsets, new))


def _carried_of(old: ClusterOffsets, new: Reading) -> t.Dict[TopicPartition, carry_marks.Spans]:
    """Return what was carried of the partitions of the old cluster, by the marks in the new one."""
    origins = {topic: carry_marks.origin(old.cluster_id, old.ids.get(topic, "")) for topic in old.topics}
    return {part: new.carried.get(origins[part[0]], {}).get(part, ()) for part in old.partitions}
