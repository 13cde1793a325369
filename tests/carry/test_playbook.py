# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook carry_over: hosts that have moved bring what they have left from one real cluster to another."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.conftest import ROOT, link_collection
from tests.moves.cluster import Cluster
from tests.unit.moves.support import GROUP, MovingHost

from .clusters import Pair, Side, row

SECONDS = 120
#: What may be done with the new Kafka, and by whom: a login that is not OnlineFS's.
LOGIN = "hopsworks_kafka_carry_over_properties"


class Hosts:
    """Two hosts in a folder, which read from the old cluster, and a way to play over them."""

    def __init__(self, folder: pathlib.Path, pair: Pair, topic: str) -> None:
        self.folder, self.pair = folder, pair
        # They do not run: only their addresses are used.
        old, new = (Cluster("", port=int(side.servers.rpartition(":")[2])) for side in (pair.old, pair.new))
        self.hosts = [MovingHost(folder / name, old, new) for name in ("h1", "h2")]
        for host in self.hosts:
            site = host.home.etc / "onlinefs-site.xml"
            site.write_text(site.read_text().replace("<topicList>", f"<topicList>{topic}"))
        self.variables: dict[str, t.Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "onlinefs_become": False,
            "onlinefs_service_manager": "none",
            "onlinefs_metrics_url": "",
            "hopsworks_kafka_properties": {"bootstrap.servers": pair.new.servers},
        }

    def move(self) -> None:
        """The hosts leave the old cluster, and are configured for the new one."""
        for host in self.hosts:
            host.run("left", timeout=30)
            host.write(host.new)

    def play(self, *arguments: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        hosts = {
            host.path.name: {"onlinefs_home": str(host.path), "onlinefs_state_dir": str(host.home.state)}
            for host in self.hosts
        }
        inventory = {"all": {"vars": {**self.variables, **variables}, "children": {"onlinefs": {"hosts": hosts}}}}
        (self.folder / "inventory.yml").write_text(json.dumps(inventory))
        return subprocess.run(
            [
                str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
                *("-i", str(self.folder / "inventory.yml"), "hopsworks.kafka.carry_over", *arguments),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("HOPSWORKS_")},
                "ANSIBLE_COLLECTIONS_PATH": str(link_collection()),
                "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
                "ANSIBLE_INJECT_INVOCATION": "1",
            },
        )


def told(ran: subprocess.CompletedProcess[str]) -> str:
    """What a run says, in one line."""
    return " ".join((ran.stdout + ran.stderr).split())


def changed(ran: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The number of changed tasks by host."""
    return {host: int(number) for host, number in re.findall(r"(\S+) +: ok=\d+ +changed=(\d+)", ran.stdout)}


def commit(side: Side, topic: str, offset: int) -> None:
    """OnlineFS has read so far."""
    reader = Consumer({"bootstrap.servers": side.servers, "group.id": GROUP, "log_level": 0})
    try:
        reader.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    finally:
        reader.close()


@pytest.fixture
def topic(pair: Pair) -> str:
    """OnlineFS has read 60 of 100 rows of it."""
    made = pair.make()
    pair.old.write(made, [row(number) for number in range(100)])
    commit(pair.old, made, 60)
    return made


@pytest.fixture
def hosts(pair: Pair, topic: str, tmp_path: pathlib.Path) -> Hosts:
    return Hosts(tmp_path, pair, topic)


def test_what_a_move_has_left_arrives_once(pair: Pair, topic: str, hosts: Hosts) -> None:
    ran = hosts.play()
    assert ran.returncode == 0 and "no host has recorded one, so there is nothing to carry over" in told(ran), told(ran)
    hosts.move()
    pair.old.write(topic, [row(number) for number in range(100, 110)])
    ran = hosts.play("--check")
    text = told(ran)
    assert ran.returncode == 0 and re.search(r"50 rows \(0\.0 MB\) would be carried over from cluster \S+, by", text), (
        text
    )
    assert f"50 rows ({topic} 0: 60 to 109)" in text and pair.new.read(topic) == [], text
    ran = hosts.play()
    text = told(ran)
    assert ran.returncode == 0 and re.search(r"50 rows \(0\.0 MB\) were carried over from cluster \S+, by", text), text
    assert re.search(r"left in cluster \S+: no rows", text) and "close the move" in text, text
    assert sorted(changed(ran).values()) == [0, 0, 1], ran.stdout
    assert pair.new.read(topic) == [row(number) for number in range(60, 110)]
    again = hosts.play()
    assert again.returncode == 0 and set(changed(again).values()) == {0}, told(again)
    assert [host.info()["stranded"]["rows"] for host in hosts.hosts] == [0, 0]
    assert len(pair.new.read(topic)) == 50


def test_the_time_limit_is_the_one_that_is_set_and_a_closed_move_has_left_nothing(
    pair: Pair, topic: str, hosts: Hosts
) -> None:
    hosts.move()
    ran = hosts.play("-vvv", "--check", hopsworks_kafka_carry_timeout=77)
    assert ran.returncode == 0 and re.search(r'"?carry_timeout"?: 77\b', ran.stdout), told(ran)
    for host in hosts.hosts:
        assert host.info()["stranded"]["rows"] == 40
        host.run("closed")
    ran = hosts.play()
    assert ran.returncode == 0 and "no host has recorded one, so there is nothing to carry over" in told(ran), told(ran)
    assert pair.new.read(topic) == [], "these rows are accepted as lost"


def test_before_the_move_is_complete_nothing_is_carried(pair: Pair, topic: str, hosts: Hosts) -> None:
    hosts.move()
    for host in hosts.hosts:
        host.write(host.old)
    ran = hosts.play()
    assert ran.returncode != 0 and pair.new.read(topic) == [], told(ran)
    assert "2 hosts (h1, h2): it has recorded a move that is not complete" in told(ran), told(ran)


def test_a_login_that_may_not_write_is_told_its_right_and_another_one_carries(
    pair: Pair, topic: str, hosts: Hosts
) -> None:
    hosts.move()
    name = "hopsworks_kafka_carry_over"
    reader = pair.new.login("no_write")
    pair.new.allow("no_write", ("topic", topic, "READ"), ("topic", topic, "DESCRIBE"), ("group", name, "READ"))
    pair.new.allow(
        "alice",
        *(("topic", topic, operation) for operation in ("READ", "DESCRIBE", "WRITE")),
        *(("id", name, operation) for operation in ("DESCRIBE", "WRITE")),
        ("group", name, "READ"),
    )
    for host in hosts.hosts:
        text = (host.home.etc / "onlinefs-kafka.properties").read_text()
        servers = reader["properties"]["bootstrap.servers"]
        (host.home.etc / "onlinefs-kafka.properties").write_text(text.replace(pair.new.servers, servers))
    ran = hosts.play(hopsworks_kafka_properties=reader["properties"])
    text = told(ran)
    assert ran.returncode != 0 and "Write on" in text and "40 rows" in text and pair.new.read(topic) == [], text
    writer = pair.new.login("alice")["properties"]
    ran = hosts.play("-vvv", hopsworks_kafka_properties=reader["properties"], **{LOGIN: writer})
    text = told(ran)
    assert ran.returncode == 0 and len(pair.new.read(topic)) == 40, text
    assert pair.new.description["users"]["alice"]["password"] not in text
