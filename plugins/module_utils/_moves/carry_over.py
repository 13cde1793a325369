# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Carry rows from one Kafka to another: each once, in order by partition, with key, value, headers and timestamp.

Batches are passed on as they are. Rows and the marks of what was carried are committed in the same transactions, so a
run that was killed at any point is completed by the next one. Whatever fails in passing is tried again in the same way.
"""

from __future__ import annotations

import bisect
import collections
import contextlib
import dataclasses
import itertools
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import record_batches
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    EARLIEST,
    LATEST,
    Address,
    ClusterFault,
    ClusterMetadata,
    Secure,
    TopicPartition,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.record_batches import Batch, BatchError
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.transfer_client import (
    OFFSET_OUT_OF_RANGE,
    Fetched,
    RecordSource,
    TransactionalTarget,
    check,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Show
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.progress import INTERVAL
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from . import carry_marks, carry_planner
from .carry_marks import Marks, Spans
from .carry_planner import PartitionJob
from .carry_writer import Writer

#: The transactional id, and the group whose offsets are the marks.
NAME = carry_marks.GROUP

_STALL_SECONDS = 30.0
_AGAIN_SECONDS = 1.0
#: How often what fails in passing is tried again without a row carried in between.
_ATTEMPTS = 5
_POLL_SECONDS = 0.1
_DENIED = 29


class Endpoint(t.NamedTuple):
    """A cluster, and how to speak TLS with it; ``None`` without TLS."""

    client: KafkaDeclaration
    secure: t.Optional[Secure]


class CarryRequest(t.NamedTuple):
    """What to carry over.

    :param wanted: ranges of offsets by partition.
    :param accept_deleted: rows that the old cluster does not have any more may be missing.
    :param dry: count only.
    """

    wanted: t.Mapping[TopicPartition, Spans]
    accept_deleted: bool = False
    dry: bool = False


@dataclasses.dataclass
class Tally:
    """What was carried of a partition.

    :param extra: the rows outside of the ranges that came along, in a compressed batch with some that are in them.
    :param empty: offsets in the ranges that are no rows: ends of transactions, aborted and compacted rows.
    :param broker_time: rows that were stored with the broker's time. They now have the time of their producer.
    """

    rows: int = 0
    bytes: int = 0
    extra: int = 0
    empty: int = 0
    broker_time: int = 0

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclasses.dataclass
class CarryOutcome:
    """What a run has done.

    :param jobs: as the first attempt planned them.
    :param tallies: what was committed; in a dry run, what would be carried.
    :param ends: by partition of the new cluster, the offset after its last carried row.
    """

    source_cluster: str = ""
    target_cluster: str = ""
    jobs: t.Sequence[PartitionJob] = ()
    tallies: t.Dict[TopicPartition, Tally] = dataclasses.field(default_factory=dict)
    ends: t.Dict[TopicPartition, int] = dataclasses.field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(tally.rows for tally in self.tallies.values())


def carry(
    source: RecordSource,
    target: TransactionalTarget,
    request: CarryRequest,
    outcome: CarryOutcome,
    show: t.Optional[Show],
) -> None:
    """Carry rows over.

    :param outcome: is filled in, also if an exception ends the work: what is in it then was committed.
    :param show: shows a line of progress.
    :raises ClusterFault: a cluster failed. The next run completes the work.
    :raises InputError: the request is not possible.
    """
    run = _Run(source, target, request, outcome, show)
    left = _ATTEMPTS
    earlier: t.List[ClusterFault] = []
    while True:
        before = outcome.rows
        try:
            run.attempt()
            return
        except ClusterFault as fault:
            left = _ATTEMPTS if outcome.rows > before else left - 1
            if source.is_over and earlier:
                # What failed while there was time says more than that there is none.
                raise earlier[-1] from None
            if fault.final or not left or source.is_over:
                raise
            earlier.append(fault)
            source.reset()
            target.reset()
            time.sleep(_AGAIN_SECONDS)


class _Stream:
    """A partition of the old cluster that is being read.

    :ivar position: the offset to ask for next.
    :ivar covered: the spans that were read since the last commit.
    """

    def __init__(self, job: PartitionJob) -> None:
        self.job = job
        self.todo = collections.deque(job.todo)
        self.position = self.todo[0][0]
        self.covered: t.List[carry_marks.Span] = []
        self.tally = Tally()

    def advance(self, upto: int) -> int:
        """Take everything before an offset for read. Return how many of the wanted offsets that is."""
        count = 0
        while self.todo and self.todo[0][0] < upto:
            start, end = self.todo[0]
            stop = min(end, upto)
            count += stop - start
            if self.covered and self.covered[-1][1] == start:
                self.covered[-1] = self.covered[-1][0], stop
            else:
                self.covered.append((start, stop))
            if stop == end:
                self.todo.popleft()
            else:
                self.todo[0] = stop, end
        self.position = max(upto, self.todo[0][0]) if self.todo else upto
        return count

    def wanted_in(self, batch: Batch) -> t.Callable[[int], bool]:
        """Return a function that tells whether an offset of a batch is still wanted."""
        spans = list(itertools.takewhile(lambda span: span[0] <= batch.last, self.todo))
        starts = [start for start, _end in spans]

        def wants(offset: int) -> bool:
            number = bisect.bisect_right(starts, offset) - 1
            return number >= 0 and offset < spans[number][1]

        return wants

    def take(self, batch: Batch, seen: bool) -> t.Optional[Batch]:
        """Return what to write of a batch, if anything.

        :param seen: it holds committed rows.
        :raises BatchError: it holds wanted rows that cannot be separated from others.
        """
        if batch.last < self.position or not self.todo:
            return None
        start, end = self.todo[0]
        complete = start <= batch.first and batch.last < end
        taken: t.Optional[Batch] = None
        if seen and batch.last >= start:
            if complete and batch.whole:
                taken = batch
            elif record_batches.can_split(batch):
                taken = record_batches.part(batch, self.wanted_in(batch))
            elif not batch.whole:
                codec = record_batches.CODECS.get(batch.codec, "an unknown codec")
                raise BatchError(f"records were compacted away from a batch that is compressed with {codec}")
            elif any(map(self.wanted_in(batch), _edges(batch, self.todo))):
                taken = batch
        count = self.advance(batch.last + 1)
        rows = taken.rows if taken else 0
        self.tally.rows += min(rows, count)
        self.tally.extra += max(0, rows - count)
        self.tally.empty += max(0, count - rows)
        if taken:
            self.tally.bytes += len(taken.data)
            self.tally.broker_time += rows if taken.broker_time else 0
            if taken is batch and rows > count:
                # What came along need not come again.
                self.covered.append((batch.first, batch.last + 1))
        return taken


def _edges(batch: Batch, spans: t.Iterable[carry_marks.Span]) -> t.Iterator[int]:
    """Return offsets of a batch, of which one is in the spans if any of its offsets is."""
    yield batch.first
    near = itertools.takewhile(lambda span: span[0] <= batch.last, spans)
    yield from (start for start, _end in near if start >= batch.first)


class _Run:
    """The attempts of a run. What they have in common is what was committed."""

    def __init__(
        self,
        source: RecordSource,
        target: TransactionalTarget,
        request: CarryRequest,
        outcome: CarryOutcome,
        show: t.Optional[Show],
    ) -> None:
        self._source = source
        self._target = target
        self._request = request
        self._outcome = outcome
        self._progress = _Progress(show)
        #: What a commit was to say, until it is known whether it did.
        self._open: t.Optional[_Commit] = None

    def attempt(self) -> None:
        """Carry over what no attempt before has."""
        wanted, outcome = self._request.wanted, self._outcome
        topics = {topic for topic, _number in wanted}
        with _side("source"):
            old, ids = self._source.metadata(topics), self._source.topic_ids(topics)
        with _side("target"):
            new = self._target.metadata(topics)
        outcome.source_cluster, outcome.target_cluster = old.cluster_id, new.cluster_id
        where = carry_planner.targets(wanted, old, new)
        leaders = {part: old.leaders[part] for part in wanted}
        with _side("source"):
            starts, ends = self._source.offsets(leaders, EARLIEST), self._source.offsets(leaders, LATEST)
        with _side("target"):
            if not self._request.dry:
                # Whoever was at work ends here, and with it what it has left open: the marks are complete then.
                self._target.start()
            marks = self._marks(new, topics)
        self._settle(marks)
        origins = {topic: carry_marks.origin(old.cluster_id, ids.get(topic, "")) for topic in topics}
        jobs = carry_planner.plan(wanted, where, starts, ends, marks, origins, self._request.accept_deleted)
        if not outcome.jobs:
            outcome.jobs = jobs
            self._progress.total = sum(carry_marks.size(job.todo) for job in jobs)
        todo = [job for job in jobs if job.todo]
        if todo:
            _Copy(self, todo, leaders, new, marks, origins).run()
        if outcome.rows and not self._request.dry:
            self._prove(new)

    @property
    def source(self) -> RecordSource:
        """The old cluster."""
        return self._source

    @property
    def target(self) -> TransactionalTarget:
        """The new cluster."""
        return self._target

    @property
    def dry(self) -> bool:
        """Whether to write nothing."""
        return self._request.dry

    def noted(self, tallies: t.Mapping[TopicPartition, Tally], ends: t.Mapping[TopicPartition, int]) -> None:
        """Take down what is committed for certain."""
        for part, tally in tallies.items():
            self._outcome.tallies.setdefault(part, Tally()).add(tally)
        self._outcome.ends.update(ends)
        self._open = None

    def committing(self, commit: _Commit) -> None:
        """Take down what is about to be committed."""
        self._open = commit

    def moved(self, rows: int, size: int) -> None:
        """Show the progress."""
        self._progress.note(rows, size)

    def _settle(self, marks: t.Mapping[TopicPartition, Marks]) -> None:
        """Find out whether the commit that the last attempt ended with has succeeded."""
        commit = self._open
        if commit is not None and all(marks.get(part) == mark for part, mark in commit.marks.items()):
            self.noted(commit.tallies, commit.ends)
        self._open = None

    def _marks(self, new: ClusterMetadata, topics: t.Set[str]) -> t.Dict[TopicPartition, Marks]:
        parts = {(topic, number) for topic in topics for number in range(new.partitions[topic])}
        found = {}
        for part, (_offset, text) in self._target.marks(parts).items():
            try:
                found[part] = carry_marks.parse(text)
            except ValueError as error:
                cause = f"group {NAME} has an offset in {part[0]}, partition {part[1]}, that is not a mark: {error}"
                raise ClusterFault(
                    f"{cause}; delete the offset, if no rows were carried to this topic", final=True
                ) from None
        return found

    def _prove(self, new: ClusterMetadata) -> None:
        """Read back that all is committed: readers of committed records get everything up to the last row."""
        ends = self._outcome.ends
        deadline = Deadline(_STALL_SECONDS)
        while True:
            with _side("target"):
                seen = self._target.offsets({part: new.leaders[part] for part in ends}, LATEST, committed=True)
            missing = sorted(part for part, end in ends.items() if seen.get(part, -1) < end)
            if not missing:
                return
            if deadline.over or self._target.is_over:
                topic, number = missing[0]
                raise ClusterFault(f"target: the rows in {topic}, partition {number} are not committed yet")
            time.sleep(_POLL_SECONDS)


class _Commit(t.NamedTuple):
    """What a transaction holds."""

    marks: t.Mapping[TopicPartition, Marks]
    tallies: t.Mapping[TopicPartition, Tally]
    ends: t.Mapping[TopicPartition, int]


class _Copy:
    """One attempt: read, write, commit, until nothing is left."""

    def __init__(
        self,
        run: _Run,
        jobs: t.Sequence[PartitionJob],
        leaders: t.Mapping[TopicPartition, Address],
        new: ClusterMetadata,
        marks: t.Mapping[TopicPartition, Marks],
        origins: t.Mapping[str, str],
    ) -> None:
        self._run = run
        self._streams = {job.source: _Stream(job) for job in jobs}
        self._marks = dict(marks)
        self._origins = origins
        self._progress_at = time.monotonic()
        self._by_leader: t.Dict[Address, t.List[_Stream]] = {}
        for part, stream in self._streams.items():
            self._by_leader.setdefault(leaders[part], []).append(stream)
        #: By leader, the number of the fetch that is under way.
        self._asked: t.Dict[Address, int] = {}
        known = {part: (0, carry_marks.text(mark)) for part, mark in marks.items()}
        self._writer = Writer(run.target, new.leaders, known)

    def run(self) -> None:
        """Carry everything."""
        try:
            self._ask()
            while self._asked:
                for leader in [*self._asked]:
                    self._step(leader)
            self._commit()
        except ClusterFault:
            self._writer.abort()
            raise

    def _step(self, leader: Address) -> None:
        """Read and write what a broker sends. Nothing of it is kept: the next answer may be as large."""
        number = self._asked.pop(leader)
        with _side("source"):
            fetched = self._run.source.answer(leader, number)
            batches = [item for part in fetched for item in self._read(part)]
        # The old cluster prepares the next answer while this one is written.
        self._ask()
        self._write(batches)

    def _ask(self) -> None:
        for leader, streams in self._by_leader.items():
            streams[:] = [stream for stream in streams if stream.todo]
            if streams and leader not in self._asked:
                # Each comes first in its turn: the first gets an answer, however large its batches are.
                streams.append(streams.pop(0))
                positions = {stream.job.source: stream.position for stream in streams}
                with _side("source"):
                    self._asked[leader] = self._run.source.request(leader, positions)

    def _read(self, fetched: Fetched) -> t.Iterator[t.Tuple[TopicPartition, Batch]]:
        """Return the batches to write of what was fetched of a partition."""
        stream = self._streams.get(fetched.partition)
        if stream is None or not stream.todo:
            return
        topic, number = fetched.partition
        if fetched.error == OFFSET_OUT_OF_RANGE:
            raise ClusterFault(f"offset {stream.position} of {topic}, partition {number} is not there any more")
        check(
            fetched.error,
            f"read partition {number} of topic {topic}",
            f"Read on topic {topic}" if fetched.error == _DENIED else "",
        )
        committed = record_batches.Committed(fetched.aborted)
        before = stream.position
        try:
            for batch in record_batches.batches(fetched.records):
                taken = stream.take(batch, committed.sees(batch))
                if taken is not None:
                    yield stream.job.target, taken
        except BatchError as error:
            raise ClusterFault(f"{topic}, partition {number}, offset {stream.position}: {error}", final=True) from None
        if stream.position > before:
            self._progress_at = time.monotonic()
        elif time.monotonic() - self._progress_at > _STALL_SECONDS:
            held = fetched.stable_end <= before
            cause = "a transaction that has not ended holds them back" if held else "the broker sends none"
            raise ClusterFault(
                f"{topic}, partition {number} gives no committed rows from offset {before} on: {cause}", final=True
            )

    def _write(self, batches: t.Sequence[t.Tuple[TopicPartition, Batch]]) -> None:
        rows, size = sum(batch.rows for _part, batch in batches), sum(len(batch.data) for _part, batch in batches)
        if batches and not self._run.dry:
            with _side("target"):
                self._writer.write(batches)
        if self._writer.is_due:
            self._commit()
        self._run.moved(rows, size)

    def _commit(self) -> None:
        marks: t.Dict[TopicPartition, Marks] = {}
        tallies: t.Dict[TopicPartition, Tally] = {}
        for part, stream in self._streams.items():
            if stream.tally == Tally() and not stream.covered:
                continue
            target = stream.job.target
            known = marks.get(target, self._marks.get(target, {}))
            marks[target] = carry_marks.with_spans(known, self._origins[part[0]], part[1], *stream.covered)
            tallies[part] = stream.tally
            stream.tally, stream.covered = Tally(), []
        # Where there was no row, that is marked too: or the same offsets would be read, and counted as left, again.
        if self._writer.is_open or (marks and not self._run.dry):
            commit = _Commit(marks, tallies, self._writer.ends)
            self._run.committing(commit)
            with _side("target"):
                self._writer.commit({part: _offset(part, mark, self._origins[part[0]]) for part, mark in marks.items()})
            self._marks.update(marks)
        self._run.noted(tallies, self._writer.ends)


class _Progress:
    """Show a line at most once a second."""

    def __init__(self, show: t.Optional[Show], clock: t.Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._rows = self._bytes = self.total = 0
        self._began = self._shown = clock()

    def note(self, rows: int, size: int) -> None:
        """Count rows that were written, and show the line."""
        self._rows += rows
        self._bytes += size
        now = self._clock()
        if self._show is not None and now - self._shown >= INTERVAL:
            self._shown = now
            self._show(self.line(now))

    def line(self, now: float) -> str:
        """Return for example ``420000 of at most 1000000 rows, 430 MB, 55 MB/s, about 10 s left``."""
        seconds = max(now - self._began, 0.001)
        left = seconds / max(self._rows, 1) * max(self.total - self._rows, 0)
        megabytes = self._bytes / 1e6
        return (
            f"{self._rows} of at most {self.total} rows, {megabytes:.0f} MB, {megabytes / seconds:.0f} MB/s, "
            f"about {left:.0f} s left"
        )


@contextlib.contextmanager
def _side(name: str) -> t.Iterator[None]:
    """Name the cluster that a fault is about."""
    try:
        yield
    except ClusterFault as fault:
        raise ClusterFault(f"{name}: {fault}", fault.final, fault.refused) from None


def _offset(part: TopicPartition, marks: Marks, where_from: str) -> t.Tuple[int, str]:
    """Return the offset and the text that mark a partition: the end of what was carried of the one with its number."""
    spans = marks[where_from].get(part[1], ())
    text = carry_marks.text(marks)
    if len(text.encode()) > carry_marks.MAX_BYTES:
        topic, number = part
        raise ClusterFault(
            f"{topic}, partition {number} has had rows from so many ranges that they cannot be marked any more: "
            f"{len(text)} bytes, and Kafka takes {carry_marks.MAX_BYTES}",
            final=True,
        )
    return (spans[-1][1] if spans else 0), text
