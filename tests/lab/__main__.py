"""python -m tests.lab up DIR [--projects N] [--hosts N] | down DIR

``up`` starts everything, writes DIR/inventory.yml and DIR/lab.json, and returns. ``down`` stops what is noted there and
removes DIR. Every wait is bounded.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing as t

from tests.onlinefs import managed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
API_KEY = "lab.0123456789abcdef0123456789abcdef"
TOPICS = ["project_1_onlinefs", "project_2_onlinefs"]
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


def start_process(name: str, directory: pathlib.Path, *command: str) -> tuple[int, str]:
    """A background process that says ``ready WORD``; its pid and that word."""
    log = directory / f"{name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("ready "):
                return process.pid, line.split()[1]
        time.sleep(0.02)
    process.kill()
    raise SystemExit(f"{name} did not get ready within {READY_SECONDS:.0f} s; it said:\n{log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return t.cast(int, listener.getsockname()[1])


def make_host(home: pathlib.Path, port: int, kafka: str = "") -> None:
    """The folders and files of an OnlineFS that reads from the Kafka which Hopsworks manages, or from another one."""
    for folder in ("etc", "logs", "bin"):
        (home / folder).mkdir(parents=True)
    files = managed.files(kafka, port) if kafka else managed.files("broker.kafka.service.consul:9091", port, "SSL")
    for name, text in files.items():
        (home / "etc" / name).write_text(text)


def service_command(verb: str, home: pathlib.Path) -> list[str]:
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.onlinefs", verb, "--home", str(home)]


def up(directory: pathlib.Path, projects: int, hosts: int, latency_ms: int = 0, moves: bool = True) -> dict[str, t.Any]:
    """Starts the lab; returns what is written to lab.json.

    :param moves: OnlineFS reads from another Kafka, which does not answer. Else it reads from the declared one already.
    """
    if (directory / "lab.json").exists():
        raise SystemExit(f"{directory} has a lab already; stop it with: python -m tests.lab down {directory}")
    directory.mkdir(parents=True, exist_ok=True)
    lab: dict[str, t.Any] = {"pids": [], "homes": [], "api_key": API_KEY}
    try:
        tls = directory / "tls"
        pid, url = start_process(
            "emulator", directory, "-m", "tests.emulator",
            "--port", "0", "--projects", str(projects), "--tls-dir", str(tls), "--api-key", API_KEY,
            "--latency-ms", str(latency_ms),
        )  # fmt: skip
        lab["pids"].append(pid)
        lab.update(url=url, ca=str(tls / "ca.pem"))
        topics = [word for topic in TOPICS for word in ("--topic", topic)]
        pid, brokers = start_process("brokers", directory, "-m", "tests.lab.brokers", *topics)
        lab["pids"].append(pid)
        lab["bootstrap"] = brokers
        inventory = {"all": {"vars": common_variables(lab), "children": {"onlinefs": {"hosts": {}}}}}
        for number in range(1, hosts + 1):
            home, port = directory / f"onlinefs{number}", free_port()
            make_host(home, port, "" if moves else brokers)
            lab["homes"].append(str(home))
            subprocess.run(service_command("start", home), check=True, timeout=READY_SECONDS, cwd=ROOT)
            inventory["all"]["children"]["onlinefs"]["hosts"][f"onlinefs{number}"] = host_variables(home, port)
        # JSON is YAML, and needs no quoting of ours.
        (directory / "inventory.yml").write_text(json.dumps(inventory, indent=2))
    finally:
        (directory / "lab.json").write_text(json.dumps(lab, indent=2))
    return lab


def common_variables(lab: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "hopsworks_host": "127.0.0.1",
        "hopsworks_port": int(lab["url"].rsplit(":", 1)[1]),
        "hopsworks_api_key": API_KEY,
        "hopsworks_ca_path": lab["ca"],
        "hopsworks_kafka_properties": {"bootstrap.servers": lab["bootstrap"], "security.protocol": "PLAINTEXT"},
        "hopsworks_kafka_topics": TOPICS,
        # There is no broker at the address that the files of the hosts name.
        "hopsworks_kafka_old_cluster": "unreadable",
        # Topics of the mock cluster come into being when something is written to them.
        "hopsworks_kafka_saved_offsets": "accept",
    }


def host_variables(home: pathlib.Path, port: int) -> dict[str, t.Any]:
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "onlinefs_service_version": "3.8",
        "onlinefs_home": str(home),
        "onlinefs_state_dir": str(home / ".kafka_generations"),
        "onlinefs_user": "",
        "onlinefs_group": "",
        "onlinefs_become": False,
        "onlinefs_service_manager": "command",
        "onlinefs_service_commands": {
            "restart": shlex.join(service_command("restart", home)),
            **{verb: shlex.join(service_command(verb, home)) for verb in ("status", "stop", "start")},
        },
        "onlinefs_service_settle": 1,
        # librdkafka's mock cluster does not describe groups; the real brokers of tests/kafka do.
        "onlinefs_verify_consumer_group": False,
        "onlinefs_metrics_url": f"http://127.0.0.1:{port}/metrics",
    }


def down(directory: pathlib.Path) -> None:
    """Stops what lab.json notes and removes the folder. A lab that is not there is no error."""
    note = directory / "lab.json"
    if note.exists():
        lab = json.loads(note.read_text())
        for home in lab["homes"]:
            subprocess.run(service_command("stop", pathlib.Path(home)), check=False, timeout=READY_SECONDS, cwd=ROOT)
        for pid in lab["pids"]:
            end(pid)
    shutil.rmtree(directory, ignore_errors=True)


def end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up")
    start.add_argument("--projects", type=int, default=5)
    start.add_argument("--hosts", type=int, default=3)
    stop = commands.add_parser("down")
    for command in (start, stop):
        command.add_argument("directory", type=pathlib.Path)
    given = parser.parse_args()
    directory = given.directory.resolve()
    if given.command == "down":
        down(directory)
    else:
        up(directory, given.projects, given.hosts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
