# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State that is damaged, and disks that are full at the wrong moment."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_membership import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_info, files, generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import Health, HealthCheck
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.journal import Journal
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.live_files import LiveFiles, staged_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import State
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.transaction import RolledBack

from tests.unit.onlinefs.support import Home, Service

CONFIG_TASK = "ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.config_task"
OTHER = {"bootstrap.servers": "other.example.org:9092"}
BROKEN = {"bootstrap.servers": "broken.example.org:9092"}

# --- damaged ----------------------------------------------------------------------------------------------------------


def _edit(name: str, **changes: t.Any) -> t.Callable[[pathlib.Path], None]:
    def damage(state: pathlib.Path) -> None:
        path = state / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


def _edit_file(**changes: t.Any) -> t.Callable[[pathlib.Path], None]:
    def damage(state: pathlib.Path) -> None:
        path = state / "0/manifest.json"
        data = json.loads(path.read_text())
        data["files"]["onlinefs-kafka.properties"].update(changes)
        path.write_text(json.dumps(data))

    return damage


def _write(name: str, content: bytes) -> t.Callable[[pathlib.Path], None]:
    return lambda state: (state / name).write_bytes(content) and None


def _directory(name: str) -> t.Callable[[pathlib.Path], None]:
    def damage(state: pathlib.Path) -> None:
        (state / name).unlink(missing_ok=True)
        (state / name / "full").mkdir(parents=True)

    return damage


JOURNAL = {"base": 0, "target": 1, "restart": True}
MANIFEST = "0/manifest.json"
DAMAGES: dict[str, t.Callable[[pathlib.Path], t.Any]] = {
    "manifest missing": lambda state: (state / MANIFEST).unlink(),
    "manifest empty": _write(MANIFEST, b""),
    "manifest no object": _write(MANIFEST, b"[]"),
    "manifest no UTF-8": _write(MANIFEST, b"\xff\xfe"),
    "manifest nested": _write(MANIFEST, b"[" * 200_000),
    "manifest huge": _write(MANIFEST, b" " * 2_000_000),
    "manifest a directory": _directory(MANIFEST),
    "manifest a pipe": lambda state: ((state / MANIFEST).unlink(), os.mkfifo(state / MANIFEST)),
    "manifest a link": lambda state: (
        (state / MANIFEST).rename(state / "x"),
        (state / MANIFEST).symlink_to(state / "x"),
    ),
    "number of another": _edit(MANIFEST, number=7),
    "origin unknown": _edit(MANIFEST, origin="elsewhere"),
    "created no time": _edit(MANIFEST, created=5),
    "proved no time": _edit(MANIFEST, proved="yesterday"),
    "facts no dictionary": _edit(MANIFEST, facts=[]),
    "facts with the name of a field": _edit(MANIFEST, facts={"Number": 1}),
    "files no dictionary": _edit(MANIFEST, files=[1]),
    "file elsewhere": _edit(MANIFEST, files={"../../x": None}),
    "file of another name": _edit(MANIFEST, files={"token": None}),
    "entry no dictionary": _edit(MANIFEST, files={"producer.properties": 3}),
    "mode with setuid": _edit_file(mode="4755"),
    "mode no text": _edit_file(mode=420),
    "owner no number": _edit_file(uid="root"),
    "owner a truth": _edit_file(uid=True),
    "owner too large": _edit_file(gid=2**32),
    "hash missing": _edit_file(sha256=None),
    "attribute of another name": _edit_file(xattrs={"security.capability": "AAAA"}),
    "attribute no base64": _edit_file(xattrs={"security.selinux": "!"}),
    "content missing": lambda state: (state / "0/onlinefs-kafka.properties").unlink(),
    "content changed": _write("0/onlinefs-kafka.properties", b"a=1"),
    "content a directory": _directory("0/onlinefs-kafka.properties"),
    "generation a file": lambda state: (shutil.rmtree(state / "0"), (state / "0").write_text("")),
    "generation empty": lambda state: (shutil.rmtree(state / "0"), (state / "0").mkdir()),
    "journal no JSON": _write("journal.json", b"{"),
    "journal a directory": _directory("journal.json"),
    "journal without a base": _write("journal.json", json.dumps({**JOURNAL, "base": None}).encode()),
    "journal with a base that is not kept": _write("journal.json", json.dumps({**JOURNAL, "base": 9}).encode()),
    "journal to itself": _write("journal.json", json.dumps({**JOURNAL, "base": 1}).encode()),
    "journal with a file elsewhere": _write(
        "journal.json", json.dumps({**JOURNAL, "reserved": {"../x": "y"}}).encode()
    ),
    "lock a directory": _directory("lock"),
    "move a directory": _directory("move.json"),
    "move a pipe": lambda state: os.mkfifo(state / "move.json"),
    "move huge": lambda state: (state / "move.json").write_bytes(b" " * (16 * 1024 * 1024 + 1)),
}


