# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find out whether a host's consumer is a member of its group, by Kafka's own description."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline, TooLate
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import hide, printable
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from .cluster_client import LATEST, ClusterFault, Secure, TopicPartition, work_within
from .group_client import Description, GroupClient, Member

_NO_ANSWER = "Kafka did not answer in time"
_MAX_REASON = 500
#: Results are not to grow with what a broker calls a member.
_MAX_NAME = 300
_MAX_SHOWN = 10


@dataclasses.dataclass(frozen=True)
class ConsumerGroup:
    """What Kafka says of the service's consumer group.

    :param client_id: the client id of this host's members.
    :param joined: whether such a member is in the group; ``None`` if Kafka did not say, see ``reason``.
    :param final: looking again will not change that.
    :param stable: all members of the group have their partitions.
    :param members: the number of members of the group.
    :param partitions: the number of partitions that the group reads, over all its members but old ones of this host.
    :param lag: the number of records that this host's members are behind; ``None`` if Kafka lacks the offset of
        one of their partitions, as OnlineFS may keep its offsets itself.
    :param cluster_id: the cluster's own id.
    :param own: this host's members, as results show them.
    :param certificates: the address of each broker that was asked, and its certificate (DER).
    """

    name: str
    client_id: str
    joined: t.Optional[bool]
    reason: str = ""
    final: bool = False
    stable: bool = False
    members: int = 0
    partitions: int = 0
    lag: t.Optional[int] = None
    cluster_id: t.Optional[str] = None
    own: t.Tuple[t.Mapping[str, t.Any], ...] = ()
    certificates: t.Tuple[t.Tuple[str, bytes], ...] = dataclasses.field(default=(), repr=False)

    @property
    def reads(self) -> bool:
        """Whether a member of this host has partitions."""
        return any(member["partitions"] for member in self.own)

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the group as results show it."""
        names = ("name", "client_id", "joined", "reason", "members", "partitions", "lag", "cluster_id")
        return {name: getattr(self, name) for name in names}

    def doubts(self) -> t.List[str]:
        """Return what was not proved, although nothing failed."""
        if not self.joined:
            cause = self.reason or _NO_ANSWER
            return [f"Could not verify that {self.client_id or 'a member'} joined group {self.name}: {cause}"]
        if not self.partitions:
            cause = "there is no topic that it is to read, or it may not read it"
            return [f"Consumer group {self.name} has joined, but reads nothing: {cause}"]
        return []


def member_ids(client: KafkaDeclaration, secure: t.Optional[Secure], name: str, seconds: float) -> t.FrozenSet[str]:
    """Return the ids of all members of a group.

    :raises ClusterFault: Kafka could not be asked.
    """

    def ask(kafka: GroupClient) -> t.FrozenSet[str]:
        return frozenset(member.member_id for member in kafka.describe(name).members)

    return _bounded(ask, GroupClient(client, secure, Deadline(seconds)), seconds)


def look(
    client: KafkaDeclaration,
    secure: t.Optional[Secure],
    name: str,
    client_id: str,
    seconds: float,
    ignored: t.Collection[str] = (),
) -> ConsumerGroup:
    """Look at a group once.

    :param client: the service's own, with stores that can be read here.
    :param secure: does the TLS handshake; ``None`` for a protocol without TLS.
    :param client_id: the client id of this host's members; empty for any member.
    :param seconds: the time limit.
    :param ignored: ids of members that do not count, because they were there before a restart.
    """
    unknown = ConsumerGroup(name, client_id, None)

    client_of_group = GroupClient(client, secure, Deadline(seconds))

    def ask(kafka: GroupClient) -> ConsumerGroup:
        found = _conclude(unknown, kafka.describe(name), ignored)
        found = _measured(found, kafka) if found.own else found
        found = dataclasses.replace(found, certificates=tuple(kafka.certificates.items()))
        return _without_secrets(found, kafka.secrets)

    try:
        return _bounded(ask, client_of_group, seconds)
    except ClusterFault as fault:
        reason = printable(str(fault), client_of_group.secrets)[:_MAX_REASON]
        # The service logs in as this client does, so it is refused as well.
        joined = False if fault.refused else None
        return dataclasses.replace(unknown, joined=joined, reason=reason or _NO_ANSWER, final=fault.final)


_T = t.TypeVar("_T")


def _bounded(work: t.Callable[[GroupClient], _T], client: GroupClient, seconds: float) -> _T:
    """Do some work within a time limit."""
    try:
        return work_within(seconds, lambda: work(client), client)
    except TooLate:
        raise ClusterFault(_NO_ANSWER) from None


def _conclude(unknown: ConsumerGroup, group: Description, ignored: t.Collection[str]) -> ConsumerGroup:
    """Return what a description says of this host's members."""
    mine = [
        member
        for member in group.members
        if member.member_id not in ignored and unknown.client_id in ("", member.client_id)
    ]
    found = dataclasses.replace(
        unknown,
        joined=bool(mine),
        stable=group.stable,
        members=len(group.members),
        partitions=sum(
            len(member.partitions)
            for member in group.members
            if member.member_id not in ignored or unknown.client_id not in ("", member.client_id)
        ),
        own=tuple(_shown(unknown.name, member) for member in mine),
    )
    if mine:
        return found
    if not group.members:
        return dataclasses.replace(found, reason="nobody has joined the group")
    others = ", ".join(sorted(member.client_id for member in group.members)[:_MAX_SHOWN])
    reason = f"state {group.state}, members: {others}"
    if any(member.client_id == unknown.client_id for member in group.members):
        reason += f"; {unknown.client_id} was there before the restart and has not joined again"
    return dataclasses.replace(found, reason=reason)


