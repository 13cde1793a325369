"""The Pythons that stand on this machine: real interpreters, not the shims of a version manager."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

#: Newest ansible-core for a controller's Python, and the oldest that the collection supports.
OLDEST_CORE = "2.17"


def python_folders() -> list[pathlib.Path]:
    """The bin folders of a version manager's interpreters, newest first."""
    versions = pathlib.Path.home() / ".pyenv" / "versions"
    found = [path for path in versions.glob("*/bin") if re.match(r"3\.\d+\.\d+$", path.parent.name)]
    return sorted(found, key=lambda path: [int(part) for part in path.parent.name.split(".")], reverse=True)


def interpreters() -> dict[tuple[int, int], str]:
    """Every Python 3 that starts, by (major, minor): ``{(3, 11): "/usr/bin/python3.11", …}``."""
    folders = [str(folder) for folder in python_folders()]
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    found: dict[tuple[int, int], str] = {}
    for minor in range(6, 20):
        executable = shutil.which(f"python3.{minor}", path=path)
        if executable and _starts(executable, minor):
            found[(3, minor)] = executable
    return found


def _starts(executable: str, minor: int) -> bool:
    code = "import sys, venv, ensurepip; print(sys.version_info[1])"
    result = subprocess.run([executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    return result.returncode == 0 and result.stdout.strip() == str(minor)
