"""Every decision of the planner of a project, without a server."""

from __future__ import annotations

import dataclasses
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import (
    CurrentConnector,
    DesiredConnector,
    RefusedChange,
    body,
    differences,
    locations,
    may_recreate,
    needs_others,
    plan_project,
)

from tests.unit.connectors.stores import store_file

HERE = "/Projects/fraud/Resources/kafka_fraud_"
TRUST = store_file(f"{HERE}11111111_truststore.jks", b"trust")
KEY = store_file(f"{HERE}22222222_keystore.jks", b"a key")
OLD_TRUST = f"{HERE}00000000_truststore.jks"
OLD_KEY = f"{HERE}0000000a_keystore.jks"
LOGIN = {"name": "sasl.jaas.config", "value": "S3CRET"}
MECHANISM = {"name": "sasl.mechanism", "value": "PLAIN"}
FIELDS: dict[str, t.Any] = {
    "bootstrapServers": "kafka:9093",
    "securityProtocol": "SASL_SSL",
    "sslTruststoreLocation": TRUST.path,
    "sslTruststorePassword": "trust-password",
    "sslKeystoreLocation": KEY.path,
    "sslKeystorePassword": "key-password",
    "sslKeyPassword": "key-password",
    "sslEndpointIdentificationAlgorithm": "HTTPS",
    "options": [LOGIN, MECHANISM],
}
DESIRED = DesiredConnector("fraud", "kafka_connector", fields=FIELDS, files=(TRUST, KEY))


def stored(**changes: t.Any) -> dict[str, t.Any]:
    """Return the connector as the server stores it once it matches the declaration."""
    return {"id": 7, "name": "kafka_connector", "storageConnectorType": "KAFKA", **FIELDS, **changes}


def verbs(plan: Plan) -> list[str]:
    return [str(action) for action in plan.actions]


def what(plan: Plan) -> list[str]:
    return [change.what for change in plan.changes]


# --- create, replace, leave -------------------------------------------------------------------------------------------


def test_none_is_created_with_its_files_first() -> None:
    plan = plan_project(DESIRED, CurrentConnector())
    assert plan.subject == "fraud"
    assert plan.outcome == "created"
    assert plan.changed
    assert verbs(plan) == [f"upload {TRUST.path}", f"upload {KEY.path}", "create kafka_connector"]
    assert [action.payload for action in plan.actions[:2]] == [TRUST, KEY]
    assert plan.actions[2].payload == {
        "type": "featureStoreKafkaConnectorDTO",
        "storageConnectorType": "KAFKA",
        "name": "kafka_connector",
        "description": "",
        **FIELDS,
    }
    assert what(plan) == [
        "bootstrap.servers",
        "security.protocol",
        "ssl.truststore.location",
        "ssl.truststore.password",
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.key.password",
        "ssl.endpoint.identification.algorithm",
        "sasl.jaas.config",
        "sasl.mechanism",
    ]
    assert plan.notes == ()


def test_one_as_wanted_is_left() -> None:
    plan = plan_project(DESIRED, CurrentConnector(stored()))
    assert (plan.outcome, plan.actions, plan.changes, plan.changed) == ("unchanged", (), (), False)


@pytest.mark.parametrize("connector", [stored(storageConnectorType="S3"), stored(storageConnectorType="JDBC")])
@pytest.mark.parametrize("present", [True, False])
def test_another_type_is_refused(connector: dict[str, t.Any], present: bool) -> None:
    with pytest.raises(RefusedChange) as raised:
        plan_project(dataclasses.replace(DESIRED, present=present), CurrentConnector(connector))
    assert raised.value.reason == "wrong_type"
    assert connector["storageConnectorType"] in raised.value.cause
    assert "kafka_connector" in raised.value.cause
    assert raised.value.remedy
    assert raised.value.subject == ""


def test_a_connector_without_a_type_is_for_kafka() -> None:
    connector = stored()
    del connector["storageConnectorType"]
    assert plan_project(DESIRED, CurrentConnector(connector)).outcome == "unchanged"