@pytest.mark.parametrize("state", ["present", "reverted"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_state_is_a_clear_error_or_is_handled(home: Home, damage: str, state: str) -> None:
    home.run()
    before = home.files()
    DAMAGES[damage](home.state)
    try:
        home.run(properties=OTHER, state=state)
    except HopsworksKafkaError as error:
        assert str(home.state) in str(error) and error.remedy, error
        assert home.files() == before


@pytest.mark.parametrize("left", ["5.new", "2.new", "2.old", "journal.json.new", "²", "007", "notes"])
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_leftovers_in_the_state_are_in_nobodys_way(home: Home, left: str, kind: str) -> None:
    home.run()
    if kind == "file":
        (home.state / left).write_text("")
    else:
        (home.state / left / "full").mkdir(parents=True)
    assert home.run(properties=OTHER)["generation"] == 2
    assert home.run(state="reverted")["changed"]


# --- written durably, and never through what is there ---------------------------------------------------------------


def test_state_is_written_durably_and_through_no_link(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    (tmp_path / "file.new").symlink_to(elsewhere)
    synced: list[bool] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.path.isdir(f"/proc/self/fd/{fd}")), real(fd))[1])
    files.write_private(str(tmp_path / "file"), b"content")
    assert synced == [False, True], "the file first, then the directory that names it"
    assert elsewhere.read_text() == "untouched" and (tmp_path / "file").read_bytes() == b"content"


