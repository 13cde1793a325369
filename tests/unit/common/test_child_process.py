# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A function in a child process: what it sends arrives, and how it ends is told, whatever it does."""

from __future__ import annotations

import atexit
import os
import pathlib
import signal
import sys
import threading
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import child_process, ended_child
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.child_process import ChildExit, Send


def run(work: t.Callable[[Send], None], seconds: float = 10, **more: t.Any) -> tuple[list[t.Any], ChildExit]:
    got: list[t.Any] = []
    end = time.monotonic() + seconds
    return got, child_process.run_in_child(work, got.append, lambda: end - time.monotonic(), **more)


def test_messages_of_all_threads_arrive_whole() -> None:
    def work(send: Send) -> None:
        threads = [
            threading.Thread(target=lambda part=part: [send({"part": part, "text": "x" * 20_000}) for _i in range(20)])
            for part in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    got, ended = run(work)
    assert ended == ChildExit()
    assert sorted(message["part"] for message in got) == sorted(list(range(8)) * 20)
    assert {message["text"] for message in got} == {"x" * 20_000}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_is_named_and_what_came_before_is_kept(number: signal.Signals) -> None:
    def work(send: Send) -> None:
        send({"found": 1})
        os.kill(os.getpid(), number)
        time.sleep(10)

    assert run(work) == ([{"found": 1}], ChildExit(signal=number.name))


def test_an_exception_is_told_by_type_and_place_alone() -> None:
    def work(_send: Send) -> None:
        raise RuntimeError("pw-Secret")

    got, ended = run(work)
    assert got == []
    assert ended.defect.startswith("RuntimeError at ")
    assert "pw-Secret" not in repr(ended)


def test_a_child_that_hangs_is_ended_with_its_threads() -> None:
    def work(send: Send) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        send({"pid": os.getpid()})
        time.sleep(60)

    began = time.monotonic()
    got, ended = run(work, seconds=3)
    assert ended.overdue and time.monotonic() - began < 20
    assert not pathlib.Path(f"/proc/{got[0]['pid']}").exists()


def test_nobody_waits_for_a_child_that_cannot_be_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that waits for a file system of its user."""

    def work(send: Send) -> None:
        send({"pid": os.getpid()})
        time.sleep(60)

    with monkeypatch.context() as patched:
        patched.setattr(ended_child, "_REAP_SECONDS", 0.2)
        patched.setattr(os, "kill", lambda _pid, _number: None)
        began = time.monotonic()
        got, ended = run(work, seconds=2)
        assert ended.overdue and time.monotonic() - began < 20
    os.kill(got[0]["pid"], signal.SIGKILL)
    os.waitpid(got[0]["pid"], 0)


def test_a_child_that_takes_too_much_is_ended() -> None:
    def hoard(_send: Send) -> None:
        kept = [b"x" * 1024 * 1024 for _number in range(300)]
        time.sleep(30 + len(kept))

    def chatter(send: Send) -> None:
        while True:
            send({"text": "x" * 1000})

    began = time.monotonic()
    assert run(hoard, max_megabytes=50)[1].too_large
    got, ended = run(chatter, max_bytes=100_000)
    assert ended.too_large and len(got) < 200
    assert run(lambda send: send({"text": "x" * 2 * child_process.MAX_MESSAGE_BYTES}))[1].too_large
    assert time.monotonic() - began < 10


def test_nothing_of_the_parent_runs_or_is_written_in_the_child(
    capfd: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    atexit.register((tmp_path / "exit").touch)
    sys.stdout.write("in the buffer")

    def work(_send: Send) -> None:
        os.write(1, b"from the child")
        os.write(2, b"from the child")
        sys.exit(3)

    run(work)
    sys.stdout.flush()
    assert capfd.readouterr() == ("in the buffer", "")
    assert not (tmp_path / "exit").exists()


def test_what_the_parent_raises_ends_the_child() -> None:
    pids = []

    def work(send: Send) -> None:
        send({"pid": os.getpid()})
        time.sleep(60)

    def receive(message: dict[str, t.Any]) -> None:
        pids.append(message["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        child_process.run_in_child(work, receive, lambda: 10)
    assert not pathlib.Path(f"/proc/{pids[0]}").exists()