def test_a_rotation_puts_files_first_and_cleans_up_last() -> None:
    before = stored(sslTruststoreLocation=OLD_TRUST, sslKeystoreLocation=OLD_KEY)
    plan = plan_project(DESIRED, CurrentConnector(before, others=()))
    assert plan.outcome == "updated"
    assert verbs(plan) == [
        f"upload {TRUST.path}",
        f"upload {KEY.path}",
        "replace kafka_connector",
        f"remove {OLD_TRUST}",
        f"remove {OLD_KEY}",
    ]
    assert Change(f"file {OLD_TRUST}", "superseded", None) in plan.changes
    assert Change(f"file {OLD_KEY}", "superseded", None) in plan.changes
    assert Change("ssl.truststore.location", OLD_TRUST, TRUST.path) in plan.changes


def test_the_servers_own_spelling_of_the_name_stays() -> None:
    plan = plan_project(DESIRED, CurrentConnector(stored(name="Kafka_Connector", bootstrapServers="other:1")))
    assert verbs(plan) == ["replace Kafka_Connector"]
    assert plan.actions[0].payload["name"] == "Kafka_Connector"


def test_files_that_others_use_stay() -> None:
    before = stored(sslTruststoreLocation=OLD_TRUST, sslKeystoreLocation=OLD_KEY)
    other = {"name": "other", "sslTruststoreLocation": f"hdfs://{OLD_TRUST}"}
    plan = plan_project(DESIRED, CurrentConnector(before, others=[other, {"name": "bare"}]))
    assert verbs(plan)[-1] == f"remove {OLD_KEY}"
    assert f"remove {OLD_TRUST}" not in verbs(plan)


@pytest.mark.parametrize(
    "path",
    [
        "/Projects/fraud/Resources/mine.jks",
        "/Projects/fraud/Resources/kafka_fraud_0000000_truststore.jks",
        "/Projects/fraud/Resources/kafka_fraud_0000000g_truststore.jks",
        "/Projects/fraud/Resources/kafka_fraud_00000000_truststore.jks.bak",
        "/Projects/fraud/Resources/kafka_fraud_00000000_truststore.p12",
        "/Projects/fraud/Resources/kafka_fraud_00000000_cert.jks",
        "/Projects/fraud/Resources/kafka_ads_00000000_truststore.jks",
        "/Projects/ads/Resources/kafka_fraud_00000000_truststore.jks",
        "/Projects/fraud/Resources/old_kafka_fraud_00000000_truststore.jks",
    ],
)
def test_files_of_other_names_are_not_ours(path: str) -> None:
    before = stored(sslTruststoreLocation=path)
    assert not needs_others(DESIRED, CurrentConnector(before))
    assert [verb for verb in verbs(plan_project(DESIRED, CurrentConnector(before))) if verb.startswith("remove")] == []


def test_an_old_store_in_another_directory_goes_too() -> None:
    old = "/Projects/fraud/Logs/certificates/kafka_fraud_00000000_truststore.jks"
    assert (
        verbs(plan_project(DESIRED, CurrentConnector(stored(sslTruststoreLocation=old), others=())))[-1]
        == f"remove {old}"
    )


# --- existing: keep ---------------------------------------------------------------------------------------------------


def test_keep_leaves_what_differs_and_tells() -> None:
    keep = dataclasses.replace(DESIRED, keep=True)
    plan = plan_project(keep, CurrentConnector(stored(bootstrapServers="other:1")))
    assert (plan.outcome, plan.actions) == ("skipped", ())
    assert plan.changes == (Change("bootstrap.servers", "other:1", "kafka:9093"),)
    assert plan_project(keep, CurrentConnector(stored())).outcome == "unchanged"
    assert plan_project(keep, CurrentConnector()).outcome == "created"


# --- check_files ------------------------------------------------------------------------------------------------------


def test_a_store_that_somebody_deleted_is_put_back() -> None:
    plan = plan_project(DESIRED, CurrentConnector(stored(), sizes={KEY.path: len(KEY.load())}))
    assert plan.outcome == "updated"
    assert verbs(plan) == [f"upload {TRUST.path}"]
    assert plan.changes == (Change(f"file {TRUST.path}", None, "5 bytes"),)


def test_a_store_of_another_size_is_replaced() -> None:
    plan = plan_project(DESIRED, CurrentConnector(stored(), sizes={KEY.path: 3, TRUST.path: len(TRUST.load())}))
    assert verbs(plan) == [f"remove {KEY.path}", f"upload {KEY.path}"]
    assert plan.changes == (Change(f"file {KEY.path}", "damaged (3 bytes)", "5 bytes"),)


