# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module's options become: declarations, paths, topics, many probes and their message."""

from __future__ import annotations

import pathlib
import threading
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.cache import ProbeCache
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.options import TopicRequirement
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.report import Report, StageResult, complete

BASE = {"bootstrap.servers": "kafka:9093", "security.protocol": "SSL", "client.id": "task"}


def params(**over: t.Any) -> dict[str, t.Any]:
    return {
        "properties": None,
        "properties_file": None,
        "truststore": None,
        "keystore": None,
        "path_map": {},
        "topics": [],
        "operations": ["read", "write"],
        "groups": [],
        "round_trip": False,
        "timeout": 1.0,
        "min_days_valid": 0,
        "until": None,
        "probes": None,
        "workers": 4,
        **over,
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/onlinefs/etc/a.jks", "/srv/hops/onlinefs/etc/a.jks"),
        ("/onlinefs", "/srv/hops/onlinefs"),
        ("/onlinefs2/etc/a.jks", "/onlinefs2/etc/a.jks"),
        ("/certs/a.jks", "/super_crypto/onlinefs/a.jks"),
        ("/onlinefs/etc/tls/a.jks", "/elsewhere/a.jks"),
        ("etc/a.jks", "etc/a.jks"),
    ],
)
def test_paths_of_a_container(path: str, expected: str) -> None:
    prefixes = {
        "/onlinefs": "/srv/hops/onlinefs",
        "/certs/": "/super_crypto/onlinefs/",
        "/onlinefs/etc/tls": "/elsewhere",
    }
    assert probe_task.mapped(path, prefixes) == expected


def test_the_file_of_a_client_with_items_over_it(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers = kafka:9092\nclient.id = file\n")
    given = params(properties_file=str(file))
    item = {"name": "a", "properties": {"client.id": None, "group.id": "own"}}
    client = probe_task._client({**given, **probe_task._merged(given, item)}, ProbeCache())
    assert dict(client.properties) == {
        "bootstrap.servers": "kafka:9092",
        "group.id": "own",
        "security.protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_is_none(tmp_path: pathlib.Path, content: bytes | None) -> None:
    file = tmp_path / "client.properties"
    if content is not None:
        file.write_bytes(content)
    outcome = probe_task.run(params(properties_file=str(file)))
    assert outcome.result["failed_stage"] == "config"
    assert str(file) in outcome.message


def test_an_items_store_takes_the_place_of_all_that_the_task_says_of_it() -> None:
    given = params(properties={**BASE, "ssl.truststore.location": "/a.jks", "ssl.truststore.password": "x"})
    merged = probe_task._merged(given, {"name": "a", "truststore": {"path": "/b.pem"}})
    assert merged["properties"] == BASE
    assert merged["truststore"] == {"path": "/b.pem"}


def test_topics_and_groups_of_an_item_replace_those_of_the_task() -> None:
    given = params(properties=BASE, topics=["common"], groups=["common"])
    assert probe_task._merged(given, {"name": "a"})["topics"] == ["common"]
    merged = probe_task._merged(given, {"name": "a", "topics": ["own"], "groups": []})
    assert (merged["topics"], merged["groups"]) == (["own"], [])


def test_the_name_of_an_item_stands_in_its_topics_and_groups() -> None:
    topics = ["{name}_onlinefs", {"name": "{name}_{name}", "operations": ["write"]}, 7]
    merged = probe_task._merged(params(topics=topics, groups=["of_{name}"]), {"name": "fraud"})
    assert merged["topics"] == ["fraud_onlinefs", {"name": "fraud_fraud", "operations": ["write"]}, 7]
    assert merged["groups"] == ["of_fraud"]
    own = probe_task._merged(params(topics=topics), {"name": "fraud", "topics": ["t_{name}"]})
    assert own["topics"] == ["t_fraud"]


def test_topics_are_names_or_dictionaries() -> None:
    assert probe_task._topic("a", ["read"]) == TopicRequirement("a", ("read",))
    assert probe_task._topic({"name": "a"}, ["read"]) == TopicRequirement("a", ("read",))
    assert probe_task._topic({"name": "a", "operations": ["write"]}, ["read"]) == TopicRequirement("a", ("write",))


@pytest.mark.parametrize(
    "item", [3, "", {}, {"operations": ["read"]}, {"name": "a", "operation": []}, {"name": "a", "operations": ["eat"]}]
)
def test_topics_that_are_none(item: t.Any) -> None:
    with pytest.raises(InputError):
        probe_task._topic(item, ["read"])


@pytest.mark.parametrize("over", [{"timeout": 0}, {"workers": 0}])
def test_bounds_that_are_none(over: dict[str, t.Any]) -> None:
    with pytest.raises(InputError):
        probe_task.run(params(properties=BASE, **over))


def test_check_mode_makes_no_round_trip() -> None:
    given = params(properties=BASE, topics=["a"], round_trip=True)
    assert probe_task._options(given, given, check_mode=False).round_trip
    assert not probe_task._options(given, given, check_mode=True).round_trip


def report(ok: bool) -> Report:
    return Report(
        complete([StageResult("sasl", "kafka:9093", ok, "" if ok else "credentials_refused")]), ("old clients",)
    )


def test_the_message_of_many_names_each_that_failed() -> None:
    names = ["fraud", "credit", "churn"]
    outcome = probe_task._many(names, [report(True), report(False), report(True)])
    assert not outcome.result["ok"]
    assert outcome.result["failed_stage"] == "sasl"
    assert [entry["name"] for entry in outcome.result["results"]] == names
    first, second, *_rest = outcome.message.splitlines()
    assert first == "Kafka connections: 2 of 3 passed"
    assert second.split() == ["credit", "stage", "sasl", "failed", "at", "kafka:9093:", "credentials_refused"]
    assert outcome.warnings == ("old clients",)


#: A broker's certificate.
SHOWN = {"subject": "CN=k", "expires": "2027-01-01T00:00:00Z", "days_left": 90}


def test_certificates_of_many_are_each_named_once_and_a_store_of_its_own_by_its_item() -> None:
    def of(store: str, subject: str) -> dict[str, t.Any]:
        return {"store": store, "subject": subject, "expires": "2027-01-01T00:00:00Z", "days_left": 90}

    ok = report(True)
    ours, theirs, ca = of("keystore", "CN=us"), of("keystore", "CN=fraud"), of("truststore", "CN=ca")
    broker = ok.stages[0]._replace(stage="tls", target="k:1", certificate=SHOWN)
    first = ok._replace(own=(ca, ours), stages=(broker,))
    second = ok._replace(own=(ca, theirs), stages=(broker,), cluster_id="abc")
    result = probe_task._many(["credit", "fraud"], [first, second], [[], ["keystore"]]).result
    assert [(entry["store"], entry["subject"]) for entry in result["certificates"]] == [
        ("truststore", "CN=ca"),
        ("keystore", "CN=us"),
        ("k:1", "CN=k"),
        ("keystore of fraud", "CN=fraud"),
    ]
    assert result["cluster_id"] == "abc"


def test_what_is_shared_is_made_once_and_its_fault_raised_for_all() -> None:
    shared, made = ProbeCache(), []

    def slow() -> int:
        made.append(1)
        time.sleep(0.05)
        return 7

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(shared.once("a", slow, 5))) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, made) == ([7] * 8, [1])

    def broken() -> int:
        raise InputError("store", "broken")

    for _number in range(2):
        with pytest.raises(InputError):
            shared.once("b", broken, 5)