def _without_secrets(found: ConsumerGroup, secrets: t.Collection[str]) -> ConsumerGroup:
    """Return a group as it can be shown: a broker may use as a name whatever it has been told."""
    known: t.Dict[str, str] = {}

    def shown(text: str) -> str:
        if text not in known:
            known[text] = hide(text, secrets)[:_MAX_NAME]
        return known[text]

    own = [
        {
            **member,
            "member_id": shown(member["member_id"]),
            "client_id": shown(member["client_id"]),
            "partitions": [{**part, "topic": shown(part["topic"])} for part in member["partitions"]],
        }
        for member in found.own
    ]
    return dataclasses.replace(
        found,
        own=tuple(own),
        reason=printable(found.reason, secrets)[:_MAX_REASON],
        cluster_id=shown(found.cluster_id) if found.cluster_id else None,
    )


def _shown(group: str, member: Member) -> t.Dict[str, t.Any]:
    partitions = [{"topic": topic, "partition": number, "lag": None} for topic, number in sorted(member.partitions)]
    return {
        "group": group,
        "member_id": member.member_id,
        "client_id": member.client_id,
        "partitions": partitions,
        "lag": None,
    }


def _measured(found: ConsumerGroup, kafka: GroupClient) -> ConsumerGroup:
    """Add the cluster's id and the lag. What cannot be read stays unknown: it says nothing against the member."""
    read = {(part["topic"], part["partition"]) for member in found.own for part in member["partitions"]}
    try:
        offsets = {part: offset for part, offset in kafka.committed(found.name).items() if part in read}
    except ClusterFault:
        offsets = {}
    try:
        cluster = kafka.metadata({topic for topic, _number in offsets})
    except ClusterFault:
        return found
    try:
        leaders = {part: cluster.leaders[part] for part in offsets if part in cluster.leaders}
        ends = kafka.offsets(leaders, LATEST)
    except ClusterFault:
        ends = {}
    lags = {part: max(0, ends[part] - offset) for part, offset in offsets.items() if part in ends}
    own = tuple(_with_lag(member, lags) for member in found.own)
    return dataclasses.replace(found, own=own, cluster_id=cluster.cluster_id or None, lag=_sum(own))


def _with_lag(member: t.Mapping[str, t.Any], lags: t.Mapping[TopicPartition, int]) -> t.Dict[str, t.Any]:
    partitions = [{**part, "lag": lags.get((part["topic"], part["partition"]))} for part in member["partitions"]]
    return {**member, "partitions": partitions, "lag": _sum(partitions)}


def _sum(parts: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[int]:
    """Return the lag of all parts together; ``None`` if that of one is not known, or there is none."""
    lags = [part["lag"] for part in parts]
    return sum(lags) if lags and None not in lags else None
