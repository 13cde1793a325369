# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with OnlineFS, the module run on it as root, and an attacker who is the service's user."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import stat
import sys
import time
import typing as t

from ansible.module_utils import basic
from ansible_collections.hopsworks.kafka.plugins.modules import onlinefs_config, onlinefs_move, onlinefs_move_info

#: The service's user and group, as its installer makes them.
UID, GID = 1521, 1516
#: Somebody else on the host.
OTHER = 1522
#: What nobody but root may learn.
CANARY = "canary-of-root-7731"
#: Seconds after which a run of the module counts as hung. Everything here takes far less than one.
BOUND = 25.0

SITE = """\
<?xml version="1.0" encoding="UTF-8"?>
<onlinefs>
  <kafkaConsumer>
    <topicPattern>.*_onlinefs</topicPattern>
    <topicList></topicList>
  </kafkaConsumer>
</onlinefs>
"""
MANAGED = "bootstrap.servers = broker.consul:9091\nsecurity.protocol = PLAINTEXT\ngroup.id = onlinefs_rondb\n"
FILES = (
    "onlinefs-kafka.properties",
    "onlinefs-kafka-vector-db.properties",
    "producer.properties",
    "onlinefs-site.xml",
)
STORE = "kafka_deadbeef_truststore.jks"
#: How often a race is run.
TIMES = 20
#: Options of a run that fails and is rolled back.
FAILING = {"service_commands": {"restart": "/bin/false"}}

Snapshot = dict[str, tuple[t.Any, ...]]


