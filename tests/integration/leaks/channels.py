# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a play, and collect what comes out of it through every channel."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing as t

from tests.conftest import ROOT
from tests.integration.projects.conftest import environment

RUN_SECONDS = 300
#: The process beside a task with ``async`` looks every 5 s whether it has ended, and then removes the task's files.
ASYNC_SECONDS = 20
#: Every channel that :func:`run` collects.
CHANNELS = ("output", "log file", "callbacks", "system log", "processes", "temporary files")


class Seen(t.NamedTuple):
    """Exit status, and the text that came through each channel."""

    status: int
    channels: dict[str, str]


def run(tasks: list[dict[str, t.Any]], *arguments: str, **settings: str) -> Seen:
    """Run a play on localhost at ``-vvvv``. Needs root: it listens at ``/dev/log``.

    :param settings: of Ansible, by the names of their environment variables.
    """
    # A short path: ansible-core makes a Unix socket below it, and the name of a socket has room for 107 bytes.
    with tempfile.TemporaryDirectory(prefix="leaks-") as name, _system_log() as system, _processes() as processes:
        folder = pathlib.Path(name)
        temporary, reports = folder / "t", folder / "reports"
        temporary.mkdir()
        playbook = _playbook(folder, tasks)
        program = pathlib.Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [program, "-i", "localhost,", "-c", "local", "-vvvv", *arguments, playbook],
            env={
                **environment(),
                "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
                "ANSIBLE_INJECT_INVOCATION": "1",
                # Modules and what they are given lie in files, and each step is a process.
                "ANSIBLE_PIPELINING": "false",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
                "ANSIBLE_LOCAL_TEMP": str(temporary / "local"),
                "ANSIBLE_REMOTE_TEMP": str(temporary / "remote"),
                "ANSIBLE_ASYNC_DIR": str(temporary / "async"),
                "TMPDIR": str(temporary),
                "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit",
                "JUNIT_OUTPUT_DIR": str(reports),
                **settings,
            },
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        _wait_for_async(name)
        texts = {
            "output": done.stdout + done.stderr,
            "log file": (folder / "ansible.log").read_text(),
            "callbacks": _content(reports),
            "system log": system(),
            "processes": processes(),
            "temporary files": _content(temporary),
        }
    return Seen(done.returncode, texts)


def _wait_for_async(folder: str) -> None:
    """Wait until no process works below a folder any more: ``async_wrapper`` ends after the playbook.

    What is there after that, or after a time limit, is left over.
    """
    end = time.monotonic() + ASYNC_SECONDS
    while time.monotonic() < end and any(folder.encode() in command for command in _commands()):
        time.sleep(0.2)


def _playbook(folder: pathlib.Path, tasks: list[dict[str, t.Any]]) -> pathlib.Path:
    """Write a playbook that takes the options of the collection's modules from variables, as users do.

    ansible.builtin.junit reports the options of every task as they are in the playbook.
    """
    variables: dict[str, t.Any] = {}
    written = []
    for number, task in enumerate(tasks):
        [(module, options)] = [item for item in task.items() if "." in item[0]]
        given = dict(options)
        for name, value in options.items() if module.startswith("hopsworks.") else ():
            if isinstance(value, (str, list, dict)):
                variable = f"task_{number}_{len(variables)}"
                variables[variable] = value
                given[name] = f"{{{{ {variable} }}}}"
        written.append({**task, module: given})
    (folder / "variables.yml").write_text(json.dumps(variables))
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": ["variables.yml"], "tasks": written}
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([play]))
    return playbook


def _content(folder: pathlib.Path) -> str:
    """Return names and content of all files below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)


@contextlib.contextmanager
def _system_log() -> t.Iterator[t.Callable[[], str]]:
    """Listen to the system's log with a socket of the test's own for as long as it runs."""
    place, aside = pathlib.Path("/dev/log"), pathlib.Path("/dev/log.aside")
    lock = os.open(place.parent, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # another run of these tests has to wait
    there = place.is_symlink() or place.exists()
    if there:
        place.rename(aside)
    received: list[bytes] = []

    def receive(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:  # or modules wait until there is room
                received.append(server.recv(1 << 20))

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(place))
            place.chmod(0o666)
            threading.Thread(target=receive, args=(server,), daemon=True).start()
            yield lambda: b"\n".join(received).decode("utf-8", "replace")
            server.shutdown(socket.SHUT_RDWR)
    finally:
        place.unlink(missing_ok=True)
        if there:
            aside.rename(place)
        os.close(lock)


def _commands(left_out: t.Collection[str] = ()) -> t.Iterator[bytes]:
    """Yield the command of each process, with its arguments.

    :param left_out: numbers of processes.
    """
    for number in os.listdir("/proc"):
        if number.isdigit() and number not in left_out:
            with contextlib.suppress(OSError):
                yield pathlib.Path("/proc", number, "cmdline").read_bytes()


@contextlib.contextmanager
def _processes() -> t.Iterator[t.Callable[[], str]]:
    """Watch the list of processes as ``ps`` shows it: the arguments of each.

    A process that was there a second ago is looked at once a second, as it may have become another program.
    """
    seen: set[bytes] = set()
    end = threading.Event()

    def watch() -> None:
        settled: set[str] = set()
        before, looked = set(os.listdir("/proc")), 0.0
        while not end.wait(0.02):
            seen.update(_commands(settled))
            if time.monotonic() - looked > 1:
                looked, now = time.monotonic(), set(os.listdir("/proc"))
                settled, before = before & now, now
                seen.update(_commands())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: b"\n".join(seen).replace(b"\0", b" ").decode("utf-8", "replace")
    finally:
        end.set()
        watcher.join()
