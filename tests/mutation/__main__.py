"""``python -m tests.mutation [part of a file's name …] [seconds]``: the mutants that no test notices, and the score.

With a number of seconds it stops after these, and the score is that of a sample: the order is random, but always the
same one.
"""

from __future__ import annotations

import os
import pathlib
import random
import sys
import tempfile
import time
import typing as t

from tests.conftest import ROOT
from tests.mutation import trial
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import Mutant, mutants

UTILS = ROOT / "plugins" / "module_utils"
DIALECTS, PLANNERS = "the dialects", "the planners"
TARGETS = {
    DIALECTS: ["dialect_connector", "dialect_java", "dialect_librdkafka", "dialect_python_client"],
    PLANNERS: ["connector_planner", "desired"],
}
ROOMS = {DIALECTS: "_kafka", PLANNERS: "_connectors"}
TESTS = {DIALECTS: ["tests/unit/kafka"], PLANNERS: ["tests/unit/connectors"]}
#: Of the tests of the Kafka room, those that are about the dialects.
ABOUT = {DIALECTS: "test_dialect_*.py", PLANNERS: "test_*.py"}
BOUND = 0.9
START_SECONDS = 5.0
JOBS = len(os.sched_getaffinity(0))


class Tried(t.NamedTuple):
    file: pathlib.Path
    mutant: Mutant
    killed: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.file.stem, self.mutant.function, self.mutant.what)


def try_all(part: str, wished: list[str], seconds: float) -> list[Tried]:
    files = [UTILS / ROOMS[part] / f"{name}.py" for name in TARGETS[part]]
    files = [file for file in files if not wished or any(text in file.stem for text in wished)]
    tests = sorted(str(test.relative_to(ROOT)) for folder in TESTS[part] for test in (ROOT / folder).glob(ABOUT[part]))
    if not files:
        return []
    with tempfile.TemporaryDirectory() as folder:
        covered = trial.cover(files, tests, pathlib.Path(folder, "coverage.json"))
    waiting = [(file, mutant) for file in files for mutant in mutants(file.read_text())]
    random.Random(1).shuffle(waiting)
    every, ends = len(waiting), time.monotonic() + seconds
    running: dict[int, tuple[pathlib.Path, Mutant]] = {}
    tried: list[Tried] = []
    while waiting or running:
        if time.monotonic() > ends:
            waiting.clear()
        while waiting and len(running) < JOBS:
            file, mutant = waiting.pop()
            chosen = _tests(covered, file, mutant)
            limit = START_SECONDS + 2 * sum(covered.seconds[test] for test in chosen)
            running[trial.start(file, mutant.tree, chosen, limit)] = (file, mutant)
        child, status = os.wait()
        tried.append(Tried(*running.pop(child), status != 0))
        if len(tried) % 50 == 0:
            print(f"  {len(tried)} of {every} tried", flush=True)
    return tried


def _tests(covered: trial.Coverage, file: pathlib.Path, mutant: Mutant) -> list[str]:
    """The tests that run the line, the quickest first.

    All tests, for what runs at import, and for a line that Python traces nowhere, such as the second one of a constant.
    """
    runs = covered.lines.get((str(file), mutant.line)) if mutant.called else None
    return sorted(runs or covered.seconds, key=covered.seconds.__getitem__)


def main(wished: list[str]) -> int:
    os.chdir(ROOT)
    trial.prepare()
    started = time.monotonic()
    seconds = float(next((text for text in wished if text.isdigit()), "inf"))
    wished = [text for text in wished if not text.isdigit()]
    missed = False
    for part in TARGETS:
        tried = try_all(part, wished, seconds)
        if not tried:
            continue
        survivors = sorted(
            (each for each in tried if not each.killed and each.key not in EQUIVALENT),
            key=lambda each: (each.file, each.mutant.line),
        )
        for each in survivors:
            where = f"{each.file.relative_to(ROOT)}:{each.mutant.line}"
            print(f"  not noticed: {where} {each.mutant.function}: {each.mutant.what}")
        equivalent = sum(not each.killed and each.key in EQUIVALENT for each in tried)
        score = sum(each.killed for each in tried) / (len(tried) - equivalent)
        print(
            f"{part}: {score:.1%} of {len(tried) - equivalent} mutants killed "
            f"({len(survivors)} not noticed; {equivalent} more change nothing)",
            flush=True,
        )
        missed |= score < BOUND
    print(f"{time.monotonic() - started:.0f} s; the bound is {BOUND:.0%}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
