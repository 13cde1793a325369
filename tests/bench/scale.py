"""Projects by the thousand: time beside what the network alone would take, time and memory of ten times as many.

The floor of a run is a playbook that does nothing, plus requests / workers times the server's latency. It is measured
just before and after each run, for the machine may do other things besides. All runs are whole ``ansible-playbook``
processes over TLS, but for the script with the ``hopsworks`` client.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import textwrap
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.arguments import DEFAULT_WORKERS

from tests.bench.measure import require
from tests.bench.projects import BULK, LATENCY_MS, LOOP, NOTHING, Run, emulator_path, play
from tests.conftest import ROOT
from tests.emulator.fixtures import Emulator, running_emulator

FEW, MANY, TEN_TIMES = 100, 1000, 10000

#: A user's script: the connector of each project, by the ``hopsworks`` client.
SCRIPT = """
import hopsworks, sys, time
host, port, key, ca, folder, names = *sys.argv[1:6], sys.argv[6].split(",")
started = time.monotonic()
for name in names:
    project = hopsworks.login(host=host, port=int(port), project=name, api_key_value=key, hostname_verification=True,
                              trust_store_path=ca, cert_folder=folder + "/certs", engine="python")
    project.get_feature_store().get_storage_connector("kafka_connector")
    hopsworks.logout()
print(f"seconds={time.monotonic() - started}")
"""


class Timed(t.NamedTuple):
    run: Run
    nothing: float

    @property
    def floor(self) -> float:
        return self.nothing + self.run.count / DEFAULT_WORKERS * LATENCY_MS / 1000

    @property
    def times(self) -> float:
        return self.run.seconds / self.floor

    def line(self, name: str) -> str:
        return (
            f"  {name:<26} {self.run.seconds:7.1f} s   {self.run.count:6} requests   "
            f"floor {self.floor:6.1f} s   x {self.times:.2f}"
        )


def timed(emulator: Emulator) -> Timed:
    before = play(emulator, NOTHING).seconds
    run = play(emulator, BULK, workers=DEFAULT_WORKERS)
    return Timed(run, (before + play(emulator, NOTHING).seconds) / 2)


def client_seconds(emulator: Emulator, projects: int = 10) -> float | None:
    """Seconds for each project of a script that reads the connector with the client; None where it is not installed."""
    environments = sorted(ROOT.glob(".venv-client-5.2*/bin/python"))
    if not environments:
        return None
    names = ",".join(f"project_{number}" for number in range(1, projects + 1))
    with tempfile.TemporaryDirectory() as folder:
        server = ["127.0.0.1", str(emulator.port), emulator.api_key, str(emulator.ca_path), folder, names]
        done = subprocess.run(
            [environments[-1], "-c", textwrap.dedent(SCRIPT), *server],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "HOME": folder, "HOPSWORKS_DISABLE_USAGE": "1"},
            timeout=300,
        )
    if done.returncode:
        raise SystemExit(f"the client's script failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.rsplit("seconds=", 1)[1]) / projects


def by_the_thousand() -> None:
    """Prints seconds, requests and ratios for 1,000 and 10,000 projects."""
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"server latency {LATENCY_MS} ms, {DEFAULT_WORKERS} workers, {load}")
    with running_emulator(projects=FEW, tls=True, latency_ms=LATENCY_MS) as emulator:
        play(emulator, BULK)
        paths = [emulator_path(project) for project in emulator.state()["projects"].values()]
        loop = play(emulator, LOOP, paths=paths, bootstrap="other.example.com:9092").seconds * MANY / FEW
        client = client_seconds(emulator)
    thousand = both(MANY)
    ten_thousand = both(TEN_TIMES, memory=True)
    slowest = max(run.run.seconds for run in thousand)
    print(f"  uri loop, scaled from {FEW} to {MANY}: {loop:.0f} s, ratio {loop / slowest:.0f}")
    if client is None:
        print("  hopsworks client in a loop: not measured, there is no .venv-client-5.2.*")
    else:
        scaled = client * MANY
        print(f"  hopsworks client in a loop (only reads), scaled: {scaled:.0f} s, ratio {scaled / slowest:.0f}")
    require("ratio to the uri loop at least 150", loop / slowest >= 150)
    for name, few, many in zip(("first", "second"), thousand, ten_thousand, strict=True):
        require(f"{name} run of {MANY}: at most 1.3 times the floor", few.times <= 1.3)
        growth = many.run.seconds / few.run.seconds
        require(f"{name} run of {TEN_TIMES}: at most 10.5 times that of {MANY} ({growth:.1f})", growth <= 10.5)


def both(projects: int, memory: bool = False) -> tuple[Timed, Timed]:
    with running_emulator(projects=projects, tls=True, latency_ms=LATENCY_MS) as emulator:
        started = time.monotonic()
        first, second = timed(emulator), timed(emulator)
        print(f"{projects} projects ({time.monotonic() - started:.0f} s in all)")
        print(first.line("first run"))
        print(second.line("second run"))
        require("the second run writes nothing", second.run.writes == 0 and second.run.changed == 0)
        require("the second run makes 2 requests for each project plus 5", second.run.count <= 2 * projects + 5)
        if memory:
            # A run that finds everything to do, and shows it, has the most to tell.
            peak = play(emulator, BULK, "--diff", workers=DEFAULT_WORKERS, bootstrap="third.example.com:9092").megabytes
            require(f"no process holds 200 MB ({peak:.0f})", peak < 200)
    return first, second
