"""The planner of a project, case by case."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import Change
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.projects import (
    Found,
    Refusal,
    StoreFile,
    Wanted,
    differences,
    needs_others,
    plan_project,
)

from tests.unit.rollout.server import Server

FIELDS: dict[str, t.Any] = {
    "bootstrapServers": "b:1",
    "securityProtocol": "PLAINTEXT",
    "sslEndpointIdentificationAlgorithm": "HTTPS",
    "options": [],
}
RESOURCES = "/Projects/fraud/Resources/"
OLD, NEW = RESOURCES + "kafka_fraud_00000000_truststore.jks", RESOURCES + "kafka_fraud_11111111_truststore.jks"


def wanted(**fields: t.Any) -> Wanted:
    return Wanted("fraud", "kafka_connector", fields={**FIELDS, **fields})


def with_store(place: str, **more: t.Any) -> Wanted:
    base = wanted(sslTruststoreLocation=place, sslTruststorePassword="secret")
    return dataclasses.replace(base, files=(StoreFile(place, b"store " + place.encode()),), **more)


def connector(**fields: t.Any) -> dict[str, t.Any]:
    return {"name": "kafka_connector", "storageConnectorType": "KAFKA", "id": 7, **FIELDS, **fields}


def verbs(plan: t.Any) -> list[str]:
    return [str(action).replace(RESOURCES, "") for action in plan.actions]


def test_nothing_there() -> None:
    plan = plan_project(wanted(), Found())
    assert (plan.outcome, verbs(plan)) == ("created", ["create kafka_connector"])
    assert plan.actions[0].payload == {
        "type": "featureStoreKafkaConnectorDTO",
        "storageConnectorType": "KAFKA",
        "name": "kafka_connector",
        "description": "",
        **FIELDS,
    }
    assert [change.what for change in plan.changes] == [
        "bootstrap.servers", "security.protocol", "ssl.endpoint.identification.algorithm",
    ]  # fmt: skip


def test_as_wanted() -> None:
    plan = plan_project(wanted(), Found(connector(href="x", externalKafka=True, featurestoreId=3)))
    assert (plan.outcome, plan.changed, plan.changes) == ("unchanged", False, ())


def test_different() -> None:
    plan = plan_project(wanted(), Found(connector(bootstrapServers="a:1", description="kept")))
    assert (plan.outcome, verbs(plan)) == ("updated", ["replace kafka_connector"])
    assert plan.changes == (Change("bootstrap.servers", "a:1", "b:1"),)
    assert plan.actions[0].payload["description"] == "kept"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("HTTPS", "", ("HTTPS", "")),
        ("", "HTTPS", ("", "HTTPS")),
        (None, "", None),
    ],
)
def test_the_check_of_host_names(before: str | None, after: str, shown: tuple[str, str] | None) -> None:
    found = differences(
        wanted(sslEndpointIdentificationAlgorithm=after), connector(sslEndpointIdentificationAlgorithm=before)
    )
    assert [(change.before, change.after) for change in found] == ([shown] if shown else [])


def test_description() -> None:
    named = dataclasses.replace(wanted(), description="ours")
    assert differences(named, connector()) == (Change("description", None, "ours"),)
    assert differences(named, connector(description="ours")) == ()
    assert differences(dataclasses.replace(wanted(), description=""), connector()) == ()
    assert plan_project(named, Found(connector(description="old"))).actions[0].payload["description"] == "ours"


def test_a_field_that_is_to_go() -> None:
    plan = plan_project(wanted(), Found(connector(sslKeyPassword="secret", sslTruststoreLocation="/Projects/x")))
    assert [change.shown() for change in plan.changes] == [
        {"what": "ssl.truststore.location", "before": "/Projects/x", "after": None},
        {"what": "ssl.key.password", "before": "********", "after": None},
    ]
    assert "sslKeyPassword" not in plan.actions[0].payload


def test_secrets_are_marked() -> None:
    old = connector(
        sslTruststorePassword="old",
        options=[{"name": "sasl.jaas.config", "value": "a"}, {"name": "my.token", "value": "b"}],
    )
    changes = differences(wanted(sslTruststorePassword="new"), old)
    assert [change.what for change in changes if change.secret] == [
        "ssl.truststore.password",
        "my.token",
        "sasl.jaas.config",
    ]
    assert "old" not in repr(changes) and "new" not in repr(changes)


def options(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "value": f"value of {name}"} for name in names]


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (("a", "b"), ("b", "a"), []),
        (("a",), ("a", "b"), ["b"]),
        (("a", "b"), ("b",), ["a"]),
        (("sasl.jaas.config", "a", "sasl.mechanism"), ("a", "sasl.jaas.config", "sasl.mechanism"), []),
        (("sasl.mechanism", "sasl.jaas.config"), ("sasl.jaas.config", "sasl.mechanism"), ["order of options"]),
        (("a", "a"), ("a",), ["options given twice"]),
    ],
)
def test_options(before: tuple[str, ...], after: tuple[str, ...], differs: list[str]) -> None:
    found = differences(wanted(options=options(*after)), connector(options=options(*before)))
    assert [change.what for change in found] == differs


def test_an_option_without_a_value_and_one_given_twice() -> None:
    found = differences(wanted(options=[{"name": "a", "value": ""}]), connector(options=[{"name": "a"}]))
    assert found == ()
    twice = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
    assert differences(wanted(options=[{"name": "a", "value": "2"}]), connector(options=twice))


@pytest.mark.parametrize("scheme", ["", "hdfs://", "dfs://", "hdfs://namenode:8020"])
def test_a_location_with_a_scheme_is_the_same(scheme: str) -> None:
    there = with_store(NEW)
    assert (
        plan_project(
            there, Found(connector(sslTruststoreLocation=scheme + NEW, sslTruststorePassword="secret"))
        ).changes
        == ()
    )


def test_keep() -> None:
    keep = dataclasses.replace(wanted(), keep=True)
    plan = plan_project(keep, Found(connector(bootstrapServers="theirs:1")))
    assert (plan.outcome, plan.changed, plan.changes) == (
        "skipped",
        False,
        (Change("bootstrap.servers", "theirs:1", "b:1"),),
    )
    assert plan_project(keep, Found(connector())).outcome == "unchanged"
    assert plan_project(keep, Found()).outcome == "created"
    # What is left alone keeps its files, whatever is in the directory.
    assert not needs_others(
        dataclasses.replace(with_store(NEW), keep=True), Found(connector(sslTruststoreLocation=OLD))
    )


def test_a_store_is_uploaded_before_the_connector_names_it() -> None:
    assert verbs(plan_project(with_store(NEW), Found())) == [
        "upload kafka_fraud_11111111_truststore.jks", "create kafka_connector",
    ]  # fmt: skip


def test_an_old_store_goes_after_the_connector_left_it() -> None:
    old = connector(sslTruststoreLocation=OLD, sslTruststorePassword="secret")
    found = Found(old)
    assert needs_others(with_store(NEW), found)
    plan = plan_project(with_store(NEW), dataclasses.replace(found, others=[]))
    assert verbs(plan) == [
        "upload kafka_fraud_11111111_truststore.jks",
        "replace kafka_connector",
        "remove kafka_fraud_00000000_truststore.jks",
    ]
    assert [change.what for change in plan.changes] == ["ssl.truststore.location", f"file {OLD}"]


@pytest.mark.parametrize(
    "place",
    [
        RESOURCES + "kafka_ads_00000000_truststore.jks",
        RESOURCES + "kafka_fraud_0000000g_truststore.jks",
        RESOURCES + "kafka_fraud_00000000_truststore.p12",
        RESOURCES + "my_own.jks",
        "/Projects/ads/Resources/kafka_fraud_00000000_truststore.jks",
    ],
)
def test_files_of_others_stay(place: str) -> None:
    """What does not carry our own name for this very project was put there by somebody else."""
    found = Found(connector(sslTruststoreLocation=place, sslTruststorePassword="secret"))
    assert not needs_others(with_store(NEW), found)
    assert not any("remove" in verb for verb in verbs(plan_project(with_store(NEW), found)))


def test_an_old_store_in_another_directory_goes_too() -> None:
    old = "/Projects/fraud/Logs/certificates/kafka_fraud_00000000_truststore.jks"
    found = Found(connector(sslTruststoreLocation=old, sslTruststorePassword="secret"), others=[])
    assert verbs(plan_project(with_store(NEW), found))[-1] == f"remove {old}"


def test_an_old_store_that_another_connector_uses_stays() -> None:
    found = Found(
        connector(sslTruststoreLocation=OLD), others=[{"name": "other", "sslKeystoreLocation": "hdfs://" + OLD}]
    )
    assert "remove" not in str(verbs(plan_project(with_store(NEW), found)))


def test_the_directory_is_known() -> None:
    there = with_store(NEW)
    content = len(there.files[0].content)
    same = connector(sslTruststoreLocation=NEW, sslTruststorePassword="secret")
    assert plan_project(there, Found(same, sizes={NEW: content})).outcome == "unchanged"
    lost = plan_project(there, Found(same, sizes={}))
    assert (lost.outcome, len(lost.actions), lost.changes[0].before) == ("updated", 1, None)
    damaged = plan_project(there, Found(same, sizes={NEW: 3}))
    assert [action.verb for action in damaged.actions] == ["remove", "upload"]
    assert damaged.changes[0].before == "damaged (3 bytes)"
    # Where it is there already, a first connector needs no upload.
    assert verbs(plan_project(there, Found(None, sizes={NEW: content}))) == ["create kafka_connector"]
    left_behind = Found(same, sizes={NEW: content, OLD: 9, RESOURCES + "notes.txt": 1})
    assert needs_others(there, left_behind)
    assert verbs(plan_project(there, left_behind)) == ["remove kafka_fraud_00000000_truststore.jks"]


def absent(**more: t.Any) -> Wanted:
    return Wanted("fraud", "kafka_connector", present=False, **more)


def test_absent() -> None:
    assert plan_project(absent(), Found()).outcome == "unchanged"
    plan = plan_project(absent(), Found(connector(sslTruststoreLocation=NEW, sslTruststorePassword="s"), others=[]))
    assert (plan.outcome, verbs(plan)) == ("deleted", ["delete kafka_connector"])
    assert plan.changes[-1] == Change(f"file {NEW}", "present", None)
    assert Change("bootstrap.servers", "b:1", None) in plan.changes
    assert all(change.after is None for change in plan.changes)
    assert not needs_others(absent(), Found(connector()))
    assert needs_others(absent(), Found(connector(sslKeystoreLocation=NEW)))


def test_absent_and_shared() -> None:
    found = Found(connector(sslKeystoreLocation=NEW), others=[{"name": "other", "sslTruststoreLocation": NEW}])
    with pytest.raises(Refusal) as refused:
        plan_project(absent(), found)
    assert refused.value.reason == "shared_stores" and "other" in refused.value.cause
    assert plan_project(absent(remove_shared_stores=True), found).outcome == "deleted"


@pytest.mark.parametrize("what", [wanted(), absent()])
def test_another_type(what: Wanted) -> None:
    with pytest.raises(Refusal) as refused:
        plan_project(what, Found({"name": "kafka_connector", "storageConnectorType": "S3"}))
    assert refused.value.reason == "wrong_type" and "S3" in refused.value.cause


def test_a_name_in_other_letters_is_kept() -> None:
    """The server compares names without regard to case, and a PUT must name the connector as it is called."""
    plan = plan_project(wanted(), Found(connector(name="Kafka_Connector", bootstrapServers="a:1")))
    assert plan.actions[0].target == plan.actions[0].payload["name"] == "Kafka_Connector"


def test_the_order_of_writes() -> None:
    server = Server(files={OLD: b"old"}, connectors={"kafka_connector": connector(sslTruststoreLocation=OLD)})
    server.apply(server.plan(with_store(NEW)))
    assert server.files.keys() == {NEW}
    assert server.plan(with_store(NEW)).outcome == "unchanged"