def test_stores_that_are_there_need_no_upload() -> None:
    there = {TRUST.path: len(TRUST.load()), KEY.path: len(KEY.load())}
    assert plan_project(DESIRED, CurrentConnector(stored(), sizes=there)).outcome == "unchanged"
    created = plan_project(DESIRED, CurrentConnector(sizes=there))
    assert verbs(created) == ["create kafka_connector"]


def test_what_a_killed_run_left_is_cleaned_up() -> None:
    there = {TRUST.path: len(TRUST.load()), KEY.path: len(KEY.load()), OLD_KEY: 5, "/Projects/fraud/Resources/x": 1}
    assert needs_others(DESIRED, CurrentConnector(stored(), sizes=there))
    plan = plan_project(DESIRED, CurrentConnector(stored(), others=(), sizes=there))
    assert (plan.outcome, verbs(plan)) == ("updated", [f"remove {OLD_KEY}"])
    assert plan.changes == (Change(f"file {OLD_KEY}", "superseded", None),)
    assert needs_others(DESIRED, CurrentConnector(sizes=there))


# --- absent -----------------------------------------------------------------------------------------------------------

ABSENT = DesiredConnector("fraud", "kafka_connector", present=False)


def test_absent() -> None:
    plan = plan_project(ABSENT, CurrentConnector(stored(name="Kafka_connector"), others=()))
    assert (plan.subject, plan.outcome, verbs(plan)) == ("fraud", "deleted", ["delete Kafka_connector"])
    assert Change("bootstrap.servers", "kafka:9093", None) in plan.changes
    assert Change("sasl.jaas.config", "S3CRET", None, secret=True) in plan.changes
    assert [change for change in plan.changes if change.what.startswith("file")] == [
        Change(f"file {TRUST.path}", "present", None),
        Change(f"file {KEY.path}", "present", None),
    ]
    assert all(change.after is None for change in plan.changes)
    nothing = plan_project(ABSENT, CurrentConnector())
    assert (nothing.subject, nothing.outcome, nothing.actions, nothing.changes) == ("fraud", "unchanged", (), ())


def test_absent_asks_before_it_breaks_others() -> None:
    others = [{"name": "b", "sslKeystoreLocation": KEY.path}, {"name": "a", "sslTruststoreLocation": TRUST.path}]
    found = CurrentConnector(stored(), others=[*others, {"name": "c"}])
    with pytest.raises(RefusedChange, match="connector a, b uses them too") as raised:
        plan_project(ABSENT, found)
    assert raised.value.reason == "shared_stores"
    assert "kafka_connector" in raised.value.cause
    anyway = dataclasses.replace(ABSENT, remove_shared_stores=True)
    assert plan_project(anyway, found).outcome == "deleted"


UNREADABLE = CurrentConnector(unreadable=True)


def test_an_unreadable_connector_is_deleted_before_its_stores_are_uploaded() -> None:
    plan = plan_project(dataclasses.replace(DESIRED, recreate_unreadable=True), UNREADABLE)
    assert plan.outcome == "updated"
    assert [str(action) for action in plan.actions] == [
        "delete kafka_connector",
        *(f"upload {file.path}" for file in DESIRED.files),
        "create kafka_connector",
    ]
    assert plan.changes[0].what == "connector" and plan.changes[0].after == "created again"
    assert set(differences(DESIRED, {})) <= set(plan.changes)
    gone = plan_project(dataclasses.replace(ABSENT, recreate_unreadable=True), UNREADABLE)
    assert (gone.outcome, [str(action) for action in gone.actions]) == ("deleted", ["delete kafka_connector"])
    assert not needs_others(DESIRED, UNREADABLE) and not needs_others(ABSENT, UNREADABLE)


def test_only_what_is_certainly_a_kafka_connector_may_be_recreated() -> None:
    told = dataclasses.replace(DESIRED, recreate_unreadable=True)
    assert may_recreate(told)
    assert not may_recreate(DESIRED)
    assert not may_recreate(dataclasses.replace(told, name="other"))


# --- which requests are needed ----------------------------------------------------------------------------------------


