"""What every benchmark does: run a whole process and measure it, and say whether a bound is met."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
import time
import typing as t

#: The bounds that were missed, in words.
MISSED: list[str] = []


class Process(t.NamedTuple):
    """:param megabytes: the most memory that it, or any process that it started and waited for, held."""

    seconds: float
    megabytes: float
    output: str


def process(
    command: t.Sequence[str],
    stdin: str = "",
    environment: t.Mapping[str, str] | None = None,
    folder: pathlib.Path | None = None,
) -> Process:
    """One process from its start to its end; the benchmark ends where it fails."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as written:
        given.write(stdin)
        given.seek(0)
        began = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=given, stdout=written, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        _pid, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        written.seek(0)
        output = written.read()
    if child.returncode:
        raise SystemExit(f"a side of the benchmark failed: {' '.join(command)}\n{output[-5000:]}")
    return Process(seconds, used.ru_maxrss / 1024, output)


def require(what: str, met: bool) -> None:
    print(f"  {'met   ' if met else 'MISSED'} {what}")
    if not met:
        MISSED.append(what)
