# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.mutation [--sample N] [--seed N] [--only PART]``: the mutants that no test notices, and the score.

PART is a part of the mutants' names, such as ``_kafka.jaas``. Exits with 1 if fewer than 90 % are noticed.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

from tests.conftest import ROOT, link_collection

SOURCES = "ansible_collections/hopsworks/kafka"
UTILS = f"{SOURCES.replace('/', '.')}.plugins.module_utils."
BOUND = 0.9
#: What mutmut's exit codes of the tests mean, as far as a mutant was not noticed; all others are a failed test.
SURVIVED, NO_TESTS = 0, 33

# Texts for people are not mutated: their exact words are nobody's contract.
CONFIG = f"""[mutmut]
source_paths={SOURCES}/plugins/module_utils
do_not_mutate=
    */java_configs.py
    */librdkafka_configs.py
do_not_mutate_patterns=
    "[^"]*[a-zA-Z,:;.)}}'] [a-zA-Z0-9({{'][^"]*"
also_copy=
    {SOURCES}/plugins
    {SOURCES}/tests
    {SOURCES}/roles
    {SOURCES}/playbooks
    {SOURCES}/meta
    {SOURCES}/galaxy.yml
    {SOURCES}/pyproject.toml
    {SOURCES}/CONTRIBUTING.md
    {SOURCES}/README.md
pytest_add_cli_args_test_selection=
    {SOURCES}/tests/unit
    --ignore={SOURCES}/tests/unit/emulator
pytest_add_cli_args=
    -p
    tests.mutation.plugin
    -p
    no:cacheprovider
use_git_change_detection=false
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args(arguments)
    folder = prepare()
    # One function first: mutmut has no command that makes the mutants and runs none.
    run(folder, [f"{UTILS}_common.errors.*"])
    names = [name for name in results(folder) if options.only in name]
    drawn = sorted(random.Random(options.seed).sample(names, min(options.sample, len(names))))
    run(folder, drawn)
    return report(folder, drawn, len(names))


def prepare() -> pathlib.Path:
    """Return the folder that mutmut runs in, without what an earlier run left."""
    folder = link_collection()
    shutil.rmtree(folder / "mutants", ignore_errors=True)
    # It must exist when Python starts, or Python will not look into it again.
    (folder / "mutants" / SOURCES).mkdir(parents=True)
    (folder / "setup.cfg").write_text(CONFIG)
    return folder


def run(folder: pathlib.Path, names: list[str]) -> None:
    """Run mutmut on mutants; it prints its own progress."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "mutants" / SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}
    jobs = len(os.sched_getaffinity(0))
    subprocess.run(["mutmut", "run", f"--max-children={jobs}", *names], cwd=folder, env=environment, check=True)


def results(folder: pathlib.Path) -> dict[str, int | None]:
    """Every mutant, and the exit code of its tests; None for one that was not run."""
    files = sorted((folder / "mutants" / SOURCES / "plugins" / "module_utils").glob("*/*.meta"))
    return {name: code for file in files for name, code in json.loads(file.read_text())["exit_code_by_key"].items()}


def report(folder: pathlib.Path, drawn: list[str], all_: int) -> int:
    """Print the survivors and the score of each room."""
    codes = results(folder)
    rooms: dict[str, list[bool]] = collections.defaultdict(list)
    for name in drawn:
        alive = codes[name] in (SURVIVED, NO_TESTS, None)
        rooms[name.removeprefix(UTILS).split(".")[0]].append(not alive)
        if alive:
            print(f"not noticed{' (no test runs it)' if codes[name] == NO_TESTS else ''}: {name.removeprefix(UTILS)}")
    for room, killed in sorted(rooms.items()):
        print(f"{room:<14} {sum(killed):>4} of {len(killed):>4}  {sum(killed) / len(killed):.0%}")
    score = sum(map(sum, rooms.values())) / len(drawn)
    print(f"{score:.1%} of {len(drawn)} mutants noticed, drawn from {all_}; the bound is {BOUND:.0%}")
    print(f"To see one: cd {folder.relative_to(ROOT)} && mutmut show NAME (with {UTILS} before it)")
    return 0 if score >= BOUND else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