def test_others_are_read_only_where_files_may_go() -> None:
    rotated = CurrentConnector(stored(sslTruststoreLocation=OLD_TRUST))
    assert needs_others(DESIRED, rotated)
    assert not needs_others(dataclasses.replace(DESIRED, keep=True), rotated)
    assert not needs_others(DESIRED, CurrentConnector(stored()))
    assert not needs_others(DESIRED, CurrentConnector())
    assert needs_others(ABSENT, CurrentConnector(stored()))
    assert not needs_others(ABSENT, CurrentConnector(stored(sslTruststoreLocation=None, sslKeystoreLocation="")))
    assert not needs_others(ABSENT, CurrentConnector())
    assert not needs_others(ABSENT, CurrentConnector(sizes={OLD_KEY: 1}))


# --- differences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("absent", [None, ""])
def test_absent_and_empty_are_the_same(absent: t.Any) -> None:
    assert (
        differences(DesiredConnector("fraud", "x", fields={"options": []}), {"sslKeyPassword": absent, "options": None})
        == ()
    )


def test_the_servers_own_fields_are_no_difference() -> None:
    assert differences(DESIRED, stored(id=99, href="https://x", externalKafka=True, description="mine")) == ()


def test_empty_is_a_value_for_the_check_of_names() -> None:
    off = dataclasses.replace(DESIRED, fields={**FIELDS, "sslEndpointIdentificationAlgorithm": ""})
    assert differences(off, stored()) == (Change("ssl.endpoint.identification.algorithm", "HTTPS", ""),)
    assert differences(DESIRED, stored(sslEndpointIdentificationAlgorithm="")) == (
        Change("ssl.endpoint.identification.algorithm", "", "HTTPS"),
    )
    assert differences(off, stored(sslEndpointIdentificationAlgorithm=None)) == ()


def test_a_field_that_is_to_go() -> None:
    plain = dataclasses.replace(DESIRED, fields={"bootstrapServers": "kafka:9093", "options": []}, files=())
    there = {"bootstrapServers": "kafka:9093", "sslKeyPassword": "S3CRET", "sslTruststoreLocation": "/Projects/x"}
    assert [change.to_result() for change in differences(plain, there)] == [
        {"what": "ssl.truststore.location", "before": "/Projects/x", "after": None},
        {"what": "ssl.key.password", "before": MASK, "after": None},
    ]
    assert "sslKeyPassword" not in body(plain, there)


def test_the_scheme_of_a_location_is_no_difference() -> None:
    scheme = stored(
        sslTruststoreLocation=f"hopsfs://namenode:8020{TRUST.path}", sslKeystoreLocation=f"hdfs://{KEY.path}"
    )
    assert differences(DESIRED, scheme) == ()
    assert locations(scheme) == {TRUST.path, KEY.path}
    # Of other fields all counts.
    assert differences(DESIRED, stored(bootstrapServers="tcp://kafka:9093"))


def test_locations_of_none() -> None:
    assert locations({}) == set()
    assert locations({"sslTruststoreLocation": "", "bootstrapServers": "a"}) == set()


def test_options_by_name() -> None:
    more = dataclasses.replace(
        DESIRED, fields={**FIELDS, "options": [LOGIN, MECHANISM, {"name": "acks", "value": "all"}]}
    )
    assert differences(more, stored()) == (Change("acks", None, "all"),)
    assert differences(DESIRED, stored(options=[LOGIN, MECHANISM, {"name": "acks", "value": 1}])) == (
        Change("acks", "1", None),
    )
    other = differences(DESIRED, stored(options=[{**LOGIN, "value": "x"}, MECHANISM]))
    assert other == (Change("sasl.jaas.config", "x", "S3CRET", secret=True),)


def test_an_option_without_a_value_is_empty() -> None:
    empty = dataclasses.replace(DESIRED, fields={**FIELDS, "options": [{"name": "client.rack", "value": ""}]})
    assert differences(empty, stored(options=[{"name": "client.rack"}])) == ()
    assert differences(empty, stored(options=[{"name": "client.rack", "value": 0}]))


def test_the_order_counts_where_a_client_reads_it() -> None:
    turned = differences(DESIRED, stored(options=[MECHANISM, LOGIN]))
    assert turned == (
        Change("order of options", "sasl.mechanism, sasl.jaas.config", "sasl.jaas.config, sasl.mechanism"),
    )
    plan = plan_project(DESIRED, CurrentConnector(stored(options=[MECHANISM, LOGIN])))
    assert verbs(plan) == ["replace kafka_connector"]
    acks = {"name": "acks", "value": "all"}
    between = dataclasses.replace(DESIRED, fields={**FIELDS, "options": [acks, LOGIN, MECHANISM]})
    assert differences(between, stored(options=[LOGIN, acks, MECHANISM])) == ()


