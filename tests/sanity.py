"""`ansible-test sanity` over the checkout, for every Python that stands on this machine, with no ignore entry.

ansible-test wants a git checkout at ansible_collections/hopsworks/kafka, so a copy is made under .build. Its HOME is
there too: the test's own virtual environments and caches leave the user's home alone. Where there is no internet, it
can't fetch the script that installs pip into those environments; a stand-in that uses Python's own ensurepip serves.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

from tests.pythons import python_folders

ROOT = pathlib.Path(__file__).resolve().parent.parent
SANITY = ROOT / ".build" / "sanity"
COPY = SANITY / "ansible_collections" / "hopsworks" / "kafka"

GET_PIP = '''\
"""Stand-in for the script that installs pip: ensurepip has one already; then the versions that were asked for."""
import ensurepip, os, subprocess, sys
ensurepip.bootstrap(default_pip=True)
os.environ.pop("PIP_CONFIG_FILE", None)  # ensurepip switches pip's settings off for the whole process
wanted = [word for word in sys.argv[1:] if word.split("==")[0] in ("pip", "setuptools", "wheel") and "==" in word]
if wanted:
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + wanted)
'''


def copy_checkout() -> None:
    """The files that git knows or would know, as a git checkout of their own."""
    output = COPY / "tests" / "output"  # ansible-test's own virtual environments: slow to make, so they are kept
    if output.is_dir():
        shutil.rmtree(SANITY / "output", ignore_errors=True)
        output.rename(SANITY / "output")
    shutil.rmtree(COPY, ignore_errors=True)
    if (SANITY / "output").is_dir():
        output.parent.mkdir(parents=True)
        (SANITY / "output").rename(output)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            target = COPY / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)
    (COPY / ".git" / "info" / "exclude").write_text("/tests/output/\n")
    subprocess.run(["git", "add", "--all"], cwd=COPY, check=True)


def environment() -> dict[str, str]:
    home = SANITY / "home"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in pip_versions():
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)
    for folder in (".config/pip", ".cache/pip"):  # pip's own settings and cache stay those of the user
        link = home / folder
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(pathlib.Path.home() / folder)
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), *map(str, python_folders()), os.environ["PATH"]])
    return {**os.environ, "HOME": str(home), "PATH": path, "ANSIBLE_CONFIG": os.devnull}


def pip_versions() -> set[str]:
    """The versions of pip that this ansible-test may ask for, read from its own sources."""
    [source] = pathlib.Path(sys.prefix, "lib").glob(
        "python*/site-packages/ansible_test/_internal/python_requirements.py"
    )
    return set(re.findall(r"['\"](\d+\.\d+(?:\.\d+)?)['\"]", source.read_text()))


def main(arguments: list[str]) -> int:
    copy_checkout()
    command = ["ansible-test", "sanity", "--venv", "--color", "no", *arguments]
    return subprocess.call(command, cwd=COPY, env=environment(), stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
