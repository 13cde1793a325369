"""Run integration tests on the oldest and the newest ansible-core, and on the newest release candidate.

Each of them has a virtual environment of its own (`.venv-core-VERSION`). What it shows is compared, too.
`make integration` runs the other tests, on the ansible-core of `.venv`.

    python -m tests.matrix           run them
    python -m tests.matrix --list    list them
    python -m tests.matrix PATH …    run other tests, on each ansible-core
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from tests.pythons import interpreters

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: The whole job, every module of the project side, and all that may show a secret: on the oldest.
TESTS = ["tests/integration/site/test_site.py", "tests/integration/projects", "tests/integration/leaks"]
#: On the newest one, those that depend on ansible-core. The modules' own code is the same.
NEWEST_TESTS = [
    "tests/integration/site/test_site.py",
    "tests/integration/projects/test_in_place.py",
    "tests/integration/leaks",
]
#: A release candidate must show no secret and do the job once; what else may change until the release.
_SITE = "tests/integration/site/test_site.py::test_"
CANDIDATE_TESTS = [
    f"{_SITE}preflight_changes_nothing",
    f"{_SITE}site_rolls_out_to_every_host_and_project",
    f"{_SITE}a_second_run_writes_nothing",
    f"{_SITE}revert_gives_the_managed_kafka_back",
    "tests/integration/leaks",
]
#: Compares all of them.
COMPARISON = ["tests/cores"]
OPTIONS = ["-n", "2", "--dist", "loadscope"]
REQUIREMENTS = ROOT / "tests" / "requirements" / "matrix.txt"

#: ansible-core releases, with the Pythons that a controller of each may have: the oldest supported, then newest first.
OLDEST = ("2.17.14", (3, 10), (3, 12))
NEWEST = [("2.21.5", (3, 12), (3, 14)), ("2.19.14", (3, 11), (3, 13))]
CANDIDATE = ("2.22.0rc1", (3, 13), (3, 15))


def choose(found: dict[tuple[int, int], str]) -> list[tuple[str, str]]:
    """``[(ansible-core version, python), …]``: the oldest release on its oldest Python, the others on their newest."""
    old = _on(OLDEST, sorted(found), found)
    new = [chosen for release in NEWEST for chosen in _on(release, sorted(found, reverse=True), found)][:1]
    return old + new + _on(CANDIDATE, sorted(found, reverse=True), found)


def _on(
    release: tuple[str, tuple[int, int], tuple[int, int]],
    pythons: list[tuple[int, int]],
    found: dict[tuple[int, int], str],
) -> list[tuple[str, str]]:
    """Return a release with the first of the Pythons that it runs on; nothing if there is none."""
    version, low, high = release
    return [(version, found[python]) for python in pythons if low <= python <= high][:1]


def environment(version: str, python: str) -> pathlib.Path:
    """A virtual environment with that ansible-core; made once."""
    folder = ROOT / f".venv-core-{version}"
    ready = folder / ".ready"
    if not ready.exists() or ready.stat().st_mtime < REQUIREMENTS.stat().st_mtime:
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"ansible-core=={version}", "-r", str(REQUIREMENTS)], check=True)
        ready.touch()
    return folder


def main(arguments: list[str]) -> int:
    if arguments == ["--list"]:
        print(" ".join(TESTS))
        return 0
    chosen = choose(interpreters())
    if len(chosen) < 3:
        print(f"make matrix found {chosen}: it needs a Python 3.10 to 3.12 and one of 3.13 or newer.", file=sys.stderr)
        return 1
    worst = 0
    for (version, python), own in zip(chosen, (TESTS, NEWEST_TESTS, CANDIDATE_TESTS), strict=True):
        folder = environment(version, python)
        print(f"--- ansible-core {version} on {python}", flush=True)
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        command = [str(folder / "bin" / "python"), "-m", "pytest", *(arguments or [*own, *OPTIONS])]
        worst = max(worst, subprocess.call(command, cwd=ROOT, env={**os.environ, "PATH": path}))
    if not arguments:
        print("--- the same play on each of them", flush=True)
        worst = max(worst, subprocess.call([sys.executable, "-m", "pytest", *COMPARISON], cwd=ROOT))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
