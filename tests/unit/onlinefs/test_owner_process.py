# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with the rights of the user who owns a directory, and who that is."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import threading
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import owner_process
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_handlers import HANDLERS
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.owner_process import (
    Answer,
    OwnerProcess,
    process_for,
    read_bounded,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.path_owner import check_private, path_owner

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others and drops root")
UID, OTHER = 1521, 1522


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A home of the user, below a directory of root's that everybody may search."""
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    (home / "logs/onlinefs.log").write_text("one\ntwo\n")
    for path in (home, home / "logs", home / "logs/onlinefs.log"):
        os.chown(path, UID, UID)
    (tmp_path / "secret").write_text("of root")
    (tmp_path / "secret").chmod(0o600)
    return tmp_path


def test_the_owner_of_the_last_directory_decides(tree: pathlib.Path) -> None:
    assert path_owner(str(tree)) is None
    assert path_owner(str(tree / "secret")) is None
    assert path_owner(str(tree / "home/logs/onlinefs.log")) == UID
    os.chown(tree / "home/logs", OTHER, OTHER)
    assert path_owner(str(tree / "home/logs/missing/more")) == OTHER


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_of_the_user_never_makes_root_decide(tree: pathlib.Path, absolute: bool) -> None:
    (tree / "root").mkdir()
    link = tree / "home/etc"
    link.symlink_to(tree / "root" if absolute else "../root")
    os.lchown(link, UID, UID)
    assert path_owner(str(link)) == UID
    # The link may be root's: it stands in a directory whose owner can move it.
    os.lchown(link, 0, 0)
    assert path_owner(str(link)) == UID
    os.chown(tree / "root", OTHER, OTHER)
    assert path_owner(str(link)) == UID


def test_a_link_of_root_is_followed(tree: pathlib.Path) -> None:
    (tree / "link").symlink_to("home/logs")
    assert path_owner(str(tree / "link")) == UID
    assert path_owner(str(tree / "link/../..")) == UID, "the user could have moved the directory that is left"
    (tree / "circle").symlink_to("circle")
    with pytest.raises(HostError, match="form a circle"):
        path_owner(str(tree / "circle"))


def test_a_directory_of_root_that_others_may_write_to(tree: pathlib.Path) -> None:
    shared = tree / "shared"
    (shared / "etc").mkdir(parents=True)
    shared.chmod(0o775)
    with pytest.raises(HostError, match="users other than root can replace"):
        path_owner(str(shared / "etc"))
    os.chown(shared / "etc", UID, UID)
    assert path_owner(str(shared / "etc")) == UID
    shared.chmod(0o1777)
    os.chown(shared / "etc", 0, 0)
    assert path_owner(str(shared / "etc")) is None


@pytest.mark.parametrize("spoil", ["owner", "link", "writable", "file"])
def test_state_that_root_trusts_lies_where_only_root_writes(tree: pathlib.Path, spoil: str) -> None:
    state = tree / "var/state/host"
    check_private(str(state))
    state.mkdir(parents=True)
    check_private(str(state))
    middle = tree / "var/state"
    if spoil == "owner":
        os.chown(middle, UID, 0)
    elif spoil == "writable":
        middle.chmod(0o775)
    elif spoil == "link":
        middle.rename(tree / "elsewhere")
        middle.symlink_to(tree / "elsewhere")
        check_private(str(state))
        os.lchown(middle, UID, UID)
    else:
        state.rmdir()
        state.write_text("")
    with pytest.raises(HostError):
        check_private(str(state))


def test_files_are_read_with_the_rights_of_their_owner(tree: pathlib.Path) -> None:
    log = tree / "home/logs/onlinefs.log"
    assert read_bounded(str(log), 100) == b"one\ntwo\n"
    assert read_bounded(str(log), 4, tail=True) == b"two\n"
    with pytest.raises(HostError, match="larger than 7 bytes"):
        read_bounded(str(log), 7)
    log.unlink()
    log.symlink_to(tree / "secret")
    with pytest.raises(HostError, match="permission denied"):
        read_bounded(str(log), 100)
    assert read_bounded(str(tree / "secret"), 100) == b"of root"


@pytest.mark.parametrize("kind", ["pipe", "zero", "directory", "missing"])
def test_what_is_no_file_is_refused_at_once(tree: pathlib.Path, kind: str) -> None:
    log = tree / "home/logs/onlinefs.log"
    log.unlink()
    if kind == "pipe":
        os.mkfifo(log)
    elif kind == "zero":
        log.symlink_to("/dev/zero")
    elif kind == "directory":
        log.mkdir()
    began = time.monotonic()
    with pytest.raises(HostError, match="no such file" if kind == "missing" else "not a regular file|permission"):
        read_bounded(str(log), 100, tail=True)
    assert time.monotonic() - began < 5


def test_the_child_has_given_up_root_for_good(tree: pathlib.Path) -> None:
    def identity(_arguments: dict[str, t.Any], _content: bytes) -> Answer:
        with pytest.raises(PermissionError):
            os.setuid(0)
        with pytest.raises(PermissionError):
            os.setgroups([0])
        return Answer([os.getresuid(), os.getresgid(), os.getgroups(), sorted(os.listdir("/proc/self/fd"))], b"", ())

    child = OwnerProcess(UID, OTHER, {"identity": identity})
    try:
        uids, gids, groups, _open = child.call("identity").value
        assert uids == [UID] * 3 and gids == [OTHER] * 3 and groups == []
    finally:
        child.close()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_is_killed_or_stopped_is_an_error_in_time(
    tree: pathlib.Path, monkeypatch: pytest.MonkeyPatch, blow: signal.Signals
) -> None:
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(owner_process, "_failures", {})
    log = str(tree / "home/logs/onlinefs.log")
    child = process_for(log)
    assert child is not None
    os.kill(child._pid, blow)
    began = time.monotonic()
    with pytest.raises(HostError, match="did not answer"):
        read_bounded(log, 100)
    assert time.monotonic() - began < 5 and not child.alive
    # The next question is asked of another child.
    assert read_bounded(log, 100) == b"one\ntwo\n"


def test_a_user_who_stops_every_child_holds_up_a_run_for_a_bounded_time(
    tree: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(owner_process, "_failures", {})
    log = str(tree / "home/logs/onlinefs.log")
    began = time.monotonic()
    for _time in range(50):
        with pytest.raises(HostError, match="did not answer"):
            child = process_for(log)
            assert child is not None
            os.kill(child._pid, signal.SIGSTOP)
            read_bounded(log, 100)
    assert time.monotonic() - began < 10


def test_a_user_who_lets_each_child_answer_just_in_time_holds_up_a_run_for_a_bounded_time(
    tree: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_process, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(owner_process, "_MAX_SECONDS", 1.0)
    for name in ("_failures", "_waited", "_processes"):
        monkeypatch.setattr(owner_process, name, {})

    def go_on(pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    log = str(tree / "home/logs/onlinefs.log")
    began, answered = time.monotonic(), 0
    with pytest.raises(HostError, match="did not answer"):
        for _time in range(50):
            child = process_for(log)
            assert child is not None
            os.kill(child._pid, signal.SIGSTOP)
            threading.Timer(0.2, go_on, (child._pid,)).start()
            read_bounded(log, 100)
            answered += 1
    assert 1 <= answered <= 5 and time.monotonic() - began < 5


def test_the_child_keeps_open_nothing_of_the_parents(tree: pathlib.Path) -> None:
    """A child that is stopped would keep a lock of its parent's for ever."""
    with open(tree / "secret") as held:
        process = OwnerProcess(UID, UID, HANDLERS)
        process.call("read_file", path=str(tree / "home/logs/onlinefs.log"), limit=100, tail=False)
        descriptors = pathlib.Path(f"/proc/{process._pid}/fd")
        opened = [os.readlink(path) for path in descriptors.iterdir()]
        process.close()
        assert not held.closed
    assert sorted({path.partition(":")[0] for path in opened}) == ["/dev/null", "socket"], opened
    assert sum(path.startswith("socket:") for path in opened) == 1
