# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.mutation [--sample N] [--seed N] [--room ROOM]``: the mutants that no test notices, and the score.

Without ROOM the sample is drawn from all rooms, and every unit test that runs a mutated function may notice it. With
ROOM (such as ``_kafka``) only that room is mutated, and only its own tests run: stricter, and ready in a few minutes.
Exits with 1 if fewer than 90 % are noticed.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys

from tests.conftest import ROOT, link_collection

SOURCES = "ansible_collections/hopsworks/kafka"
UTILS = f"{SOURCES.replace('/', '.')}.plugins.module_utils."
BOUND = 0.9
#: mutmut's exit codes for a mutant that no test noticed: it survived, no test runs it, it was not run, or mutmut itself
#: ended it for the time that it took. All others are a failed test.
NOT_NOTICED = {0, 5, 33, None, 24, -24, 152, 255, 36, -9}
#: plugin.py ended a test that took far longer than it does without a mutant.
HANGS = -signal.SIGALRM

# Texts for people are not mutated: their exact words are nobody's contract. mutmut's own time limit is far above that
# of plugin.py, which tells a test that hangs from many that take long.
CONFIG = f"""[mutmut]
source_paths={SOURCES}/plugins/module_utils
do_not_mutate=
    */java_configs.py
    */librdkafka_configs.py
only_mutate=
    */module_utils/{{room}}/*.py
do_not_mutate_patterns=
    "[^"]*[a-zA-Z,:;.)}}}}'] [a-zA-Z0-9({{{{'][^"]*"
also_copy=
    {SOURCES}/plugins/action
    {SOURCES}/plugins/doc_fragments
    {SOURCES}/plugins/modules
    {SOURCES}/plugins/plugin_utils
    {SOURCES}/tests
    {SOURCES}/roles
    {SOURCES}/playbooks
    {SOURCES}/meta
    {SOURCES}/galaxy.yml
    {SOURCES}/pyproject.toml
    {SOURCES}/CONTRIBUTING.md
    {SOURCES}/README.md
pytest_add_cli_args_test_selection=
    {SOURCES}/tests/unit{{tests}}
    --ignore={SOURCES}/tests/unit/emulator
pytest_add_cli_args=
    -p
    tests.mutation.plugin
    -p
    no:cacheprovider
use_git_change_detection=false
timeout_constant=60
track_dependencies=false
"""

#: mutmut has no command that makes the mutants and runs none.
GENERATE = """
from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
copy_src_dir()
copy_also_copy_files()
create_mutants(2)
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", default="")
    options = parser.parse_args(arguments)
    folder = prepare(options.room)
    call(folder, "python", "-c", GENERATE)
    names = list(results(folder))
    drawn = sorted(random.Random(options.seed).sample(names, min(options.sample, len(names))))
    call(folder, "mutmut", "run", f"--max-children={len(os.sched_getaffinity(0))}", *drawn)
    fail_anyway = folder / "mutants" / "fail-anyway"
    for test in sorted(set(fail_anyway.read_text().splitlines())) if fail_anyway.exists() else ():
        print(f"left out, as it fails without a mutant: {test}")
    # A hanging mutant counts as noticed only if it hangs again with nothing beside it.
    hanging = [name for name, code in results(folder).items() if code == HANGS]
    if hanging:
        call(folder, "mutmut", "run", "--max-children=1", *hanging)
    return report(folder, drawn, len(names))


def prepare(room: str) -> pathlib.Path:
    """Return the folder that mutmut runs in, without what an earlier run left."""
    folder = link_collection()
    shutil.rmtree(folder / "mutants", ignore_errors=True)
    # It must exist when Python starts, or Python will not look into it again.
    (folder / "mutants" / SOURCES).mkdir(parents=True)
    (folder / "setup.cfg").write_text(CONFIG.format(room=room or "*", tests=f"/{room.lstrip('_')}" if room else ""))
    return folder


def call(folder: pathlib.Path, *command: str) -> None:
    """Run a command beside the mutants; mutmut prints its own progress."""
    # Mutated files are many times as long, and the tests start a great many processes: compile each file only once.
    environment = {**os.environ, "PYTHONPATH": str(folder / "mutants" / SOURCES)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, cwd=folder, env=environment, check=True)


def results(folder: pathlib.Path) -> dict[str, int | None]:
    """Every mutant, and the exit code of its tests; None for one that was not run."""
    files = sorted((folder / "mutants" / SOURCES / "plugins" / "module_utils").glob("*/*.meta"))
    return {name: code for file in files for name, code in json.loads(file.read_text())["exit_code_by_key"].items()}


def report(folder: pathlib.Path, drawn: list[str], all_: int) -> int:
    """Print the survivors and the score of each room."""
    codes = results(folder)
    rooms: dict[str, list[bool]] = collections.defaultdict(list)
    for name in drawn:
        alive = codes[name] in NOT_NOTICED
        rooms[name.removeprefix(UTILS).split(".")[0]].append(not alive)
        if alive:
            why = " (no test runs it)" if codes[name] in (5, 33) else ""
            print(f"not noticed{why}: {name.removeprefix(UTILS)}")
    for room, killed in sorted(rooms.items()):
        print(f"{room:<14} {sum(killed):>4} of {len(killed):>4}  {sum(killed) / len(killed):.0%}")
    score = sum(map(sum, rooms.values())) / len(drawn)
    print(f"{score:.1%} of {len(drawn)} mutants noticed, drawn from {all_}; the bound is {BOUND:.0%}")
    print(f"To see one: cd {folder.relative_to(ROOT)} && mutmut show NAME (with {UTILS} before it)")
    return 0 if score >= BOUND else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
