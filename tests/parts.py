"""Runs parts of the tests one after the other, each as its own `make` target, and says how long each took.

A failed part does not stop the others: a run tells of everything that is broken. The exit code is 1 if any part failed.
"""

from __future__ import annotations

import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(part: str) -> tuple[bool, float, float]:
    """Whether the part passed, its seconds, and its seconds of CPU (less where the time went into waiting)."""
    print(f"\n=== {part}", flush=True)
    started, used = time.monotonic(), cpu_seconds()
    code = subprocess.call(["make", "--no-print-directory", part], cwd=ROOT, stdin=subprocess.DEVNULL)
    return code == 0, time.monotonic() - started, cpu_seconds() - used


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(parts: list[str]) -> int:
    results = {part: run(part) for part in parts}
    print("\n=== summary")
    for part, (passed, seconds, cpu) in results.items():
        print(f"{part:<12} {'passed' if passed else 'FAILED':<7} {seconds:6.1f} s {cpu:7.1f} s of CPU")
    failed = [part for part, (passed, *_times) in results.items() if not passed]
    print(f"parts: {len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
