# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of OnlineFS on this machine, each a home of its own, and the role run over them by ansible-playbook."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import time
import typing as t

import yaml

from tests.conftest import COLLECTIONS, ROOT
from tests.onlinefs import managed

PLAYBOOK = """\
- hosts: onlinefs
  gather_facts: {facts}
  serial: {serial}
  max_fail_percentage: 0
  tasks:
    - block:
        - ansible.builtin.{how}_role:
            name: hopsworks.kafka.onlinefs
            tasks_from: {entry}
      always:
        - ansible.builtin.copy:
            content: >-
              {{{{ onlinefs_preflight_result | default(onlinefs_verify_result) | default(onlinefs_result)
                 | default({{}}) | to_json }}}}
            dest: "{results}/{{{{ inventory_hostname }}}}.json"
            mode: "0600"
          delegate_to: localhost
          check_mode: false
          diff: false
          changed_when: false
          become: false
"""
_SECONDS = 240


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a run of the playbook came to: exit code, all that it printed, and the result of the task on each host."""

    code: int
    output: str
    results: dict[str, dict[str, t.Any]]

    def recap(self, host: str, count: str) -> int:
        """A number from the recap: ok, changed, failed."""
        [line] = [line for line in self.output.splitlines() if line.startswith(host) and "unreachable=" in line]
        return int(line.split(f"{count}=")[1].split()[0])


class Bed:
    """A few hosts.

    :param folder: an empty directory.
    :param names: of the hosts.
    :param servers: the Kafka that they read from before the first run; answers to them in plain text.
    :param java: the launcher of the Java consumer; without it the Python stand-in is the service.
    """

    def __init__(self, folder: pathlib.Path, names: list[str], servers: str, java: pathlib.Path | None = None) -> None:
        self.folder = folder
        self.names = names
        self._java = java
        self.ports = {name: _free_port() for name in names}
        for name in names:
            etc = self.home(name) / "etc"
            etc.mkdir(parents=True)
            (self.home(name) / "logs").mkdir()
            for file, text in managed.files(servers, self.ports[name]).items():
                (etc / file).write_text(text)
        # Every run of a module starts the interpreter once more.
        self._python = folder / "python"
        self._python.write_text(f'#!/bin/sh\necho "$0" >> {folder}/modules\nexec {sys.executable} "$@"\n')
        self._python.chmod(0o755)

    def home(self, name: str) -> pathlib.Path:
        return self.folder / name

    def state(self, name: str) -> pathlib.Path:
        """Where the configurations of a host are kept."""
        return self.folder / f"{name}-state"

    def files(self, name: str) -> dict[str, tuple[bytes, int]]:
        """Content and mode of every configuration file."""
        etc = self.home(name) / "etc"
        return {path.name: (path.read_bytes(), path.stat().st_mode & 0o7777) for path in sorted(etc.iterdir())}

    def service(self, command: str, name: str) -> str:
        """The command line that starts or stops a host's service, or tells its state."""
        words = [
            "env",
            "-u",
            "PYTHONPATH",
            # A password in a command must be shown as little as any other.
            "BED_PASSWORD=canary-7f3a-command",
            sys.executable,
            str(ROOT / "tests/onlinefs/__main__.py"),
            command,
            "--home",
            str(self.home(name)),
        ]
        return shlex.join([*words, "--java", str(self._java)] if self._java else words)

    def start(self) -> None:
        """Start the services as their installer would have."""
        for name in self.names:
            subprocess.run(shlex.split(self.service("start", name)), check=True, timeout=60)

    def stop(self) -> None:
        for name in self.names:
            with contextlib.suppress(subprocess.SubprocessError):
                subprocess.run(shlex.split(self.service("stop", name)), check=False, timeout=60)

    def pid(self, name: str) -> str:
        """The process id of a host's service: another one after each restart."""
        return (self.home(name) / "onlinefs.pid").read_text()

    def run(
        self,
        variables: dict[str, t.Any],
        *options: str,
        entry: str = "main",
        serial: str = "100%",
        how: str = "import",
        facts: bool = False,
        playbook: str = "",
        environment: dict[str, str] | None = None,
    ) -> Ran:
        """Run the role over the hosts. A run that takes too long fails the test."""
        results = self.folder / f"results-{time.monotonic_ns()}"
        results.mkdir()
        text = playbook or PLAYBOOK
        (self.folder / "play.yml").write_text(
            text.format(entry=entry, serial=json.dumps(serial), how=how, facts=facts, results=results)
        )
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(self._inventory(variables)))
        (self.folder / "modules").write_text("")
        done = subprocess.run(
            [f"{sys.prefix}/bin/ansible-playbook", "-i", "inventory.yml", "play.yml", *options],
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
                "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp"),
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        read = {path.stem: json.loads(path.read_text()) for path in results.iterdir()}
        return Ran(done.returncode, done.stdout + done.stderr, read)

    def module_runs(self) -> int:
        """How often an interpreter was started on a host by the last run, without the test's own copy tasks."""
        return len((self.folder / "modules").read_text().splitlines())

    def _inventory(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        hosts = {
            name: {
                "onlinefs_home": str(self.home(name)),
                "onlinefs_state_dir": str(self.state(name)),
                "onlinefs_metrics_url": f"http://127.0.0.1:{self.ports[name]}/metrics",
                "onlinefs_service_commands": {
                    word: self.service(word, name) for word in ("restart", "status", "stop", "start")
                },
            }
            for name in self.names
        }
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(self._python),
            "onlinefs_service_version": "3.8",
            "onlinefs_container_home": "{{ onlinefs_home }}" if self._java else "/onlinefs",
            "onlinefs_become": False,
            "onlinefs_user": "",
            "onlinefs_group": "",
            "onlinefs_service_manager": "command",
            "onlinefs_service_settle": 1,
            "onlinefs_service_timeout": 40,
            **variables,
        }
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        return {"all": {"hosts": {"localhost": local}, "children": {"onlinefs": {"hosts": hosts, "vars": shared}}}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
