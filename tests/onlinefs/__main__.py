# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for OnlineFS: python -m tests.onlinefs start|stop|restart|status|run --home DIR [--java LAUNCHER]

It reads `etc/onlinefs-site.xml` and the properties file that it names, joins the consumer group, consumes the topics,
and answers on the metrics port with counts. It logs to `logs/onlinefs.log` alone, and like the real service it keeps
its metrics up when Kafka refuses it. Paths in the files are as the real container sees them: /onlinefs is the home.
It needs no Java, and is made for demonstrations. For proof there is the Java consumer beside it, which this starts and
stops too: LAUNCHER is the file `onlinefs` of what tests.onlinefs.java builds. It sees its home at the home's own path.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
from tests.conftest import link_collection  # noqa: E402

sys.path.insert(0, str(link_collection()))

CONTAINER_HOME = "/onlinefs"
WAIT_SECONDS = 15.0


class Settings(t.NamedTuple):
    """What `onlinefs-site.xml` says."""

    properties: pathlib.Path
    topics: list[str]
    port: int


def main() -> int:
    """Run one command; the exit status is 0 where it did its work, or for `status` where the service runs."""
    parser = argparse.ArgumentParser(prog="python -m tests.onlinefs", description="A stand-in for OnlineFS.")
    parser.add_argument("command", choices=["start", "stop", "restart", "status", "run"])
    parser.add_argument("--home", type=pathlib.Path, required=True)
    parser.add_argument("--java", type=pathlib.Path, metavar="LAUNCHER")
    given = parser.parse_args()
    home = given.home.resolve()
    if given.command == "run":
        run(home)
        return 0
    if given.command == "status":
        pid = running(home)
        print(f"running, pid {pid}" if pid else "not running")
        return 0 if pid else 3
    if given.command in ("stop", "restart"):
        stop(home)
    if given.command in ("start", "restart"):
        own = [sys.executable, str(pathlib.Path(__file__).resolve()), "run", "--home", str(home)]
        start(home, [str(given.java), str(home)] if given.java else own)
    return 0


def read_settings(home: pathlib.Path) -> Settings:
    """The settings, from the home's own files."""
    import xml.etree.ElementTree

    root = xml.etree.ElementTree.parse(home / "etc/onlinefs-site.xml").getroot()

    def value(path: str, default: str) -> str:
        return (root.findtext(path) or default).strip()

    names = [name.strip() for name in value("kafkaConsumer/topicList", "").split(",") if name.strip()]
    # librdkafka takes a name that begins with ^ for a pattern.
    topics = names or ["^" + value("kafkaConsumer/topicPattern", ".*_onlinefs")]
    properties = home / "etc" / value("kafka/propertiesFile", "onlinefs-kafka.properties")
    return Settings(properties, topics, int(value("metrics/port", "12800")))


def start(home: pathlib.Path, command: list[str]) -> None:
    """Start the service in the background and wait until its metrics answer."""
    if running(home):
        return
    import urllib.request

    port = read_settings(home).port
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={**os.environ, "ONLINEFS_HOME": str(home)},
    )
    pid_file(home).write_text(str(process.pid))
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"it ended with status {process.returncode}; see {home}/logs/onlinefs.log")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2).close()
            return
        time.sleep(0.05)
    raise SystemExit(f"its metrics did not answer within {WAIT_SECONDS:.0f} s")


def stop(home: pathlib.Path) -> None:
    """End the service; kill it where it does not end by itself."""
    pid = running(home)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + WAIT_SECONDS
        while running(home) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    pid_file(home).unlink(missing_ok=True)


def running(home: pathlib.Path) -> int | None:
    """The process id of the service of this home, if it runs."""
    try:
        pid = int(pid_file(home).read_text())
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return pid if str(home) in command and state != "Z" else None


def pid_file(home: pathlib.Path) -> pathlib.Path:
    """Where the process id is kept."""
    return home / "onlinefs.pid"


def run(home: pathlib.Path) -> None:
    """The service itself."""
    # Imported late, like others here: a process that only asks for the status need not wait for them.
    import logging

    from tests.onlinefs.consumer import Consumer
    from tests.onlinefs.metrics import serve

    (home / "logs").mkdir(exist_ok=True)
    logging.basicConfig(
        filename=home / "logs/onlinefs.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        settings = read_settings(home)
        consumer = Consumer(settings.properties, settings.topics, home, CONTAINER_HOME)
        server = serve(settings.port, consumer)
    except Exception:
        logging.exception("cannot start")
        raise
    consumer.consume_until(stopped)
    server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