def test_an_option_given_twice_is_one_too_many() -> None:
    twice = differences(DESIRED, stored(options=[LOGIN, MECHANISM, MECHANISM]))
    assert twice == (Change("options given twice", "sasl.mechanism", None),)
    unlike = differences(DESIRED, stored(options=[{**MECHANISM, "value": "x"}, LOGIN, MECHANISM]))
    assert unlike == (Change("options given twice", "sasl.mechanism", None),)


def test_secrets_are_marked() -> None:
    secret = {change.what for change in differences(DESIRED, {}) if change.secret}
    assert secret == {"ssl.truststore.password", "ssl.keystore.password", "ssl.key.password", "sasl.jaas.config"}
    own = differences(DESIRED, stored(options=[LOGIN, MECHANISM, {"name": "my.token", "value": "S3CRET"}]))
    assert own == (Change("my.token", "S3CRET", None, secret=True),) and "S3CRET" not in repr(own)
    shown = str([change.to_result() for change in differences(DESIRED, {})])
    assert "S3CRET" not in shown and "trust-password" not in shown and MASK in shown


# --- description ------------------------------------------------------------------------------------------------------


def test_a_description_stays_unless_given() -> None:
    assert body(DESIRED, stored(description="mine"))["description"] == "mine"
    assert body(DESIRED, stored(description=None))["description"] == ""
    given = dataclasses.replace(DESIRED, description="ours")
    assert differences(given, stored(description="mine")) == (Change("description", "mine", "ours"),)
    assert body(given, stored(description="mine"))["description"] == "ours"
    assert differences(given, stored(description="ours")) == ()
    none = dataclasses.replace(DESIRED, description="")
    assert differences(none, stored()) == ()
    assert differences(none, stored(description="mine")) == (Change("description", "mine", ""),)


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_nothing_secret_is_shown_by_accident() -> None:
    for thing in (
        DESIRED,
        TRUST,
        CurrentConnector(stored()),
        CurrentConnector(others=[stored()]),
        Action("create", "x", {"password": "S3CRET"}),
        Change("sasl.jaas.config", "S3CRET", "S3CRET"),
    ):
        assert "S3CRET" not in repr(thing) and "trust" not in repr(thing).replace("truststore", "")
    assert "Resources" in repr(store_file("/Projects/fraud/Resources/x", b""))


def test_a_change_as_it_is_shown() -> None:
    assert Change("acks", "1", "all").to_result() == {"what": "acks", "before": "1", "after": "all"}
    assert Change("p", "a", "b", secret=True).to_result() == {"what": "p", "before": MASK, "after": f"{MASK} (changed)"}
    assert Change("p", None, "b", secret=True).to_result() == {"what": "p", "before": None, "after": MASK}
    assert Change("p", "a", None, secret=True).to_result() == {"what": "p", "before": MASK, "after": None}


def test_plans_and_actions_are_values() -> None:
    assert Action("create", "x", 1) == Action("create", "x", 2)
    assert str(Action("create", "x")) == "create x"
    for value in (Action("create", "x"), Change("a", 1, 2), Plan("p", "created"), DESIRED, TRUST, CurrentConnector()):
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.subject = "other"  # type: ignore[misc, union-attr]
    assert not Plan("p", "unchanged").changed
    assert Plan("p", "updated", (Action("create", "x"),)).changed
    defaults = DesiredConnector("p", "x")
    assert (defaults.present, defaults.keep, defaults.remove_shared_stores) == (True, False, False)


def test_a_hundred_thousand_options_are_compared_in_linear_time() -> None:
    """The server holds 2000 characters of them, but a hostile one may answer anything."""
    many = [{"name": f"o{number}", "value": "x"} for number in range(100_000)]
    started = time.process_time()
    changes = differences(DesiredConnector("fraud", "x", fields={"options": []}), {"options": many + many})
    assert len(changes) == 100_001 and changes[-1].what == "options given twice"
    assert time.process_time() - started < 10
