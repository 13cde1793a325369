# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a directory, a service that a test can look into, and runs that are killed at any step."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import State
from ansible_collections.hopsworks.kafka.plugins.modules import onlinefs_config

SITE = """\
<?xml version="1.0" encoding="UTF-8"?>
<onlinefs>
  <kafkaConsumer>
    <topicPattern>.*_onlinefs</topicPattern>
    <topicList></topicList>
  </kafkaConsumer>
  <opensearch><password>search-secret</password></opensearch>
</onlinefs>
"""
MANAGED = "bootstrap.servers = broker.consul:9091\nsecurity.protocol = SSL\ngroup.id = onlinefs_rondb\n"


def defaults() -> dict[str, t.Any]:
    """Every option of the module at its default."""
    return {name: spec.get("default") for name, spec in onlinefs_config.argument_spec().items()}


class Service:
    """Reads the consumer's file when it is restarted; what it runs with lies in a file, so it survives a killed run.

    It does not run with a configuration that holds the word in `refuses`.
    """

    name = "onlinefs"

    def __init__(self, home: pathlib.Path, refuses: str = "broken") -> None:
        self._home = home
        self._refuses = refuses

    def check(self) -> None:
        pass

    def restart(self) -> None:
        with open(self._home / "restarts", "a") as restarts:
            restarts.write("x")
        (self._home / "running").write_bytes((self._home / "etc/onlinefs-kafka.properties").read_bytes())

    def state(self) -> State:
        running = self._refuses.encode() not in (self._home / "running").read_bytes()
        return State(running, not running, "1", "running" if running else "it fell over")


class Home:
    """An OnlineFS home, as its installer leaves it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.etc = path / "etc"
        self.etc.mkdir(parents=True)
        (path / "logs").mkdir()
        (path / "logs/onlinefs.log").write_text("INFO it began\nERROR password=hunter2 was refused\n")
        (self.etc / "onlinefs-site.xml").write_text(SITE)
        (self.etc / "onlinefs-kafka.properties").write_text(MANAGED)
        (self.etc / "onlinefs-kafka.properties").chmod(0o600)
        (path / "running").write_text(MANAGED)
        (path / "restarts").write_text("")

    def params(self, **given: t.Any) -> dict[str, t.Any]:
        """Options for a run on this home."""
        base = {
            "service_version": "3.8",
            "properties": {"bootstrap.servers": "kafka.example.org:9092"},
            "home": str(self.path),
            "client_id": "onlinefs_h1",
            "metrics_url": "",
            "service_settle": 0,
            "service_timeout": 1,
            "service_manager": "systemd",
            "probe": "never",
            "verify_consumer_group": False,
            "state_dir": str(self.state),
        }
        return {**defaults(), **base, **given}

    def run(self, service: t.Any = None, check: bool = False, diff: bool = False, **given: t.Any) -> dict[str, t.Any]:
        """One run of the module's work, with the service above unless another one is given."""
        return config_task.run(self.params(**given), check, diff, set(), service or Service(self.path))

    def files(self) -> dict[str, bytes]:
        """Every file in the configuration directory."""
        return {path.name: path.read_bytes() for path in sorted(self.etc.iterdir())}

    def modes(self) -> dict[str, int]:
        return {path.name: path.stat().st_mode & 0o7777 for path in sorted(self.etc.iterdir())}

    @property
    def restarts(self) -> int:
        return len((self.path / "restarts").read_text())

    @property
    def running(self) -> bytes:
        return (self.path / "running").read_bytes()

    @property
    def state(self) -> pathlib.Path:
        return self.path / ".kafka_generations"


#: What the interpreter announces before it does it, of what changes a file system.
_STEPS = frozenset(("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.setxattr"))


def killed_at(step: int, work: t.Callable[[], object]) -> bool:
    """Do `work` in a process that is killed (SIGKILL) just before its step of that number. True if it came to that."""
    child = os.fork()
    if child == 0:
        left, own = step, os.getpid()

        def hook(event: str, arguments: tuple[t.Any, ...]) -> None:
            nonlocal left
            if os.getpid() != own:  # a child of the run that is to be killed
                return
            written = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if event in _STEPS or (written and "__pycache__" not in str(arguments[0])):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        except HostError:
            os._exit(1)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(2)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) in (0, 1), "the run failed in another way than expected"
    return False
