# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What is written down about a move, when OnlineFS leaves a Kafka: what it had read, and where that Kafka ended.

The record lies in the state of the host, which only root can change, beside the kept configurations. What is read back
is checked in every part, because rows are counted, and copied, by it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import TopicPartition
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import same_servers
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_text, visible
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import files
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import ENDS, MOVE, Generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError

from .offsets import TOPIC_ID, ClusterOffsets, PartitionOffsets

_FORMAT = 1
_MAX_BYTES = 16 * 1024 * 1024
_MAX_PARTITIONS = 250_000
_MAX_OFFSET = 2**63
_MAX_NUMBER = 10**9
_MAX_TEXT = 4096
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclasses.dataclass(frozen=True)
class MoveRecord:
    """A move, as the host saw it when its service had stopped.

    :param old_cluster: the id of the cluster that OnlineFS has left; ``None`` if it could not be read.
    :param new_cluster: the id of the declared one; ``None`` likewise.
    :param old_servers: its bootstrap servers.
    :param new_servers: those of the declared one.
    :param generation: the number of the kept configuration for the old cluster.
    :param left: when, UTC.
    :param offsets: the old cluster's online topics at that time; ``None`` if they could not be read.
    """

    old_cluster: t.Optional[str]
    new_cluster: t.Optional[str]
    old_servers: str
    new_servers: str
    generation: int
    left: str
    offsets: t.Optional[ClusterOffsets]

    def same_move(self, old_cluster: t.Optional[str], old_servers: str, new_servers: str) -> bool:
        """Return whether this is the record of a move between these two."""
        if new_servers != self.new_servers:
            return False
        return old_servers == self.old_servers or (old_cluster is not None and old_cluster == self.old_cluster)

    @property
    def keeps_addresses(self) -> bool:
        """Whether another cluster has taken the place of the old one, at the same addresses."""
        return same_servers(self.old_servers, self.new_servers)

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the record for results. No secret, and no list of partitions."""
        positions = [self.offsets.position(part) for part in self.offsets.partitions] if self.offsets else []
        return {
            "old_cluster": self.old_cluster,
            "new_cluster": self.new_cluster,
            "old_servers": public_text(self.old_servers),
            "new_servers": public_text(self.new_servers),
            "generation": self.generation,
            "left": self.left,
            "partitions": len(self.offsets.partitions) if self.offsets else None,
            "positions_known": bool(self.offsets) and None not in positions,
        }

    def as_json(self) -> t.Dict[str, t.Any]:
        """Return the record for its file."""
        data = {**dataclasses.asdict(self), "format": _FORMAT, "offsets": None}
        if self.offsets is not None:
            topics: t.Dict[str, t.List[t.List[t.Optional[int]]]] = {}
            for (topic, number), part in sorted(self.offsets.partitions.items()):
                topics.setdefault(topic, []).append([number, *part])
            data["offsets"] = {
                "topics": topics,
                "unknown": [list(part) for part in sorted(self.offsets.unknown)],
                "ids": dict(self.offsets.ids),
            }
        return data

    @classmethod
    def from_json(cls, data: t.Any) -> MoveRecord:
        """Read what :meth:`as_json` returned.

        :raises ValueError: it cannot have come from there.
        """
        if not isinstance(data, dict) or data.get("format") != _FORMAT:
            raise ValueError("it is not the record of a move in a format that is known")
        texts = [_text(data.get(name)) for name in ("old_cluster", "new_cluster")]
        servers = [_text(data.get(name)) for name in ("old_servers", "new_servers")]
        if servers[0] is None or not servers[1]:
            raise ValueError("it does not name the bootstrap servers")
        if not _whole(data.get("generation"), _MAX_NUMBER):
            raise ValueError("an invalid number of a generation")
        if not isinstance(data.get("left"), str) or not _TIME.fullmatch(data["left"]):
            raise ValueError("it does not say when it was written")
        offsets = _offsets(data.get("offsets"), texts[0])
        return cls(texts[0], texts[1], servers[0], servers[1], data["generation"], data["left"], offsets)


def read(generations: Generations) -> t.Optional[MoveRecord]:
    """Return the move that a host has recorded, if any.

    :raises HostError: the record is damaged.
    """
    return _read(_path(generations, MOVE))


def read_ends(generations: Generations) -> t.Optional[MoveRecord]:
    """Return what a host has noted before its service was stopped, if anything.

    :raises HostError: it is damaged.
    """
    return _read(_path(generations, ENDS))


def _read(path: str) -> t.Optional[MoveRecord]:
    content = files.read_private(path, _MAX_BYTES)
    if content is None:
        return None
    try:
        return MoveRecord.from_json(json.loads(content.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        broken = isinstance(error, (json.JSONDecodeError, UnicodeDecodeError, RecursionError))
        cause = "not JSON" if broken else str(error)
        remedy = "Without it, rows left in the old Kafka are not counted. Count them by hand, and move the file away"
        raise HostError(path, f"damaged: {cause}", remedy) from None


def write(generations: Generations, record: MoveRecord) -> None:
    """Replace the record durably. The caller holds the lock."""
    _write(_path(generations, MOVE), record)


def write_ends(generations: Generations, noted: MoveRecord) -> None:
    """Replace what was noted before the service was stopped, likewise."""
    _write(_path(generations, ENDS), noted)


def _write(path: str, record: MoveRecord) -> None:
    data = record.as_json()
    content = json.dumps(data, separators=(",", ":"), sort_keys=True).encode("utf-8")
    if len(content) > _MAX_BYTES:
        raise HostError(path, f"the record would be larger than {_MAX_BYTES} bytes")
    try:
        MoveRecord.from_json(data)
    except ValueError as error:
        # A record that cannot be read blocks the move, the way back and the next move.
        raise HostError(path, f"not written, as it could not be read again: {error}") from None
    files.write_private(path, content)


def remove(generations: Generations) -> None:
    """Remove the record, if there is one, and what was noted for it. The caller holds the lock."""
    files.remove_private(_path(generations, MOVE))
    remove_ends(generations)


def remove_ends(generations: Generations) -> None:
    """Remove what was noted before the service was stopped. The caller holds the lock."""
    files.remove_private(_path(generations, ENDS))


def servers_text(servers: str) -> str:
    """Return bootstrap servers as a record has them: one line that can be shown. The service's user may write any."""
    line = " ".join(visible(servers).split())
    return line if len(line) <= _MAX_TEXT else f"{line[: _MAX_TEXT - 1]}…"


