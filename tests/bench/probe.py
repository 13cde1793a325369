"""The probe beside what people use today, on the same real broker: whole processes, both sides in one run.

One connection: Kafka's own BrokerApiVersionsCommand, and the smallest script that lists topics with confluent_kafka.
100 credentials: `kcat -L`, once for each. The sides alternate, so that a busy machine is busy for all.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
import typing as t

from tests.bench.measure import Process, process, require
from tests.kafka.cluster import Description
from tests.kafka.fixtures import running_kafka
from tests.kafka.jars import classpath, java
from tests.probe.support import MODULE, ROOT, Options, declared

ROUNDS = 9
CREDENTIALS = 100
#: The last release whose server jar has the command; those of 4.x have it in kafka-tools.
TOOLS = "3.9.1"

SMALLEST = """
import sys
from confluent_kafka.admin import AdminClient
print(AdminClient({"bootstrap.servers": sys.argv[1]}).list_topics(timeout=10).topics)
"""
PROBE = """
import sys
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe
report = probe.probe(declaration.declare({"bootstrap.servers": sys.argv[1]}))
print(report.table())
sys.exit(not report.ok)
"""


def beside_kafka_tools() -> None:
    """Prints seconds and ratios."""
    with tempfile.TemporaryDirectory() as compiled, running_kafka(projects=CREDENTIALS) as kafka:
        # Compiled once and kept, as pip does with what it installs.
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / ".build" / "collections"),
            "PYTHONPYCACHEPREFIX": compiled,
            "PYTHONDONTWRITEBYTECODE": "",
        }
        one_connection(kafka, environment)
        many_credentials(kafka, environment)


def one_connection(kafka: Description, environment: t.Mapping[str, str]) -> None:
    server = kafka["listeners"]["plaintext"]["bootstrap"]
    options = json.dumps({"ANSIBLE_MODULE_ARGS": declared(kafka, "plaintext")})
    command = "kafka.admin.BrokerApiVersionsCommand"
    sides: dict[str, t.Callable[[], Process]] = {
        "BrokerApiVersionsCommand": lambda: process(
            [java(), "-cp", classpath(TOOLS), command, "--bootstrap-server", server]
        ),
        "smallest script": lambda: process([sys.executable, "-c", SMALLEST, server], environment=environment),
        "probe": lambda: process([sys.executable, "-c", PROBE, server], environment=environment),
        "probe, as module": lambda: process([sys.executable, str(MODULE)], options, environment),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, side in sides.items():
            run = side()
            if number:  # the first one warms up files and compiled code
                seconds[name].append(run.seconds)
    print(f"one connection, PLAINTEXT, median of {ROUNDS}")
    median = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in median.items():
        print(f"  {name:<26} {value:7.3f} s")
    against_java = median["BrokerApiVersionsCommand"] / median["probe, as module"]
    against_script = median["probe"] / median["smallest script"]
    print(f"  ratios: {against_java:.1f} times faster than Java's, {against_script:.2f} times the smallest script")
    require("at least 3 times faster than BrokerApiVersionsCommand", against_java >= 3)
    require("at most 1.5 times the smallest script", against_script <= 1.5)


def many_credentials(kafka: Description, environment: t.Mapping[str, str]) -> None:
    listener = kafka["listeners"]["sasl_plaintext"]["bootstrap"]

    def kcat() -> float:
        began = time.perf_counter()
        for number in range(1, CREDENTIALS + 1):
            user = f"project_{number}"
            secret = kafka["users"][user]["password"]
            login = {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanisms": "PLAIN",
                "sasl.username": user,
                "sasl.password": secret,
            }
            settings = [part for name, value in login.items() for part in ("-X", f"{name}={value}")]
            process(["kcat", "-L", "-b", listener, *settings])
        return time.perf_counter() - began

    def ours(count: int) -> Process:
        given = json.dumps({"ANSIBLE_MODULE_ARGS": many(kafka, count)})
        return process([sys.executable, str(MODULE)], given, environment)

    ours(1)
    pairs = [(kcat(), ours(CREDENTIALS).seconds) for _number in range(3)]
    theirs, own = (statistics.median(side) for side in zip(*pairs, strict=True))
    thousand = ours(1000)
    print(f"{CREDENTIALS} credentials, SASL_PLAINTEXT and PLAIN, median of {len(pairs)}")
    print(f"  kcat -L, {CREDENTIALS} times         {theirs:7.2f} s")
    print(f"  kafka_probe, one task      {own:7.2f} s  (with rights, topic and group of each)")
    print(f"  ratio: {own / theirs:.2f}")
    print(f"1000 credentials in one task: {thousand.seconds:.1f} s, {thousand.megabytes:.0f} MB")
    require("100 credentials no slower than kcat -L 100 times", own <= theirs)
    require("1000 credentials in less than 200 MB", thousand.megabytes < 200)


def many(kafka: Description, count: int) -> Options:
    """One task with ``count`` credentials, each with its own topic and group."""
    probes = []
    for number in range(count):
        user = f"project_{number % CREDENTIALS + 1}"
        own = declared(kafka, "sasl_plaintext", "PLAIN", user=user)["properties"]["sasl.jaas.config"]
        probes.append(
            {
                "name": f"{user}_{number}",
                "properties": {"sasl.jaas.config": own},
                "topics": [f"{user}_onlinefs"],
                "groups": [user],
            }
        )
    return {**declared(kafka, "sasl_plaintext", "PLAIN", user="project_1"), "probes": probes, "timeout": 60}
