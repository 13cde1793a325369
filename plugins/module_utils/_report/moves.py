# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A move from one Kafka to another, as the hosts have seen it: what it is, what speaks against it, what it has left."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import bootstrap_addresses

from .findings import Finding, count, names, short
from .host_results import StepResult
from .steps import WENT_BACK

#: By host, the results of ``onlinefs_move_info`` and ``onlinefs_move``: ``info``, ``drain``, ``stop``, ``leave``,
#: ``back``, ``start``, ``stranded`` and ``carry``.
Steps = t.Mapping[str, t.Mapping[str, StepResult]]

RESET, ACCEPT, UNREADABLE = "reset", "accept", "unreadable"

_MAX_TOPICS = 3
_CARRY_OVER = "Run hopsworks.kafka.carry_over, which brings them to the declared Kafka"
_CARRY_BACK = "Carry them with the module kafka_carry_over, which takes these ranges"
_SAVED_OFFSETS = (
    "Have the saved offsets deleted while OnlineFS is stopped (hopsworks_kafka_saved_offsets=reset), or accept it "
    "(hopsworks_kafka_saved_offsets=accept): docs/moving.md"
)
_DELETE_OFFSETS = "Stop OnlineFS on every host, delete its saved offsets (docs/moving.md), and start it again"
_READ_THERE = (
    "OnlineFS is to read from that Kafka again. If it is to read these rows there, close the earlier move on every "
    "host first: hopsworks.kafka.onlinefs_move with state=closed, docs/moving.md"
)
_CLOSE = "hopsworks.kafka.onlinefs_move with state=closed ends the count, once the old Kafka does not matter any more"


class Move(t.NamedTuple):
    """A move, over all hosts.

    :param hosts: the hosts that move.
    :param known: whether the cluster is known to be another one. False: one of the two could not be read.
    :param unread: the rows that OnlineFS had not read before it left; None if they are not known.
    :param reason: why they are not known.
    :param overlap: the ranges of the declared Kafka that may be skipped; None if they are not known.
    :param missing: the topics that OnlineFS has read, and would not find in the declared Kafka.
    :param same_addresses: the addresses of a host stay, and another cluster answers there.
    """

    hosts: t.Tuple[str, ...]
    known: bool
    old_cluster: t.Optional[str]
    new_cluster: t.Optional[str]
    unread: t.Optional[int]
    reason: str
    overlap: t.Optional[t.Tuple[StepResult, ...]]
    missing: t.Tuple[str, ...]
    same_addresses: bool

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``move``."""
        overlap = None if self.overlap is None else [dict(part) for part in self.overlap]
        lists = {"hosts": list(self.hosts), "missing": list(self.missing), "overlap": overlap}
        return {**self._asdict(), **lists, "reason": self.reason or None}


class StrandedSummary(t.NamedTuple):
    """The rows that OnlineFS has left in an old Kafka, over all hosts.

    :param rows: their number; None if not all could be counted.
    :param counted: the number of those that could be.
    :param partitions: the ranges.
    :param reason: why they are not known.
    :param before: the number of rows of which it is not known whether OnlineFS has read them.
    :param deleted: the number of rows that the old Kafka has deleted since.
    """

    old_cluster: t.Optional[str]
    rows: t.Optional[int]
    counted: int
    partitions: t.Tuple[StepResult, ...]
    reason: str
    before: int
    deleted: int

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``stranded``."""
        partitions = [dict(part) for part in self.partitions]
        return {**self._asdict(), "partitions": partitions, "reason": self.reason or None}


