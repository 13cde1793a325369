"""Projects: this collection beside a loop of ``ansible.builtin.uri``, on the same server with 20 ms latency.

The loop does what a user would write without a module: GET and PUT each project's connector. It is given the ids of
projects and feature stores for nothing. Both sides are whole ``ansible-playbook`` processes over TLS.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import time
import typing as t

from tests.emulator.fixtures import Emulator, running_emulator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LATENCY_MS = 20

CONNECTION = """
        host: 127.0.0.1
        port: "{{ server_port }}"
        api_key: "{{ key }}"
        ca_path: "{{ ca }}"
"""

BULK = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - hopsworks.kafka.kafka_connector:{CONNECTION}
        workers: "{{{{ workers }}}}"
        properties:
          bootstrap.servers: "{{{{ bootstrap }}}}"
          security.protocol: PLAINTEXT
"""

LOOP = """
- hosts: localhost
  gather_facts: false
  vars:
    common: &common
      ca_path: "{{ ca }}"
      headers: {Authorization: "ApiKey {{ key }}"}
  tasks:
    - ansible.builtin.uri:
        <<: *common
        url: "https://127.0.0.1:{{ server_port }}/hopsworks-api/api{{ item }}/kafka_connector"
      loop: "{{ paths }}"
    - ansible.builtin.uri:
        <<: *common
        url: "https://127.0.0.1:{{ server_port }}/hopsworks-api/api{{ item }}/kafka_connector"
        method: PUT
        body_format: json
        body:
          type: featureStoreKafkaConnectorDTO
          storageConnectorType: KAFKA
          name: kafka_connector
          bootstrapServers: "{{ bootstrap }}"
          securityProtocol: PLAINTEXT
          sslEndpointIdentificationAlgorithm: ""
          options: []
      loop: "{{ paths }}"
"""

NOTHING = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.meta: noop
"""


class Run(t.NamedTuple):
    seconds: float
    requests: dict[str, int]
    changed: int

    @property
    def count(self) -> int:
        return sum(self.requests.values())

    @property
    def writes(self) -> int:
        return sum(n for route, n in self.requests.items() if not route.startswith("GET "))


def play(emulator: Emulator, text: str, **variables: t.Any) -> Run:
    """One ansible-playbook process, timed, with the requests that it made."""
    with tempfile.TemporaryDirectory() as folder:
        playbook = pathlib.Path(folder, "play.yml")
        playbook.write_text("---" + text)
        given = {
            "server_port": emulator.port,
            "key": emulator.api_key,
            "ca": str(emulator.ca_path),
            "workers": 16,
            "bootstrap": "kafka.example.com:9092",
            **variables,
        }
        extra = pathlib.Path(folder, "extra.json")
        extra.write_text(json.dumps(given))
        emulator.reset_requests()
        started = time.monotonic()
        result = subprocess.run(
            ["ansible-playbook", str(playbook), "-e", f"@{extra}"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
        )
        seconds = time.monotonic() - started
    if result.returncode:
        raise SystemExit(f"the benchmark's playbook failed:\n{result.stdout[-3000:]}\n{result.stderr[-2000:]}")
    changed = sum(int(word[8:]) for word in result.stdout.split() if word.startswith("changed="))
    return Run(seconds, emulator.requests(), changed)


def beside_uri(projects: int = 100) -> float:
    """Prints seconds and requests of both sides; returns the ratio, loop ÷ first run."""
    with running_emulator(projects=projects, tls=True, latency_ms=LATENCY_MS) as emulator:
        first = play(emulator, BULK)
        second = play(emulator, BULK)
        paths = [emulator_path(project) for project in emulator.state()["projects"].values()]
        loop = play(emulator, LOOP, paths=paths, bootstrap="other.example.com:9092")
    print(f"{projects} projects, server latency {LATENCY_MS} ms")
    print(f"  uri loop (GET+PUT)   {loop.seconds:7.1f} s  {loop.count} requests")
    print(f"  kafka_connector, 1st {first.seconds:7.1f} s  {first.count} requests, {first.writes} writes")
    print(f"  kafka_connector, 2nd {second.seconds:7.1f} s  {second.count} requests, {second.writes} writes")
    worst = loop.seconds / max(first.seconds, second.seconds)
    print(f"  ratio: {loop.seconds / first.seconds:.0f} (1st), {loop.seconds / second.seconds:.0f} (2nd)")
    require("ratio to the uri loop at least 60", worst >= 60)
    require("the second run writes nothing", second.writes == 0 and second.changed == 0)
    require("the second run makes at most 2 requests per project plus 5", second.count <= 2 * projects + 5)
    return worst


def emulator_path(project: dict[str, t.Any]) -> str:
    return f"/project/{project['id']}/featurestores/{project['featurestoreId']}/storageconnectors"


def require(what: str, met: bool) -> None:
    print(f"  {'met   ' if met else 'MISSED'} {what}")
    if not met:
        MISSED.append(what)


MISSED: list[str] = []
