# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens around the server while a run goes on: a restart, a lost name, a proxy, a revoked key."""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import threading
import time
import typing as t

import pytest

from tests.emulator.fixtures import Emulator, emulator_in_thread, running_emulator
from tests.integration.faults import bed

SECONDS = 20.0


def wait_until(what: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.002)


def created(emulator: Emulator) -> int:
    return emulator.requests().get("POST /project/{pid}/featurestores/{fsid}/storageconnectors", 0)


def test_the_server_restarts() -> None:
    with running_emulator(projects=40, tls=True, latency_ms=5, state=True) as emulator:
        wanted = bed.options(emulator, timeout=20)
        before = bed.stored(emulator)
        process = bed.start(wanted)
        wait_until(lambda: created(emulator) >= 5)
        emulator.kill()
        time.sleep(0.3)
        emulator.restart()
        result = bed.finish(process)
        assert not result.failed, result["msg"]
        bed.check_report(result, before, bed.stored(emulator))
        bed.check_heals(emulator, wanted)


def test_the_server_stays_away() -> None:
    """It is told soon, not after the time of ten thousand projects; what was written before is in the report."""
    with running_emulator(projects=60, tls=True, latency_ms=5, state=True) as emulator:
        wanted = bed.options(emulator)
        before = bed.stored(emulator)
        process = bed.start(wanted)
        wait_until(lambda: created(emulator) >= 5)
        emulator.kill()
        killed = time.monotonic()
        result = bed.finish(process)
        assert time.monotonic() - killed < 12
        reasons = set(result.failed.values())
        assert "not_attempted" in reasons and reasons <= {"not_attempted", "unreachable", "cut_off"}, reasons
        emulator.restart()
        bed.check_report(result, before, bed.stored(emulator))
        bed.check_heals(emulator, wanted)


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
def test_the_name_is_lost_at_times(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Connections end often here, so that the name is asked for often."""
    real, drawn, lock = socket.getaddrinfo, random.Random(1), threading.Lock()

    def flapping(host: t.Any, *more: t.Any, **named: t.Any) -> t.Any:
        with lock:
            lost = host == "localhost" and drawn.random() < share
        if lost:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *more, **named)

    with emulator_in_thread(projects=8, tls=True) as emulator:
        wanted = bed.options(emulator, host="localhost", timeout=8)
        emulator.set_faults([{"match": {"share": 0.3, "method": "GET"}, "fault": "reset_before_commit"}])
        before = bed.stored(emulator)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", flapping)
            result = bed.run(wanted)
        after = bed.stored(emulator)
        if share == 1:
            assert result["error"]["reason"] == "unknown_host"
            assert after == before
        else:
            assert not result.failed, result["msg"]
            bed.check_report(result, before, after)
        bed.check_posts(emulator)
        bed.check_heals(emulator, wanted)


@contextlib.contextmanager
def proxy(refuses: t.Callable[[int], bool]) -> t.Iterator[str]:
    """A proxy for HTTPS that wants a login on the connections that ``refuses`` names by number; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    count = 0
    lock = threading.Lock()

    def serve(client: socket.socket) -> None:
        nonlocal count
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096) or b"\r\n\r\n"
            with lock:
                count += 1
                refused = refuses(count)
            if refused:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            host, _unused, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as server, selectors.DefaultSelector() as ready:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                while True:
                    for key, _events in ready.select():
                        data = t.cast(socket.socket, key.fileobj).recv(65536)
                        if not data:
                            return
                        key.data.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("refused", [1, 3, 4, None])
def test_a_proxy_wants_a_login(monkeypatch: pytest.MonkeyPatch, refused: int | None) -> None:
    """For the list of projects, for one or another project, and for all of them."""
    with emulator_in_thread(projects=8, tls=True) as emulator:
        wanted = bed.options(emulator)
        before = bed.stored(emulator)
        refuses = (lambda number: number > 1) if refused is None else (lambda number: number == refused)
        with proxy(refuses) as url, monkeypatch.context() as patch:
            patch.setenv("HTTPS_PROXY", url)
            result = bed.run(wanted)
        after = bed.stored(emulator)
        if refused == 1:
            assert result["error"]["reason"] == "proxy" and "407" in result["msg"]
            assert after == before
        else:
            assert list(result.failed.values()) == ["proxy"] * (8 if refused is None else 1), result["msg"]
            bed.check_report(result, before, after)
            bed.check_converged(after, wanted, set(before) - set(result.failed))
        bed.check_heals(emulator, wanted)


@contextlib.contextmanager
def meanwhile(emulator: Emulator, after: int, act: t.Callable[[], None]) -> t.Iterator[None]:
    """Acts as soon as so many connectors are created."""

    def wait() -> None:
        wait_until(lambda: created(emulator) >= after)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_the_key_is_revoked() -> None:
    with emulator_in_thread(projects=40, tls=True, latency_ms=5) as emulator:
        wanted = bed.options(emulator)
        before = bed.stored(emulator)
        with meanwhile(emulator, 5, lambda: emulator.remove_key(emulator.api_key)):
            result = bed.run(wanted)
        after = bed.stored(emulator)
        bed.check_report(result, before, after)
        assert result["counts"]["created"] >= 4
        assert set(result.failed.values()) == {"bad_api_key", "not_attempted"}
        # Nobody hammers a server with a key that it does not take.
        assert list(result.failed.values()).count("bad_api_key") <= wanted["workers"]
        emulator.add_key(emulator.api_key, user="admin", admin=True)
        bed.check_heals(emulator, wanted)


def test_a_project_is_deleted() -> None:
    with emulator_in_thread(projects=30, tls=True, latency_ms=5) as emulator:
        wanted = bed.options(emulator)
        before = bed.stored(emulator)
        with meanwhile(emulator, 3, lambda: emulator.control("DELETE", "projects", {"name": "project_30"})):
            result = bed.run(wanted)
        assert result.failed == {"project_30": "project_not_found"}, result["msg"]
        after = bed.stored(emulator)
        bed.check_converged(after, wanted, after)
        assert set(after) == set(before) - {"project_30"}
        bed.check_heals(emulator, wanted)


def test_an_answer_that_never_ends() -> None:
    """Slow beyond the time that is given for it."""
    with emulator_in_thread(projects=3, tls=True) as emulator:
        wanted = bed.options(emulator, timeout=1)
        before = bed.stored(emulator)
        emulator.set_faults(
            [
                {
                    "match": {"project": "project_1", "method": "POST"},
                    "fault": {"kind": "slow_first_byte", "seconds": 4},
                },
                {"match": {"project": "project_2", "method": "GET"}, "fault": {"kind": "slow_body", "seconds": 15}},
            ]
        )
        started = time.monotonic()
        result = bed.run(wanted)
        assert time.monotonic() - started < 12
        bed.check_report(result, before, bed.stored(emulator))
        bed.check_posts(emulator)
        assert result.failed["project_2"] == "timeout"
        assert "project_3" not in result.failed
        bed.check_heals(emulator, wanted)