def test_live_files_are_on_the_disk_before_they_get_their_name(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        events.append(f"sync {name}")
        real_sync(descriptor)

    def replace(source: str, target: str, **directories: int) -> None:
        events.append(f"move {source} {target}")
        real_replace(source, target, **directories)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    home.run()
    moves = [event.split() for event in events if event.startswith("move .hopsworks_kafka.")]
    assert len(moves) == 3
    for _move, source, target in moves:
        at = events.index(f"move {source} {target}")
        assert f"sync {source}" in events[:at], "synced before it is moved"
        assert "sync etc" in events[at : at + 2], "and its directory after"


@pytest.mark.parametrize("there", ["link", "file"])
def test_what_stands_at_a_staged_name_is_not_written_to(home: Home, there: str) -> None:
    elsewhere, staged = home.path / "elsewhere", staged_name("producer.properties")
    if there == "link":
        (home.etc / staged).symlink_to(elsewhere)
    else:
        (home.etc / staged).write_text("untouched")
    with pytest.raises(HostError, match="exists"):
        LiveFiles(str(home.etc)).create("producer.properties", staged, b"content")
    assert not elsewhere.exists()
    assert there == "link" or (home.etc / staged).read_text() == "untouched"


# --- a full disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    if os.geteuid() != 0:
        pytest.skip("mounts a file system")
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(disk: pathlib.Path) -> None:
    with open(disk / "filler", "wb", buffering=0) as stream:
        try:
            while stream.write(b"x" * 4096):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


class FillingService:
    """Fills the disk when it is restarted for the first time."""

    name = "onlinefs"

    def __init__(self, disk: pathlib.Path, works: bool) -> None:
        self._disk = disk
        self._works = works
        self.restarts = 0

    def check(self) -> None:
        pass

    def restart(self) -> None:
        self.restarts += 1
        if self.restarts == 1:
            fill(self._disk)
            if not self._works:
                raise HostError("service onlinefs", "it did not restart")

    def state(self) -> State:
        return State(True, False, "1", "running")


def test_a_rollback_needs_no_room(disk: pathlib.Path) -> None:
    home = Home(disk / "onlinefs")
    before, modes = home.files(), home.modes()
    with pytest.raises(RolledBack, match="byte for byte"):
        home.run(FillingService(disk, works=False))
    assert (home.files(), home.modes()) == (before, modes)
    (disk / "filler").unlink()
    assert home.run()["changed"]


def test_a_full_disk_after_the_check_leaves_host_and_state_consistent(
    disk: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(disk / "onlinefs")
    proved = Health("running", None, (ConsumerGroup("g", "onlinefs_h1_1", True, partitions=1),))
    monkeypatch.setattr(HealthCheck, "wait", lambda *_: proved)
    result = home.run(FillingService(disk, works=True))
    assert any("could not be recorded" in warning and "no space" in warning for warning in result["warnings"])
    assert result["changed"] and result["generations"][-1]["proved"] is None
    assert not (home.state / "journal.json").exists()
    assert not any(name.startswith(".hopsworks_kafka.") for name in home.files())
    (disk / "filler").unlink()
    assert not home.run()["changed"]
    assert home.run(state="reverted")["changed"]


# --- two runs at once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
def test_a_generation_that_another_run_removes_meanwhile_is_not_missed(
    home: Home, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    """A run reads before it waits for the lock, and in check mode it never has it."""
    home.run()
    home.run(properties=OTHER)
    state, real, left = str(home.state), files.read_private, gone

    def read(path: str, limit: int = files.MAX_FILE) -> bytes | None:
        nonlocal left
        if path.startswith(os.path.join(state, "1", "")):
            left -= 1
            if left < 0:
                generations.Generations(state).drop(1)
        return real(path, limit)

    monkeypatch.setattr(files, "read_private", read)
    assert home.run(properties=OTHER, check=True)["changed"] is False
    left = gone
    known = config_info.run({"home": str(home.path), "state_dir": state, "config_dir": None})
    assert known["generation"] == 2
    monkeypatch.undo()
    with pytest.raises(HopsworksKafkaError, match="generation 1: not kept on this host"):
        home.run(state="reverted", generation=1)


@pytest.mark.parametrize("turn", [0, 1])
def test_a_journal_that_another_run_ends_meanwhile_is_not_damaged(
    home: Home, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    """The other one then removes what it would have gone back to; or it begins with a new generation."""
    for number in range(3):
        home.run(properties={"bootstrap.servers": f"kafka{number}.example.org:9092"})
    kept = generations.Generations(str(home.state))
    real, calls = generations._numbers, 0

    def numbers(directory: str) -> list[int]:
        nonlocal calls
        if calls == turn and turn == 0:
            kept.begin(Journal(3, 4, False))
        elif calls == turn:
            kept.end()
            kept.drop(2)
        calls += 1
        return real(directory)

    if turn == 1:
        kept.begin(Journal(2, 4, False))
    monkeypatch.setattr(generations, "_numbers", numbers)
    assert kept.journal() == Journal(3 - turn, 4, False)


# --- what the service's user plants -----------------------------------------------------------------------------------


def test_no_number_of_planted_stores_is_read_or_kept(home: Home) -> None:
    """A manifest of more than a thousand files could not be read back, so that nothing worked from then on."""
    for number in range(1001):
        (home.etc / f"kafka_{number:08x}_truststore.jks").write_text("x")
    with pytest.raises(HopsworksKafkaError, match="more than 200 configuration files and stores"):
        home.run()
    assert not (home.state / "0").exists()
    for store in home.etc.glob("kafka_*"):
        store.unlink()
    assert home.run()["changed"]


def test_no_number_of_other_planted_files_is_read(home: Home) -> None:
    for number in range(201):
        (home.etc / f"{number}.properties").write_text("a=1")
    with pytest.raises(HopsworksKafkaError, match="more than 200 configuration files and stores"):
        home.run()


def test_planted_stores_are_not_read_by_a_rollback_and_do_not_stop_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    real = LiveFiles.read

    def read(self: LiveFiles, name: str, staged: str = "") -> files.File | None:
        names.append(name)
        return real(self, name, staged)

    monkeypatch.setattr(LiveFiles, "read", read)

    class Planting(Service):
        def restart(self) -> None:
            for number in range(0 if home.restarts else 1001):
                (home.etc / f"kafka_{number:08x}_truststore.jks").write_text("x")
            super().restart()

    before = home.files()
    with pytest.raises(RolledBack):
        home.run(Planting(home.path), properties=BROKEN)
    assert home.files() == before
    assert "onlinefs-kafka.properties" in names and not any(name.startswith("kafka_000") for name in names)


@pytest.mark.parametrize("servers", ["x" * 70_000, "\\ud800"])
def test_a_planted_text_does_not_make_a_manifest_that_cannot_be_read(home: Home, servers: str) -> None:
    (home.etc / "onlinefs-kafka.properties").write_text(f"bootstrap.servers={servers}\ngroup.id=a\\u001b[2J\n")
    warnings = home.run()["warnings"]
    assert all(warning.isprintable() for warning in warnings) and any("\\x1b[2J" in warning for warning in warnings)
    home.run(state="reverted", generation="0")
    assert home.run()["changed"]