def now() -> str:
    """Return the time, as a record has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _path(generations: Generations, name: str) -> str:
    return os.path.join(generations.directory, name)


def _text(value: t.Any) -> t.Optional[str]:
    if value is not None and (not isinstance(value, str) or len(value) > _MAX_TEXT):
        raise ValueError("the name of a cluster is not text")
    return value


def _whole(value: t.Any, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit


def _offsets(data: t.Any, cluster_id: t.Optional[str]) -> t.Optional[ClusterOffsets]:
    if data is None:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("topics"), dict) or cluster_id is None:
        raise ValueError("its offsets cannot be read")
    partitions: t.Dict[TopicPartition, PartitionOffsets] = {}
    for topic, entries in data["topics"].items():
        if not _TOPIC.fullmatch(topic) or not isinstance(entries, list):
            raise ValueError("it names something that is not a topic")
        for entry in entries:
            partitions[topic, _number(entry, 4)] = _partition(entry)
    unknown = data.get("unknown")
    if not isinstance(unknown, list) or len(partitions) + len(unknown) > _MAX_PARTITIONS:
        raise ValueError("its offsets cannot be read")
    for entry in unknown:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
            raise ValueError("its offsets cannot be read")
        if not _TOPIC.fullmatch(entry[0]) or not _whole(entry[1], _MAX_NUMBER):
            raise ValueError("it names something that is not a topic")
    return ClusterOffsets(
        cluster_id, partitions, frozenset((topic, number) for topic, number in unknown), _ids(data.get("ids", {}))
    )


def _ids(data: t.Any) -> t.Dict[str, str]:
    """Read the ids of topics. A record of an earlier version has none."""
    if not isinstance(data, dict) or len(data) > _MAX_PARTITIONS:
        raise ValueError("the ids of its topics cannot be read")
    for topic, topic_id in data.items():
        if not _TOPIC.fullmatch(topic) or not isinstance(topic_id, str) or not TOPIC_ID.fullmatch(topic_id):
            raise ValueError("the ids of its topics cannot be read")
    return data


def _number(entry: t.Any, length: int) -> int:
    if not isinstance(entry, list) or len(entry) != length or not _whole(entry[0], _MAX_NUMBER):
        raise ValueError("its offsets cannot be read")
    return int(entry[0])


def _partition(entry: t.Sequence[t.Any]) -> PartitionOffsets:
    start, end, committed = entry[1:]
    known = (start, end) if committed is None else (start, end, committed)
    if not all(_whole(offset, _MAX_OFFSET) for offset in known) or start > end:
        raise ValueError("its offsets cannot be read")
    return PartitionOffsets(start, end, committed)
