"""Keeps the state in a file: one JSON object a line, the last one of each project or setting wins.

A change costs one appended line, whatever the number of projects. At every start the file is rewritten whole, beside
the old one, and put in its place by a rename. A line cut short by a kill is the last one and was not answered yet: it
is dropped.
"""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

Record = dict[str, t.Any]


class Journal:
    """:param path: the file, or None for a state that is kept in memory only."""

    def __init__(self, path: pathlib.Path | None) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> list[Record]:
        """The records of the file, in the order written; none when there is no file."""
        if self._path is None or not self._path.exists():
            return []
        records = []
        for line in self._path.read_bytes().split(b"\n"):
            try:
                records.append(json.loads(line))
            except ValueError:
                break
        return records

    def rewrite(self, records: t.Iterable[Record]) -> None:
        """Replaces the file by these records and opens it for appending."""
        if self._path is None:
            return
        staged = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        with staged.open("wb") as stream:
            for record in records:
                stream.write(_line(record))
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def append(self, record: t.Callable[[], Record]) -> None:
        """Writes one record in one system call, so that a kill of this process leaves it whole or absent.

        :param record: makes the record; not called when nothing is kept.
        """
        if self._file is not None:
            os.write(self._file, _line(record()))


def _line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"
