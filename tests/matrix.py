"""The integration tests on the oldest and the newest ansible-core that the Pythons of this machine can run.

`make integration` runs them on the ansible-core of `.venv`. This adds the two ends of what the collection supports,
each in a virtual environment of its own (`.venv-core-VERSION`).
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from tests.pythons import interpreters

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: The whole job and every module of the project side: what differs between releases of ansible-core shows there.
TESTS = ["tests/integration/site/test_site.py", "tests/integration/projects", "-n", "2", "--dist", "loadscope"]
REQUIREMENTS = ROOT / "tests" / "requirements" / "matrix.txt"

#: ansible-core releases, with the Pythons that a controller of each may have: the oldest supported, then newest first.
OLDEST = ("2.17.14", (3, 10), (3, 12))
NEWEST = [("2.21.5", (3, 12), (3, 14)), ("2.19.14", (3, 11), (3, 13))]


def choose(found: dict[tuple[int, int], str]) -> list[tuple[str, str]]:
    """``[(ansible-core version, python), …]``: the oldest release on its oldest Python, the newest on its newest."""
    version, low, high = OLDEST
    old = [(version, found[python]) for python in sorted(found) if low <= python <= high][:1]
    new = [
        (version, found[python])
        for version, low, high in NEWEST
        for python in sorted(found, reverse=True)
        if low <= python <= high
    ][:1]
    return old + new


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
    chosen = choose(interpreters())
    if len(chosen) < 2:
        print(f"make matrix found {chosen}: it needs a Python 3.10 to 3.12, and one of 3.11 or newer.", file=sys.stderr)
        return 1
    worst = 0
    for version, python in chosen:
        folder = environment(version, python)
        print(f"--- ansible-core {version} on {python}", flush=True)
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        command = [str(folder / "bin" / "python"), "-m", "pytest", *(arguments or TESTS)]
        worst = max(worst, subprocess.call(command, cwd=ROOT, env={**os.environ, "PATH": path}))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
