"""Projects: this collection beside a loop of ``ansible.builtin.uri``, on the same server with 20 ms latency.

The loop does what a user would write without a module: GET and PUT each project's connector. It is given the ids of
projects and feature stores for nothing. Both sides are whole ``ansible-playbook`` processes over TLS.
"""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.arguments import DEFAULT_WORKERS

from tests.bench.measure import process, require
from tests.emulator.fixtures import Emulator, running_emulator

LATENCY_MS = 20
ROUNDS = 3

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
    """:param megabytes: the most memory that any process of the run held."""

    seconds: float
    requests: dict[str, int]
    changed: int
    megabytes: float

    @property
    def count(self) -> int:
        return sum(self.requests.values())

    @property
    def writes(self) -> int:
        return sum(n for route, n in self.requests.items() if not route.startswith("GET "))


def play(emulator: Emulator, text: str, *arguments: str, **variables: t.Any) -> Run:
    """One ansible-playbook process, timed, with the requests that it made."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "play.yml").write_text("---" + text)
        given = {
            "server_port": emulator.port,
            "key": emulator.api_key,
            "ca": str(emulator.ca_path),
            "workers": DEFAULT_WORKERS,
            "bootstrap": "kafka.example.com:9092",
            **variables,
        }
        (folder / "extra.json").write_text(json.dumps(given))
        emulator.reset_requests()
        done = process(
            ["ansible-playbook", "play.yml", "-e", "@extra.json", *arguments],
            environment={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
            folder=folder,
        )
    changed = sum(int(word[8:]) for word in done.output.split() if word.startswith("changed="))
    return Run(done.seconds, emulator.requests(), changed, done.megabytes)


def beside_uri(projects: int = 100) -> float:
    """Prints seconds and requests of both sides; returns the ratio, loop ÷ the slower of our two runs."""
    pairs = []
    for _number in range(ROUNDS):
        with running_emulator(projects=projects, tls=True, latency_ms=LATENCY_MS) as emulator:
            pairs.append((play(emulator, BULK), play(emulator, BULK)))
    with running_emulator(projects=projects, tls=True, latency_ms=LATENCY_MS) as emulator:
        play(emulator, BULK)
        paths = [emulator_path(project) for project in emulator.state()["projects"].values()]
        loop = play(emulator, LOOP, paths=paths, bootstrap="other.example.com:9092")
        nothing = play(emulator, NOTHING)
    first, second = (sorted(runs, key=lambda run: run.seconds)[ROUNDS // 2] for runs in zip(*pairs, strict=True))
    print(f"{projects} projects, server latency {LATENCY_MS} ms; ours: the median of {ROUNDS}")
    print(f"  a playbook that does nothing {nothing.seconds:6.2f} s")
    print(f"  uri loop (GET+PUT)           {loop.seconds:6.2f} s  {loop.count} requests")
    print(f"  kafka_connector, first run   {first.seconds:6.2f} s  {first.count} requests, {first.writes} writes")
    print(f"  kafka_connector, second run  {second.seconds:6.2f} s  {second.count} requests, {second.writes} writes")
    worst = loop.seconds / max(first.seconds, second.seconds)
    print(f"  ratio: {loop.seconds / first.seconds:.0f} (first), {loop.seconds / second.seconds:.0f} (second)")
    require("ratio to the uri loop at least 60", worst >= 60)
    require("the second run writes nothing", second.writes == 0 and second.changed == 0)
    require("the second run makes at most 2 requests per project plus 5", second.count <= 2 * projects + 5)
    return worst


def emulator_path(project: dict[str, t.Any]) -> str:
    return f"/project/{project['id']}/featurestores/{project['featurestoreId']}/storageconnectors"
