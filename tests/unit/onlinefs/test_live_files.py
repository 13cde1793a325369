# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a host survive a power cut, whoever writes them, and no link decides what is read or written."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import earlier_state, files, generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.files import Attributes, File
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.live_files import ConfigFiles, LiveFiles
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files import OwnedFiles
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_handlers import HANDLERS
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_process import OwnerProcess

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others and drops root")
UID = 1521
NAME = "producer.properties"
STORE = "kafka_deadbeef_truststore.jks"


class Disk:
    """What a power cut would leave: of each file and directory, what it was when it was last synced."""

    def __init__(self, log: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._log = log
        log.touch()
        log.chmod(0o666)
        real = os.fsync

        def fsync(descriptor: int) -> None:
            real(descriptor)
            # A child that has given up root syncs too: what it does is written down in a file.
            with log.open("a") as stream:
                stream.write(json.dumps([os.fstat(descriptor).st_ino, _state(f"/proc/self/fd/{descriptor}")]) + "\n")

        monkeypatch.setattr(os, "fsync", fsync)

    def holds(self, path: pathlib.Path) -> bool:
        """Whether a file or directory is on the disk as it is now."""
        synced = [json.loads(line) for line in self._log.read_text().splitlines()]
        last = [state for inode, state in synced if inode == path.stat().st_ino][-1:]
        return last == [json.loads(json.dumps(_state(str(path))))]


def _state(path: str) -> list[t.Any]:
    status = os.stat(path)
    if os.path.isdir(path):
        return [sorted(os.listdir(path))]
    return [status.st_size, status.st_mode, status.st_uid, status.st_gid]


@pytest.fixture
def disk(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    tmp_path.chmod(0o755)
    return Disk(tmp_path / "log", monkeypatch)


@pytest.fixture
def etc(tmp_path: pathlib.Path) -> pathlib.Path:
    directory = tmp_path / "etc"
    directory.mkdir()
    return directory


@pytest.fixture
def owned(etc: pathlib.Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[OwnedFiles]:
    """The files of a directory of the service's user; the child starts after `disk` listens."""
    os.chown(etc, UID, UID)
    child = OwnerProcess(UID, UID, HANDLERS)
    monkeypatch.setattr(
        "ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owned_files.process_of", lambda _uid: child
    )
    yield OwnedFiles(str(etc), UID)
    child.close()


def put_and_remove(there: ConfigFiles, etc: pathlib.Path, disk: Disk, file: File) -> None:
    staged = there.stage(NAME, file)
    status = (etc / staged).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (
        file.attributes.uid,
        file.attributes.gid,
        file.attributes.mode,
    )
    assert disk.holds(etc / staged), "the whole file, with its owner and mode, before it gets its name"
    there.swap(NAME, staged)
    assert (etc / NAME).read_bytes() == file.content
    assert disk.holds(etc), "and the directory with the new name"
    there.remove(NAME)
    assert os.listdir(etc) == []
    assert disk.holds(etc), "and the directory without it"


def test_a_file_is_on_the_disk_at_each_step(etc: pathlib.Path, disk: Disk) -> None:
    attributes = Attributes(os.geteuid(), os.getegid(), 0o640)
    put_and_remove(LiveFiles(str(etc)), etc, disk, File(b"a=b\n", attributes))


@as_root
@pytest.mark.parametrize(("uid", "gid"), [(UID, UID), (UID, 0), (0, 0)], ids=["user", "foreign group", "root"])
def test_a_file_of_the_services_user_is_too(
    etc: pathlib.Path, owned: OwnedFiles, disk: Disk, uid: int, gid: int
) -> None:
    put_and_remove(owned, etc, disk, File(b"a=b\n", Attributes(uid, gid, 0o640)))


@as_root
def test_a_file_of_root_has_its_name_on_the_disk_before_it_is_moved(
    etc: pathlib.Path, owned: OwnedFiles, disk: Disk
) -> None:
    owned.stage(NAME, File(b"a=b\n", Attributes(0, 0, 0o640)))
    assert disk.holds(etc)


def test_of_a_link_both_ends_are_removed_durably(etc: pathlib.Path, tmp_path: pathlib.Path, disk: Disk) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/real").write_text("a=b\n")
    (etc / NAME).symlink_to("../volume/real")
    LiveFiles(str(etc)).remove(NAME)
    assert os.listdir(etc) == os.listdir(tmp_path / "volume") == []
    assert disk.holds(etc) and disk.holds(tmp_path / "volume")


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_with_the_name_of_a_store_is_no_store(etc: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_text("of root")
    (etc / STORE).symlink_to("../secret")
    there = LiveFiles(str(etc))
    assert there.read(STORE) is None
    there.remove(STORE)
    assert os.listdir(etc) == []
    assert (tmp_path / "secret").read_text() == "of root"


def test_a_file_that_became_a_link_meanwhile_is_not_followed(etc: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_text("of root")
    (etc / NAME).write_text("a=b\n")
    there = LiveFiles(str(etc))
    assert there.read(NAME) is not None
    (etc / NAME).unlink()
    (etc / NAME).symlink_to("../secret")
    with pytest.raises(HostError):
        there.read(NAME)


def test_state_is_read_and_written_through_no_link(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of root")
    (tmp_path / "journal").symlink_to(secret)
    with pytest.raises(HostError):
        files.read_private(str(tmp_path / "journal"))
    # A link that appears after the leftovers were cleared.
    monkeypatch.setattr(files, "clear", lambda _path: None)
    (tmp_path / "manifest.new").symlink_to(secret)
    with pytest.raises((HostError, OSError)):
        files.write_private(str(tmp_path / "manifest"), b"new")
    assert secret.read_text() == "of root"
    (tmp_path / "other.new").write_text("of another run")
    with pytest.raises((HostError, OSError)):
        files.write_private(str(tmp_path / "other"), b"new")
    assert (tmp_path / "other.new").read_text() == "of another run"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_lock_is_no_link_and_no_pipe(tmp_path: pathlib.Path, kind: str) -> None:
    tmp_path.chmod(0o700)
    lock = tmp_path / generations.LOCK
    if kind == "link":
        lock.symlink_to(tmp_path / "made")
    else:
        os.mkfifo(lock)
    state = generations.Generations(str(tmp_path))
    if kind == "link":
        with pytest.raises(HostError), state._lock_file():
            pass
        assert not (tmp_path / "made").exists()
    else:
        with state._lock_file():
            pass


@as_root
def test_the_state_of_earlier_releases_is_not_looked_for_through_a_link(tmp_path: pathlib.Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to("real")
    descriptor = earlier_state._open_path(str(tmp_path / "state"))
    assert descriptor is not None
    try:
        assert os.path.islink(f"/proc/self/fd/{descriptor}") and not os.path.isdir(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@as_root
def test_the_child_hands_over_a_link_itself_and_no_target(etc: pathlib.Path) -> None:
    etc.parent.chmod(0o755)
    (etc / "real").mkdir()
    (etc / "state").symlink_to("real")
    child = OwnerProcess(UID, UID, HANDLERS)
    try:
        (descriptor,) = child.call("open_path", path=str(etc / "state")).descriptors
        assert not os.path.isdir(f"/proc/self/fd/{descriptor}")
        os.close(descriptor)
        assert child.call("open_path", path=str(etc / "missing")).descriptors == ()
    finally:
        child.close()
