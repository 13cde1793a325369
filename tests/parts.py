"""Runs parts of the tests, each as its own `make` target, and says how long each took.

    python -m tests.parts hosts integration molecule unit

Three of them run at once; the next begins when one has ended. So parts that compute run beside parts that wait: name
the longest first. What a part prints comes out in one piece at its end. A failed part does not stop the others: a run
tells of everything that is broken. The exit code is 1 if any part failed.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
AT_ONCE = 3


class Result(t.NamedTuple):
    """:param cpu: seconds that its processes computed; less than `seconds` where the time went into waiting."""

    part: str
    passed: bool
    seconds: float
    cpu: float

    def line(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        return f"{self.part:<12} {verdict:<7} {self.seconds:6.1f} s, {self.cpu:6.1f} s of CPU"


def run(part: str) -> Result:
    print(f"... {part} started", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        command = ["make", "--no-print-directory", part]
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
        result = Result(part, child.returncode == 0, seconds, used.ru_utime + used.ru_stime)
        output.seek(0)
        text = output.read().decode(errors="replace")
    print(f"\n=== {part}\n{text}--- {result.line()}", flush=True)
    return result


def main(parts: list[str]) -> int:
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, parts))
    failed = [result for result in results if not result.passed]
    print("\n=== summary")
    print("\n".join(result.line() for result in results))
    print(
        f"parts: {len(results) - len(failed)} passed, {len(failed)} failed, {time.monotonic() - started:.0f} s in all"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