class Hung(AssertionError):
    """A run of the module did not end in time."""


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a run of the module came to."""

    failed: bool
    result: dict[str, t.Any]
    output: str


class World:
    """A host in a directory.

    :param folder: empty, of root, on a way that everybody may search.

    ``root`` in it holds what is root's alone, ``other`` is of another user, ``home`` of the attacker; ``etc`` and
    ``logs`` in ``home`` are links into ``data``, as the installer makes them.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.root, self.other = folder / "root", folder / "other"
        self.home, self.data = folder / "hops/onlinefs", folder / "data/onlinefs"
        self.etc, self.logs = self.data / "etc", self.data / "logs"
        self.state = folder / "var/hopsworks_kafka/host"
        for path in (self.root / "etc", self.other, self.home, self.etc, self.logs):
            path.mkdir(parents=True)
        # As in /etc/shadow: no name before it says that it is a secret, so that no mask hides a leak.
        (self.root / "secret").write_text(f"root:{CANARY}:19000:0:99999:7:::\n")
        for name in FILES[:3]:
            (self.root / "etc" / name).write_text(f"password={CANARY}\n")
        # A good one: a run that is led here does not end at its first look.
        (self.root / "etc" / FILES[3]).write_text(SITE.replace(".*_onlinefs", CANARY))
        for path in self.root.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        (self.root / "public").write_text("for everybody\n")
        self.root.chmod(0o755)
        (self.etc / FILES[0]).write_text(MANAGED)
        (self.etc / FILES[3]).write_text(SITE)
        (self.logs / "onlinefs.log").write_text("INFO it began\n")
        for name in ("etc", "logs"):
            (self.home / name).symlink_to(self.data / name)
        for path in (self.home, self.data, *self.home.rglob("*"), *self.data.rglob("*")):
            os.lchown(path, UID, GID)
            if not path.is_symlink():
                path.chmod(0o750)
        os.chown(self.other, OTHER, OTHER)
        self.other.chmod(0o755)
        self.before = self.outside()

    def outside(self) -> Snapshot:
        """Everything that is not the attacker's and not the state: kind, mode, owner, size, times, content."""
        own = {str(self.home), str(self.data), str(self.folder / "var")}
        found: Snapshot = {}
        for folder, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in own]
            for path in (pathlib.Path(folder, name) for name in (*folders, *files)):
                status = path.lstat()
                content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
                times = () if path in (self.home.parent, self.data.parent) else (status.st_mtime_ns,)
                identity = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, status.st_nlink)
                found[str(path)] = (*identity, *times, content)
        return found

    def unharmed(self, ran: Ran) -> None:
        """Nothing outside the attacker's reach was changed or told."""
        now = self.outside()
        assert now == self.before, {path for path in {*now, *self.before} if now.get(path) != self.before.get(path)}
        assert CANARY not in ran.output, ran.output
        assert "Traceback" not in ran.output and "defect" not in ran.output, ran.output
        assert not ran.failed or ran.result["msg"]

    def check(self, ran: Ran) -> None:
        """The same, and nothing of root's came into the attacker's directories."""
        self.unharmed(ran)
        for path in [*self.home.rglob("*"), *self.data.rglob("*")]:
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                assert status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX) == 0, path
                assert status.st_uid == UID, path

    def plant(self, work: t.Callable[[], object]) -> None:
        """Do something as the attacker."""
        child = os.fork()
        if child == 0:
            _as_attacker(work)
        _pid, status = os.waitpid(child, 0)
        assert status == 0, "the attacker could not do it"

    @contextlib.contextmanager
    def attack(self, work: t.Callable[[], object]) -> t.Iterator[None]:
        """Do something as the attacker again and again, while the body of the with statement runs."""

        def again() -> None:
            while True:
                with contextlib.suppress(OSError):
                    work()

        child = os.fork()
        if child == 0:
            _as_attacker(again)
        try:
            yield
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def run(self, **given: t.Any) -> Ran:
        """Run onlinefs_config as root, in a process of its own, with its real main().

        A run that does not end in time fails the test.
        """
        return self._run(onlinefs_config.main, {**self._options(), **given})

    def move(self, state: str, **given: t.Any) -> Ran:
        """Run onlinefs_move likewise."""
        spec = onlinefs_move.argument_spec()
        options = {name: value for name, value in self._options().items() if name in spec or name[0] == "_"}
        commands = dict.fromkeys(("restart", "stop", "start"), "/bin/true")
        more = {"service_commands": {**commands, "status": "/bin/false"}, "timeout": 1, "state": state}
        return self._run(onlinefs_move.main, {**options, **more, **given})

    def move_info(self, **given: t.Any) -> Ran:
        """Run onlinefs_move_info likewise."""
        spec = onlinefs_move_info.argument_spec()
        options = {name: value for name, value in self._options().items() if name in spec or name[0] == "_"}
        return self._run(onlinefs_move_info.main, {**options, "timeout": 1, **given})

    def _options(self) -> dict[str, t.Any]:
        return {
            "service_version": "3.8",
            "properties": {"bootstrap.servers": "kafka.example.org:9092"},
            "topics": ["ads_onlinefs"],
            "home": str(self.home),
            "owner": str(UID),
            "group": str(GID),
            "client_id": "onlinefs_h1",
            "metrics_url": "",
            "service_settle": 0,
            "service_timeout": 1,
            "service_manager": "command",
            "service_commands": {"restart": "/bin/true"},
            "verify_consumer_group": False,
            "probe": "never",
            "state_dir": str(self.state),
            "_ansible_diff": True,
        }

    def _run(self, main: t.Callable[[], None], options: dict[str, t.Any]) -> Ran:
        output = self.folder.parent / f"{self.folder.name}.output"
        child = os.fork()
        if child == 0:
            _module(main, {key: value for key, value in options.items() if value is not None}, output)
        deadline = time.monotonic() + BOUND
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise Hung(f"the module did not end within {BOUND:.0f} s")
            time.sleep(0.01)
        text = output.read_text()
        output.unlink()
        lines = [line for line in text.splitlines() if line.startswith("{")]
        assert lines, f"the module ended without a result: {text}"
        result = json.loads(lines[-1])
        result.pop("invocation", None)
        return Ran(bool(result.get("failed")), result, text)


def replace_by_link(path: pathlib.Path, target: pathlib.Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _as_attacker(work: t.Callable[[], object]) -> t.NoReturn:
    try:
        os.setgroups([GID])
        os.setresgid(GID, GID, GID)
        os.setresuid(UID, UID, UID)
        work()
        os._exit(0)
    finally:
        os._exit(1)


def _module(main: t.Callable[[], None], options: dict[str, t.Any], output: pathlib.Path) -> t.NoReturn:
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout = os.fdopen(1, "w")
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        main()
    except SystemExit:
        pass
    except BaseException as error:
        os.write(2, f"Traceback: {error!r}".encode())
    finally:
        sys.stdout.flush()
        os._exit(0)
