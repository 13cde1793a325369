"""What holds of every plan, whatever is declared and whatever is there."""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_info
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import (
    DesiredConnector,
    RefusedChange,
    locations,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_connector
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.connectors.server import Server
from tests.unit.connectors.stores import store_file

PROJECT = "fraud"
NAMES = st.sampled_from(
    ["linger.ms", "acks", "sasl.jaas.config", "sasl.mechanism", "client.id", "my.password", "compression.type"]
)
VALUES = st.text(max_size=12)
STORE_NAMES = st.sampled_from(
    [f"kafka_{PROJECT}_{digit * 8}_{role}.jks" for digit in "0a" for role in ("truststore", "keystore")]
    + ["own.jks", "kafka_other_00000000_truststore.jks"]
)
PLACES = STORE_NAMES.map(lambda name: f"/Projects/{PROJECT}/Resources/{name}")


@st.composite
def fields(draw: st.DrawFn) -> dict[str, t.Any]:
    """A connector's fields as the dialect makes them: options once each, in the order of names."""
    made: dict[str, t.Any] = {
        "bootstrapServers": draw(st.sampled_from(["a:1", "b:2", "a:1,b:2"])),
        "securityProtocol": draw(st.sampled_from(["PLAINTEXT", "SSL", "SASL_SSL"])),
        "sslEndpointIdentificationAlgorithm": draw(st.sampled_from(["", "HTTPS"])),
    }
    options = draw(st.dictionaries(NAMES, VALUES, max_size=5))
    made["options"] = [{"name": name, "value": options[name]} for name in sorted(options)]
    for role in ("Truststore", "Keystore"):
        if draw(st.booleans()):
            made[f"ssl{role}Location"] = draw(PLACES)
            made[f"ssl{role}Password"] = draw(st.sampled_from(["one", "two"]))
    return made


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredConnector:
    made = draw(fields())
    files = tuple(store_file(place, b"content of " + place.encode()) for place in sorted(locations(made)))
    return DesiredConnector(
        PROJECT,
        "kafka_connector",
        present=draw(st.integers(0, 4)) > 0,
        keep=draw(st.integers(0, 3)) == 0,
        fields=made,
        description=draw(st.none() | st.sampled_from(["", "ours"])),
        files=files,
        remove_shared_stores=draw(st.booleans()),
    )


@st.composite
def servers(draw: st.DrawFn) -> Server:
    """Anything that people, other tools and killed runs may have left."""
    connectors: dict[str, dict[str, t.Any]] = {}
    for name in draw(st.sets(st.sampled_from(["kafka_connector", "other", "third"]))):
        made: dict[str, t.Any] = {"name": name, "storageConnectorType": "KAFKA", "id": 1, **draw(fields())}
        if draw(st.booleans()):
            made["description"] = draw(st.sampled_from(["", "ours", "theirs"]))
        draw(st.randoms(use_true_random=False)).shuffle(made["options"])
        if draw(st.booleans()) and made["options"]:
            made["options"].append(dict(made["options"][0]))
        connectors[name] = made
    files = {
        place: draw(st.sampled_from([b"half", b"content of " + place.encode()])) for place in draw(st.sets(PLACES))
    }
    for made in connectors.values():
        for place in locations(made):
            files.setdefault(place, b"content of " + place.encode())
    return Server(connectors, files)


def planned(server: Server, desired: DesiredConnector, look: bool) -> Plan | None:
    """Return the plan; None if it is refused."""
    try:
        return server.plan(desired, look)
    except RefusedChange:
        return None


@given(servers(), desired_states(), st.booleans())
def test_a_second_run_finds_nothing_to_do(server: Server, desired: DesiredConnector, look: bool) -> None:
    plan = planned(server, desired, look)
    assume(plan is not None)
    assert plan is not None
    server.apply(plan)
    again = server.plan(desired, look)
    assert not again.changed, again
    assert again.outcome in ("unchanged", "skipped")
    if again.outcome == "skipped":
        assert desired.keep and not plan.changed


@given(servers(), desired_states(), st.booleans())
def test_outcome_actions_and_changes_agree(server: Server, desired: DesiredConnector, look: bool) -> None:
    """What check mode tells is what is done, for both read the same plan; so it must not contradict itself."""
    before = server.copy()
    plan = planned(server, desired, look)
    if plan is None:
        return
    server.apply(plan)
    changed = (before.connectors, before.files) != (server.connectors, server.files)
    assert plan.changed == bool(plan.actions)
    assert plan.changed == (plan.outcome in ("created", "updated", "deleted"))
    if changed:
        assert plan.changed
    if plan.changed:
        assert plan.changes
    had, has = "kafka_connector" in before.connectors, "kafka_connector" in server.connectors
    assert {("created"): (False, True), "deleted": (True, False)}.get(plan.outcome, (had, had)) == (had, has)


@given(servers(), desired_states(), st.booleans())
def test_what_was_written_is_what_was_declared(server: Server, desired: DesiredConnector, look: bool) -> None:
    plan = planned(server, desired, look)
    if plan is None or not desired.present or plan.outcome == "skipped":
        return
    server.apply(plan)
    stored = server.connectors["kafka_connector"]
    for field, value in desired.fields.items():
        if field == "options":
            assert {o["name"]: o["value"] for o in stored["options"]} == {o["name"]: o["value"] for o in value}
            order = [o["name"] for o in stored["options"] if o["name"].startswith("sasl.")]
            assert order == sorted(order)
        else:
            assert (stored.get(field) or "") == value
    for field in ("sslTruststoreLocation", "sslTruststorePassword", "sslKeystoreLocation", "sslKeystorePassword"):
        assert stored.get(field) == desired.fields.get(field)


@given(servers(), desired_states(), st.booleans())
def test_nobody_loses_a_file(server: Server, desired: DesiredConnector, look: bool) -> None:
    """No connector is left pointing to nothing, and nothing goes that is not ours."""
    assume(not desired.remove_shared_stores)
    before = server.copy()
    plan = planned(server, desired, look)
    if plan is None:
        return
    server.apply(plan)
    for name, connector in server.connectors.items():
        if name in before.connectors or name == "kafka_connector":
            for place in locations(connector):
                assert place in server.files
    for place in before.files.keys() - server.files.keys():
        assert f"/kafka_{PROJECT}_" in place or plan.outcome == "deleted"


@given(servers(), desired_states(), st.booleans(), st.integers(0, 10))
def test_a_killed_run_is_finished_by_the_next(
    server: Server, desired: DesiredConnector, look: bool, steps: int
) -> None:
    plan = planned(server, desired, look)
    if plan is None:
        return
    whole = server.copy()
    whole.apply(plan)
    server.apply(dataclasses.replace(plan, actions=plan.actions[:steps]))
    rest = planned(server, desired, True)
    if rest is None:
        return
    server.apply(rest)
    if desired.keep and "kafka_connector" in whole.connectors and plan.outcome != "created":
        return
    assert {n: _comparable(c) for n, c in server.connectors.items()} == {
        n: _comparable(c) for n, c in whole.connectors.items()
    }


def _comparable(connector: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**connector, "options": sorted((o["name"], o["value"]) for o in connector["options"])}


@given(servers(), desired_states(), st.randoms(use_true_random=False))
def test_order_never_matters(server: Server, desired: DesiredConnector, source: random.Random) -> None:
    """Of keys, files, other connectors, what a directory lists. That of options is what the dialect makes it."""
    plan = planned(server, desired, True)
    shuffled = server.copy()
    for mapping in (shuffled.connectors, shuffled.files, *shuffled.connectors.values()):
        items = list(mapping.items())
        source.shuffle(items)
        mapping.clear()
        mapping.update(items)  # type: ignore[arg-type]
    keys = list(desired.fields)
    source.shuffle(keys)
    again = planned(shuffled, dataclasses.replace(desired, fields={key: desired.fields[key] for key in keys}), True)
    assert again == plan


@given(
    st.dictionaries(NAMES.filter(lambda name: "sasl" not in name), VALUES, max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_order_of_declared_properties_never_matters(properties: dict[str, str], source: random.Random) -> None:
    base = {"bootstrap.servers": "a:1", "security.protocol": "PLAINTEXT", **properties}
    names = list(base)
    source.shuffle(names)
    one, other = (
        dialect_connector.connector(KafkaDeclaration(given)) for given in (base, {name: base[name] for name in names})
    )
    assert one == other


@given(servers(), desired_states())
def test_no_secret_is_shown(server: Server, desired: DesiredConnector) -> None:
    canary = "canary-secret-value"
    for connector in server.connectors.values():
        connector["sslKeyPassword"] = canary
        connector["options"].append({"name": "sasl.jaas.config", "value": canary})
    secret = dataclasses.replace(desired, fields={**desired.fields, "sslKeyPassword": canary + "-too"})
    plan = planned(server, secret, True)
    if plan is not None:
        assert canary not in str([change.to_result() for change in plan.changes])
        assert canary not in repr(plan)
        assert MASK in str([change.to_result() for change in plan.changes]) or plan.outcome == "unchanged"


@given(servers())
def test_what_information_shows_holds_no_secret_and_all_the_rest(server: Server) -> None:
    for connector in server.connectors.values():
        shown = connector_info.masked_connector(connector)
        declared, left_out = connector_info.declaration(PROJECT, connector)
        assert shown.get("sslTruststorePassword") in (None, MASK)
        # A value may itself be the mask: what counts is that it is the one given.
        fields = {name: connector.get(field) for name, field in dialect_connector.FIELDS.items()}
        values = {**fields, **{option["name"]: option["value"] for option in connector["options"]}}
        assert all(values[name] == value for name, value in declared["properties"].items())
        given_names = {option["name"] for option in connector["options"]}
        assert given_names <= declared["properties"].keys() | set(left_out)