class Carried(t.NamedTuple):
    """What a host has carried over; in check mode, what it would carry.

    :param before: the offsets that had been carried before.
    :param complete: nothing failed.
    """

    host: str
    old_cluster: t.Optional[str]
    rows: int
    bytes: int
    before: int
    complete: bool

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``carried``."""
        return self._asdict()


def is_moving(step: t.Optional[StepResult]) -> bool:
    """Return whether ``onlinefs_move_info`` saw a move, or could not tell."""
    return step is not None and "move" in step and step["move"] is not False


def move(steps: Steps) -> t.Optional[Move]:
    """Return the move of a run; None if there is none."""
    moving = {name: found["info"] for name, found in steps.items() if is_moving(found.get("info"))}
    if not moving:
        return None
    infos = list(moving.values())
    unread = [info.get("unread") or {} for info in infos]
    # Every host asks the same two clusters. If one of them could not, the others tell.
    counted = [rows["rows"] for rows in unread if rows.get("rows") is not None]
    reasons = [entry["reason"] for rows in unread for entry in rows.get("unknown") or ()]
    overlaps = [info["overlap"] for info in infos if info.get("overlap") is not None]
    return Move(
        tuple(moving),
        all(info["move"] is True for info in infos),
        _first((info.get("old") or {}).get("cluster_id") for info in infos),
        _first((info.get("new") or {}).get("cluster_id") for info in infos),
        max(counted) if counted else None,
        "" if counted else short(_first(reasons) or "no host could read it"),
        _ranges(overlaps) if overlaps else None,
        tuple(sorted({str(topic) for info in infos for topic in info.get("missing") or ()})),
        any(info.get("same_addresses") is True for info in infos),
    )


def course(steps: Steps, to_change: t.Sequence[str], hosts: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """Return how the hosts change: one after the other, or all together in a move.

    :param to_change: the hosts that need a change.
    :param hosts: all hosts.
    :returns: ``roll`` and ``move``, the hosts that do so, and ``leave``, those that do not read from the new Kafka yet.
    """
    leave = [name for name in hosts if is_moving(steps.get(name, {}).get("info"))]
    if not leave:
        return {"roll": list(to_change), "move": [], "leave": []}
    return {"roll": [], "move": list(hosts), "leave": leave}


def stranded(steps: Steps, when: str = "stranded") -> t.List[StrandedSummary]:
    """Return what was left in each old Kafka.

    :param when: the step that counted: after the move, or ``info`` for an earlier move.
    """
    return [_together(cluster, list(given.values())) for cluster, given in _by_cluster(steps, when).items()]


def carriers(steps: Steps) -> t.List[str]:
    """Return the hosts that carry over what was left: for each old Kafka, the one that names the most rows.

    None, if a move is not complete on every host. For an old Kafka that hosts describe differently, none either.
    """
    if any(_is_incomplete(found) for found in steps.values()):
        return []
    chosen = []
    for cluster, given in _by_cluster(steps, "stranded").items():
        if len(_servers(steps, cluster)) > 1:
            continue
        most = max(given, key=lambda name: (_counted(given[name]) > 0, _named(given[name])))
        if _counted(given[most]):
            chosen.append(most)
    return chosen


def _is_incomplete(found: t.Mapping[str, StepResult]) -> bool:
    """Return whether a host has recorded a move, and does not read from the declared Kafka."""
    counted = found.get("stranded") or {}
    return counted.get("record") is not None and counted.get("stranded") is None


def _servers(steps: Steps, cluster: t.Optional[str]) -> t.Dict[t.FrozenSet[str], str]:
    """Return under which addresses hosts have read an old Kafka, and a host for each."""
    found: t.Dict[t.FrozenSet[str], str] = {}
    for name, of_host in steps.items():
        record = (of_host.get("stranded") or {}).get("record") or {}
        servers = record.get("old_servers")
        if servers and record.get("old_cluster") == cluster:
            found.setdefault(bootstrap_addresses(str(servers)), name)
    return found


def carried(steps: Steps) -> t.List[Carried]:
    """Return what each host that has carried rows over says of it."""
    return [
        Carried(
            name,
            (step.get("record") or {}).get("old_cluster"),
            step["rows"],
            step.get("bytes", 0),
            step.get("carried_before", 0),
            step.get("complete") is True,
        )
        for name, found in steps.items()
        for step in [found.get("carry") or {}]
        if "rows" in step
    ]


def _by_cluster(steps: Steps, when: str) -> t.Dict[t.Optional[str], t.Dict[str, StepResult]]:
    """Return what hosts say was left, by the old Kafka's id and the host.

    A host that carries counts again after it. What the others counted before does not matter then, unless they could
    not count: they may have recorded more than it has carried.
    """
    by_cluster = _counts(steps, when)
    if when == "stranded":
        for cluster, again in _counts(steps, "carry").items():
            counted = by_cluster.get(cluster, {})
            unknown = {name: each for name, each in counted.items() if name not in again and each["rows"] is None}
            by_cluster[cluster] = {**unknown, **again}
    return by_cluster


def _counts(steps: Steps, step: str) -> t.Dict[t.Optional[str], t.Dict[str, StepResult]]:
    by_cluster: t.Dict[t.Optional[str], t.Dict[str, StepResult]] = {}
    for name, found in steps.items():
        info = found.get(step) or {}
        if info.get("stranded") is not None:
            cluster = (info.get("record") or {}).get("old_cluster")
            by_cluster.setdefault(cluster, {})[name] = info["stranded"]
    return by_cluster


def _best(given: t.Sequence[StepResult]) -> StepResult:
    """Return what to believe of what hosts say of the same old Kafka.

    All of them have stopped before the first one records where the topics end, so the one that names the most rows
    recorded first, and is right. If one cannot count, it may be that one: then the number of rows is not known.
    """
    most = max(given, key=_named)
    unknown = next((each for each in given if each["rows"] is None), None)
    return most if unknown is None else {**most, "rows": None, "unknown": unknown["unknown"]}


def _together(cluster: t.Optional[str], given: t.Sequence[StepResult]) -> StrandedSummary:
    """Return what hosts say of the same old Kafka."""
    told = _best(given)
    known = told["rows"] is not None
    reason = "" if known else short(_told(told["unknown"][0]) if told["unknown"] else "no host could count them")
    deleted = sum(part["rows"] for part in told["deleted"])
    return StrandedSummary(
        cluster, told["rows"], told["counted"], tuple(told["partitions"]), reason, told["before"], deleted
    )


def _counted(stranded_rows: StepResult) -> int:
    return int(stranded_rows["counted"])


def _named(stranded_rows: StepResult) -> int:
    """Return the number of rows that a host names as left, also of those that the old Kafka has deleted since."""
    return _counted(stranded_rows) + sum(int(part["rows"]) for part in stranded_rows["deleted"])


def _told(entry: StepResult) -> str:
    return f"{entry['topic']}: {entry['reason']}" if entry.get("topic") else str(entry["reason"])


def went_back(back: StepResult) -> t.Dict[str, t.Any]:
    """Return the result that stands for a host whose change had worked, and that went back with the others."""
    if "changes" not in back:
        return {"msg": f"it could not go back: {_message(back)}"}
    told = "another host could not move, so this one has gone back to the old Kafka"
    return {"msg": told, "rolled_back": True, WENT_BACK: True}


# --- findings --------------------------------------------------------------------------------------------------------


def before(
    steps: Steps,
    limited: t.Collection[str],
    settled: t.Collection[str],
    saved_offsets: str,
    unreadable: bool,
    returns: bool = False,
) -> t.Iterator[Finding]:
    """Return what speaks against a move, before anything is changed.

    :param limited: the hosts that ``--limit`` left out.
    :param settled: hosts that read from the declared Kafka already.
    :param saved_offsets: what is to be done with the offsets that OnlineFS has saved; empty if that is not said.
    :param unreadable: the old Kafka need not be read.
    :param returns: the hosts return to a kept configuration, after the projects have been switched.
    """
    for name, found in steps.items():
        info = found.get("info")
        if info is not None and "move" not in info:
            yield Finding("host", name, short(f"not known whether it moves to another Kafka: {_message(info)}"))
    found_move = move(steps)
    if found_move is None:
        return
    if limited:
        yield Finding(
            "run",
            "",
            f"this is a move to another Kafka, and --limit leaves out {names(list(limited))}: hosts that read from two "
            "clusters share one set of saved offsets",
            "Run it without --limit",
        )
    yield from _apart(steps)
    if not unreadable:
        for name in found_move.hosts:
            old = steps[name]["info"].get("old") or {}
            if old.get("cluster_id") is not None and not old.get("reason"):
                continue
            where, remedy = "in its present Kafka", "Make it readable from the host. To accept that"
            if old.get("cluster_id") is not None:
                where, remedy = (
                    "in the Kafka that it has read from",
                    "To accept that, as that Kafka has no address here",
                )
            yield Finding(
                "host",
                name,
                short(f"not known what OnlineFS would leave {where}: {old.get('reason') or 'no id'}"),
                f"{remedy}, set hopsworks_kafka_old_cluster=unreadable",
            )
    yield from _earlier(steps, unreadable, found_move.new_cluster)
    # Where the addresses stay, a host that is configured for them may read on with the offsets of the other cluster.
    if saved_offsets in (RESET, ACCEPT) or (settled and not found_move.same_addresses):
        return
    if returns:
        # The clients write there before OnlineFS reads, so topics that are still empty are at risk as well.
        yield Finding(
            "Kafka",
            "",
            "the configuration to restore is one for another Kafka, where OnlineFS may skip rows: the offsets that it "
            "has saved carry no cluster",
            _SAVED_OFFSETS,
        )
    elif found_move.overlap is None:
        yield Finding(
            "Kafka",
            "",
            "not known whether OnlineFS would skip rows: the declared Kafka cannot be read from the hosts",
            "Make it readable, or accept it (hopsworks_kafka_saved_offsets=accept): docs/moving.md",
        )
    elif found_move.overlap:
        yield Finding(
            "Kafka",
            "",
            short(
                f"OnlineFS may skip {_told_ranges(found_move.overlap)} of the declared Kafka: it has saved offsets for "
                "topics of these names, which carry no cluster"
            ),
            _SAVED_OFFSETS,
        )
    if found_move.missing and not returns:
        yield Finding(
            "Kafka",
            "",
            short(
                f"the declared Kafka does not have {count(len(found_move.missing), 'topic')} that OnlineFS has read "
                f"({names(found_move.missing, _MAX_TOPICS)}), or hides them from its login: it may skip rows that "
                "clients write there before it finds them, as it has saved offsets for these names"
            ),
            f"Create them, and allow Describe and Read on them, before the move. Otherwise: {_SAVED_OFFSETS}",
        )


def _apart(steps: Steps) -> t.Iterator[Finding]:
    """Return that hosts are to read from different clusters, as far as they could ask."""
    clusters: t.Dict[str, t.List[str]] = {}
    for name, found in steps.items():
        cluster = ((found.get("info") or {}).get("new") or {}).get("cluster_id")
        if cluster:
            clusters.setdefault(cluster, []).append(name)
    if len(clusters) > 1:
        told = "; ".join(f"{_cluster(cluster)}: {names(hosts)}" for cluster, hosts in clusters.items())
        yield Finding(
            "run",
            "",
            short(f"the hosts would read from different clusters, and share one set of saved offsets: {told}"),
            "Give all hosts the same Kafka. To revert, name a rollout in onlinefs_generation, as the numbers of hosts "
            "may differ",
        )


def unseen(name: str, result: StepResult, servers: str) -> t.Iterator[Finding]:
    """Return that a host reads from another cluster at the same addresses, if no move has noticed it.

    :param result: what ``onlinefs_config`` has found when it verified the host.
    :param servers: the declared bootstrap servers.
    """
    wanted = bootstrap_addresses(servers)
    kept = reversed(result.get("generations") or ())
    seen = [each for each in kept if bootstrap_addresses(each["bootstrap_servers"] or "") == wanted]
    before, now = _first(each["cluster_id"] for each in seen), result.get("cluster_id")
    if before and now and before != now:
        yield Finding(
            "host",
            name,
            f"{_cluster(now)} answers at the addresses of {_cluster(before)}, from which OnlineFS has read before: it "
            "may skip rows",
            "Run hopsworks.kafka.site, which treats that as a move: docs/moving.md",
        )


def _earlier(steps: Steps, unreadable: bool, declared: t.Optional[str]) -> t.Iterator[Finding]:
    """Return what an earlier move has left. After the next one, nobody counts it any more.

    :param declared: the id of the cluster that OnlineFS is to read from now.
    """
    for left in stranded(steps, "info"):
        where = f"{_cluster(left.old_cluster)}, which OnlineFS left in an earlier move"
        remedy = f"{_CARRY_OVER}, before OnlineFS moves again. {_CLOSE}"
        if left.old_cluster and left.old_cluster == declared:
            # To carry them over, OnlineFS would have to read from the other Kafka.
            remedy = _READ_THERE
        if left.rows is None and not unreadable:
            yield Finding("Kafka", "", short(f"not known how many rows ({left.reason}) are left in {where}"), remedy)
        if left.counted:
            yield Finding("Kafka", "", short(f"{count(left.counted, 'row')} are left in {where}"), remedy)
        if left.deleted:
            lost = f"lost: {count(left.deleted, 'row')} that were left in {where}, and that it has deleted since"
            yield Finding("Kafka", "", short(lost), _CLOSE)


def during(steps: Steps) -> t.Iterator[Finding]:
    """Return the hosts on which a step of the move failed."""
    told = {
        "drain": "before the move",
        "stop": "it was not stopped",
        "leave": "not recorded what it leaves",
        "back": "not taken back to the old Kafka",
        "start": "not started again with the old Kafka",
    }
    for name, found in steps.items():
        for step, what in told.items():
            result = found.get(step)
            if result is None or any(key in result for key in ("move", "service", "changes")):
                continue
            yield Finding("host", name, short(f"{what}: {_message(result)}"))
    behind = [name for name, found in steps.items() if (found.get("drain") or {}).get("drained") is False]
    if behind:
        counted = max((steps[name]["drain"].get("unread") or {}).get("counted") or 0 for name in behind)
        yield Finding(
            "Kafka",
            "",
            f"OnlineFS has not read all that was in the old Kafka within hopsworks_kafka_drain_timeout: "
            f"{count(counted, 'row')} unread. Nothing was changed on the hosts",
            "Give it more time, or find out why it is slow",
        )


def mixed_offsets(steps: Steps, gone_back: t.Sequence[str], saved_offsets: str) -> t.Iterator[Finding]:
    """Return where hosts have read from two clusters with the same saved offsets, which carry no cluster.

    If Kafka knows how far OnlineFS has read, it keeps the offsets itself, for each cluster.

    :param gone_back: the hosts that went back after their change.
    """
    found = move(steps)
    if found is None or found.unread is not None:
        return
    there = [name for name, of_host in steps.items() if "stop" in of_host and name not in found.hosts]
    ran = [name for name in found.hosts if steps[name].get("stop", {}).get("changed")]
    if there and ran and saved_offsets not in (RESET, ACCEPT):
        yield Finding(
            "Kafka",
            "",
            short(
                f"{names(ran)} {_have(ran)} read from the old Kafka while {names(there)} read from the other one: the "
                "saved offsets belong to both, so OnlineFS may have skipped rows, or skip some when it starts again"
            ),
            _DELETE_OFFSETS,
        )
    # An empty Kafka leaves no offsets.
    if gone_back and (found.overlap is None or found.overlap):
        it = "it" if len(gone_back) == 1 else "they"
        yield Finding(
            "Kafka",
            "",
            short(
                f"{names(gone_back)} may have read from the other Kafka before {it} went back: the saved offsets then "
                "belong to both, so OnlineFS may skip rows of the old one"
            ),
            _DELETE_OFFSETS,
        )


def _have(subjects: t.Sequence[str]) -> str:
    return "has" if len(subjects) == 1 else "have"


def carrying(steps: Steps) -> t.Iterator[Finding]:
    """Return what went wrong when hosts carried rows over."""
    for name, found in steps.items():
        if _is_incomplete(found):
            cause = "it has recorded a move that is not complete, and does not read from the declared Kafka"
            yield Finding("host", name, cause, "Complete it first: run hopsworks.kafka.site")
        step = found.get("carry")
        if step is not None and step.get("complete") is not True:
            yield Finding("host", name, short(f"it could not carry over what was left: {_message(step)}"))
    for cluster in _by_cluster(steps, "stranded"):
        servers = _servers(steps, cluster)
        if len(servers) > 1:
            told = "; ".join(f"{name}: {', '.join(sorted(addresses))}" for addresses, name in servers.items())
            yield Finding(
                "Kafka",
                "",
                short(f"hosts have read {_cluster(cluster)} under different addresses, so nothing is carried: {told}"),
                f"Find out which of them is right. On the hosts that are wrong, {_CLOSE}",
            )


def after(steps: Steps, unreadable: bool, carries: bool = False, returns: bool = False) -> t.Iterator[Finding]:
    """Return what was left in the old Kafka.

    :param returns: the hosts have returned to a kept configuration, so the declared Kafka is the one that they left.
    :param carries: this is a dry run of what brings these rows to the declared Kafka.
    """
    for name, found in steps.items():
        info = found.get("stranded")
        if info is not None and "move" not in info:
            yield Finding("host", name, short(f"not known what it has left in the old Kafka: {_message(info)}"), _CLOSE)
    for left in stranded(steps):
        where = _cluster(left.old_cluster)
        if left.rows is None and not unreadable:
            yield Finding(
                "Kafka",
                "",
                short(f"not known how many rows were left in {where}: {left.reason}"),
                f"Make it readable from the hosts, or accept it: hopsworks_kafka_old_cluster=unreadable. {_CLOSE}",
            )
        if left.counted and not carries:
            yield Finding(
                "Kafka",
                "",
                short(f"{_told_ranges(left.partitions)} are left in {where}"),
                f"{_CARRY_BACK if returns else _CARRY_OVER}. {_CLOSE}",
            )
        if left.deleted:
            yield Finding(
                "Kafka",
                "",
                f"lost: {count(left.deleted, 'row')} that OnlineFS had left in {where}, which has deleted them since",
                _CLOSE,
            )


# --- lines -----------------------------------------------------------------------------------------------------------


def lines(steps: Steps, check_mode: bool = False) -> t.List[str]:
    """Return what the summary says of a move."""
    told = []
    for each in carried(steps):
        rows = f"{count(each.rows, 'row')} ({each.bytes / 1e6:.1f} MB)"
        before = f"; {each.before} offsets had been carried before" if each.before else ""
        verb = "would be carried" if check_mode else "were carried" if each.rows != 1 else "was carried"
        told.append(f"{rows} {verb} over from {_cluster(each.old_cluster)}, by host {each.host}{before}")
    found = move(steps)
    if found is not None:
        clusters = "perhaps to another cluster (one of the two could not be read)"
        if found.known:
            addresses = ", which has taken its addresses" if found.same_addresses else ""
            clusters = f"from {_cluster(found.old_cluster)} to cluster {found.new_cluster}{addresses}"
        told.append(f"{clusters}. All hosts stop, change and start together: hopsworks_kafka_serial does not apply")
        unread = count(found.unread, "row") if found.unread is not None else f"not known ({found.reason})"
        told.append(f"unread before OnlineFS left: {unread}")
        if found.old_cluster is None or found.same_addresses:
            told.append("left in the old Kafka: not known, as it could not be read")
        if found.missing:
            told.append(f"not in the declared Kafka, or hidden there: {names(found.missing)}")
        told += [
            f"nothing is left in {_cluster(left.old_cluster)}, of an earlier move. After this one, nobody counts there"
            for left in stranded(steps, "info")
            if left.rows == 0
        ]
    for left in stranded(steps):
        if found is not None and found.old_cluster is None and left.old_cluster is None:
            continue
        rows = _told_ranges(left.partitions) if left.counted else "no rows"
        if left.rows is None:
            rows = f"not known ({left.reason})" + (f", at least {rows}" if left.counted else "")
        told.append(f"left in {_cluster(left.old_cluster)}: {rows}")
        if left.before:
            before = count(left.before, "row")
            told.append(f"not known whether OnlineFS had read {before} there: Kafka has no offsets of it")
    return told


def _told_ranges(ranges: t.Sequence[StepResult]) -> str:
    """Return for example ``12 rows (fraud_onlinefs 0: 4 to 15, and 2 more partitions)``."""
    shown = [
        f"{part['topic']} {part['partition']}: {part['start']} to {part['end'] - 1}" for part in ranges[:_MAX_TOPICS]
    ]
    more = len(ranges) - len(shown)
    number = sum(part["rows"] for part in ranges)
    listed = ", ".join(shown) + (f" and {count(more, 'more partition')}" if more else "")
    return f"{count(number, 'row')} ({listed})"


def _ranges(given: t.Iterable[t.Sequence[StepResult]]) -> t.Tuple[StepResult, ...]:
    found = {(part["topic"], part["partition"]): part for ranges in given for part in ranges}
    return tuple(found[key] for key in sorted(found))


def _cluster(cluster_id: t.Optional[str]) -> str:
    return f"cluster {cluster_id}" if cluster_id else "the old Kafka"


def _message(result: StepResult) -> str:
    return short(result.get("msg") or result.get("module_stderr") or "it returned no message")


def _first(values: t.Iterable[t.Any]) -> t.Any:
    return next((value for value in values if value), None)
