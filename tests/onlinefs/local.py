# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Java consumer as a process of a test: one host's OnlineFS, without the host."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import typing as t
import urllib.request
from pathlib import Path

from tests.onlinefs import java, managed

GROUP = "onlinefs_rondb"
_SECONDS = 60


class Service:
    """It runs. What it reads of one topic is in `rows`, in the order of reading."""

    def __init__(self, home: Path, topic: str, process: subprocess.Popen[bytes], port: int) -> None:
        self._home = home
        self._topic = topic
        self._process = process
        self._port = port

    def rows(self) -> list[str]:
        """The values that this home's service has read, since the home was made."""
        path = self._home / "logs/records"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split(" ", 4)[4] for line in lines if line.split(" ", 2)[1] == self._topic]

    def metric(self, name: str) -> int:
        """One of its numbers for the group; 0 as long as it tells none."""
        try:
            text = urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5).read().decode()
        except OSError:
            return 0
        mark = f'{name}{{group="{GROUP}"}} '
        return next((int(line[len(mark) :]) for line in text.splitlines() if line.startswith(mark)), 0)

    def log(self) -> str:
        """What it has logged."""
        path = self._home / "logs/onlinefs.log"
        return path.read_text() if path.exists() else ""

    def wait_until(self, true: t.Callable[[], bool], what: str) -> None:
        """Poll `true`; a failure with the log where it does not come true, or the service ends."""
        end = time.monotonic() + _SECONDS
        while not true():
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError(f"{what}: not within {_SECONDS} s\n{self.log()[-3000:]}")
            time.sleep(0.1)


@contextlib.contextmanager
def running(
    home: Path, servers: str, topic: str, saved_offsets: str = "", beyond_the_end: str = "reset"
) -> t.Iterator[Service]:
    """The service for the block, over a home that keeps what earlier ones have read.

    :param saved_offsets: address of the table; empty: offsets are kept in Kafka.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for folder in ("etc", "logs"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    texts = managed.files(servers, port)
    del texts["onlinefs-kafka-vector-db.properties"]
    for name, text in texts.items():
        (home / "etc" / name).write_text(text.replace("<topicList>", f"<topicList>{topic}"))
    environment = {**os.environ, "ONLINEFS_HOME": str(home)}
    environment.update(SAVED_OFFSETS=saved_offsets, BEYOND_THE_END=beyond_the_end)
    with open(home / "logs/output", "ab") as output:
        process = subprocess.Popen(
            [str(java.build() / "onlinefs"), str(home)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Service(home, topic, process, port)
        process.terminate()
        process.wait(_SECONDS)
    finally:
        process.kill()
        process.wait(_SECONDS)
