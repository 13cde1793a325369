# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run on a host imports where there is nothing to change.

Ansible sends source files, and a host compiles each that is imported, in every run: half of the time of such a run.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.conftest import link_collection
from tests.unit.kafka import pki
from tests.unit.onlinefs.support import Home

#: Does what the module does once it has its options, and tells what was imported for it.
MAIN = """
import json, sys
before = {*sys.modules}
from ansible_collections.hopsworks.kafka.plugins.modules import onlinefs_config
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import config_task
result = config_task.run(json.load(sys.stdin), True, False, set())
assert result["changes"] == [], result["changes"]
ours = [name.split("module_utils.")[1] for name in sys.modules if "hopsworks.kafka.plugins.module_utils." in name]
print(json.dumps([name for name in ours if "." in name]))
print(json.dumps([*{name.partition(".")[0] for name in {*sys.modules} - before}]))
"""
#: In thousand bytes.
Imported = tuple[set[str], float, set[str]]
TLS = {"bootstrap.servers": "kafka.example.org:9093", "security.protocol": "SSL"}


def imported(home: Home, group: bool = False, **given: t.Any) -> Imported:
    """The files that a converged run imports, their size, and the other modules.

    :param group: with the check of the consumer group.
    """
    home.run(**given)
    options = home.params(**given, service_manager="none", health_check="changed", verify_consumer_group=group)
    environment = {**os.environ, "PYTHONPATH": str(link_collection())}
    done = subprocess.run(
        [sys.executable, "-c", MAIN],
        input=json.dumps(options),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    ours, others = (set(json.loads(line)) for line in done.stdout.splitlines())
    folder = link_collection() / "ansible_collections/hopsworks/kafka/plugins/module_utils"
    size = sum((folder / f"{name.replace('.', '/')}.py").stat().st_size for name in ours) / 1000
    return ours, size, others


def rooms(files: set[str], *names: str) -> set[str]:
    return {file for file in files if file.partition(".")[0] in names}


def test_without_stores_and_group(home: Home) -> None:
    files, size, others = imported(home)
    assert rooms(files, "_brokers", "_probe", "_hopsworks", "_connectors", "_report") == set()
    assert rooms(files, "_keystores") == {"_keystores.store_types"}
    assert not others & {"ssl", "asyncio", "http", "xmlrpc", "concurrent", "requests", "confluent_kafka"}
    assert len(files) <= 54
    assert size <= 365


def test_with_stores_and_group(home: Home, tmp_path: pathlib.Path) -> None:
    """What most hosts have. The probe, and librdkafka's names, are for a host that is about to change."""
    store = {"content": pki.authority().pem, "type": "PEM"}
    files, size, others = imported(home, properties=TLS, truststore=store, group=True)
    assert rooms(files, "_probe") == {"_probe.tls_handshake"}
    assert rooms(files, "_hopsworks", "_connectors", "_report") == set()
    assert {file for file in files if "librdkafka" in file} == set()
    assert not others & {"asyncio", "http", "xmlrpc", "concurrent", "requests", "confluent_kafka", "cryptography"}
    assert len(files) <= 71
    assert size <= 490


@pytest.mark.parametrize("name", ["consumer_lag", "max.in.flight", "statistics.interval.ms"])
def test_a_name_that_is_not_one_of_javas_is_looked_up_in_librdkafkas_too(home: Home, name: str) -> None:
    """The table is read only for such names; without it, they would be secrets."""
    files, _size, _others = imported(home, consumer_properties={name: "1"})
    assert "_kafka.librdkafka_configs" in files
