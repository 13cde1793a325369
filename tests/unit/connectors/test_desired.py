"""The declaration of the cluster and its overrides: as connectors and files for each project."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import Desired
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.desired import (
    ConnectorDeclaration,
    Declarations,
    check_connector,
    overrides_by_project,
)

from tests.unit.kafka import pki

PLAIN = {"bootstrap.servers": "kafka:9092", "security.protocol": "PLAINTEXT"}
LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="{0}" password="S3CRET-{0}";'
SASL = {
    "bootstrap.servers": "kafka:9093",
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "PLAIN",
    "sasl.jaas.config": LOGIN.format("all"),
}
BASE = Desired("", "kafka_connector", description="ours")


def trust() -> dict[str, str]:
    return {"content": pki.authority().pem}


def key() -> dict[str, str]:
    return {"content": pki.client().key_pem() + pki.client().pem}


def common(properties: t.Any = None, **stores: t.Any) -> dict[str, t.Any]:
    return {"properties": PLAIN if properties is None else properties, "truststore": None, "keystore": None, **stores}


# --- the option projects ----------------------------------------------------------------------------------------------


def test_entries() -> None:
    assert overrides_by_project(None) is None
    assert overrides_by_project([]) == {}
    override = {"name": "b", "properties": {"acks": 1}, "truststore": None, "keystore": {}}
    found = overrides_by_project(["a", override, {"name": "c"}])
    assert found == {"a": {}, "b": {"properties": {"acks": 1}, "keystore": {}}, "c": {}}
    assert list(found or ()) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("item", "cause"),
    [
        ("", "neither a name"),
        (" ", "neither a name"),
        (7, "neither a name"),
        (None, "neither a name"),
        ({}, "neither a name"),
        ({"name": " "}, "neither a name"),
        ({"name": 7}, "neither a name"),
        ({"name": "b", "zoo": 1, "password": "S3CRET"}, "it has no password"),
        ({"name": "b", "properties": ["a"]}, "its properties is no dictionary"),
        ({"name": "b", "truststore": "a"}, "its truststore is no dictionary"),
        ({"name": "b", "keystore": "a"}, "its keystore is no dictionary"),
    ],
)
def test_entries_that_are_refused(item: t.Any, cause: str) -> None:
    with pytest.raises(InputError) as raised:
        overrides_by_project(["a", item])
    assert raised.value.subject == "option projects, item 2"
    assert cause in raised.value.cause
    assert "S3CRET" not in str(raised.value)


def test_a_name_given_twice() -> None:
    with pytest.raises(InputError, match="b is given twice") as raised:
        overrides_by_project(["a", "b", {"name": "b"}])
    assert raised.value.subject == "option projects"


# --- one declaration --------------------------------------------------------------------------------------------------


def test_a_declaration_without_stores() -> None:
    wanted = ConnectorDeclaration(common()).wanted(BASE, "fraud", "Resources")
    assert wanted.project == "fraud"
    assert (wanted.name, wanted.description, wanted.files) == ("kafka_connector", "ours", ())
    assert wanted.fields == {
        "bootstrapServers": "kafka:9092",
        "securityProtocol": "PLAINTEXT",
        "sslEndpointIdentificationAlgorithm": "HTTPS",
        "options": [],
    }


def test_a_declaration_with_stores() -> None:
    wanted = ConnectorDeclaration(common(SASL, truststore=trust(), keystore=key())).wanted(
        BASE, "fraud", "Jupyter/kafka"
    )
    places = [wanted.fields["sslTruststoreLocation"], wanted.fields["sslKeystoreLocation"]]
    assert [file.path for file in wanted.files] == places
    for place, role in zip(places, ("truststore", "keystore"), strict=True):
        start, end = "/Projects/fraud/Jupyter/kafka/kafka_fraud_", f"_{role}.jks"
        assert place.startswith(start) and place.endswith(end)
        assert len(place) == len(start) + 8 + len(end)
    assert all(file.content.startswith(b"\xfe\xed\xfe\xed") for file in wanted.files)
    assert wanted.files[0].content != wanted.files[1].content


def test_each_store_is_used_for_what_it_is_given() -> None:
    ssl = {"bootstrap.servers": "kafka:9093", "security.protocol": "SSL"}
    wanted = ConnectorDeclaration(common(ssl, truststore=trust(), keystore=key())).wanted(BASE, "fraud", "Resources")
    assert pki.client().der in wanted.files[1].content and pki.authority().der in wanted.files[0].content


@pytest.mark.parametrize("role", ["truststore", "keystore"])
def test_a_store_that_cannot_be_read_is_named(role: str) -> None:
    with pytest.raises(InputError) as raised:
        ConnectorDeclaration(common(SASL, **{role: {"path": "/no/such/store"}}))
    assert raised.value.subject == f"{role} /no/such/store"


def test_a_lonely_trust_store_gets_company() -> None:
    alone = ConnectorDeclaration(common(SASL, truststore=trust())).wanted(BASE, "fraud", "Resources")
    assert len(alone.files) == 2
    assert alone.fields["sslKeystoreLocation"].endswith("_keystore.jks")


def test_projects_do_not_share_what_they_are_given() -> None:
    declaration = ConnectorDeclaration(common(SASL, truststore=trust()))
    first, second = (declaration.wanted(BASE, name, "Resources") for name in ("a", "b"))
    assert "/a/" in first.fields["sslTruststoreLocation"] and "/b/" in second.fields["sslTruststoreLocation"]
    # But for their names: what they share is converted once, and the same in every run.
    assert all(one.content is other.content for one, other in zip(first.files, second.files, strict=True))
    again = ConnectorDeclaration(common(SASL, truststore=trust())).wanted(BASE, "a", "Resources")
    assert [(file.path, file.content) for file in again.files] == [(file.path, file.content) for file in first.files]


def test_what_a_client_cannot_do_is_told() -> None:
    declaration = ConnectorDeclaration(common({**SASL, "sasl.jaas.config": LOGIN.format('a\\"b')}))
    assert any("Python client" in note for note in declaration.notes)
    assert ConnectorDeclaration(common(SASL)).notes == ()


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ({"properties": {**PLAIN, "ssl.key.password": MASK}}, "property ssl.key.password"),
        ({"properties": {**PLAIN, "sasl.jaas.config": f'password="{MASK}";'}}, "property sasl.jaas.config"),
        ({"properties": SASL, "truststore": {"content": "x", "password": MASK}}, "truststore password"),
        ({"properties": SASL, "keystore": {"content": "x", "password": f"{MASK} (changed)"}}, "keystore password"),
    ],
)
def test_a_mask_is_never_written(options: dict[str, t.Any], subject: str) -> None:
    with pytest.raises(InputError) as raised:
        ConnectorDeclaration(options)
    assert raised.value.subject == subject
    assert "mask" in raised.value.cause


def test_a_declaration_needs_no_more_than_properties() -> None:
    with pytest.raises(InputError) as raised:
        ConnectorDeclaration({})
    assert "bootstrap.servers" in str(raised.value)


# --- overrides --------------------------------------------------------------------------------------------------------


def servers(declarations: Declarations, project: str) -> str:
    return str(declarations.of(project).wanted(BASE, project, "Resources").fields["bootstrapServers"])


def options(declarations: Declarations, project: str) -> dict[str, str]:
    fields = declarations.of(project).wanted(BASE, project, "Resources").fields
    return {option["name"]: option["value"] for option in fields["options"]}


def test_overrides_are_merged_over_the_common_one() -> None:
    overrides = {
        "a": {},
        "b": {"properties": {"sasl.jaas.config": LOGIN.format("b"), "acks": "all"}},
        "c": {"properties": {"bootstrap.servers": "other:9093", "linger.ms": None}},
    }
    found = Declarations(common({**SASL, "linger.ms": 5}), overrides)
    assert [servers(found, name) for name in "abc"] == ["kafka:9093", "kafka:9093", "other:9093"]
    assert "S3CRET-all" in options(found, "a")["sasl.jaas.config"]
    assert "S3CRET-b" in options(found, "b")["sasl.jaas.config"]
    assert "S3CRET-all" in options(found, "c")["sasl.jaas.config"]
    assert [options(found, name).get("linger.ms") for name in "abc"] == ["5", "5", None]
    assert options(found, "b")["acks"] == "all"


def test_without_names_all_have_the_common_one() -> None:
    assert servers(Declarations(common(), None), "whatever") == "kafka:9092"


def test_a_common_one_that_nobody_uses_need_not_be_whole() -> None:
    """Each project names what is missing."""
    own = {"properties": {"bootstrap.servers": "own:9092"}}
    found = Declarations(common({"security.protocol": "PLAINTEXT"}), {"a": own})
    assert servers(found, "a") == "own:9092"
    with pytest.raises(KeyError):
        found.of("b")
    with pytest.raises(InputError):
        Declarations(common({"security.protocol": "PLAINTEXT"}), {"a": own, "b": {}})


OWN_ITEMS = [("acks", "all"), ("client.rack", "ä")]


def test_equal_ones_are_read_once() -> None:
    own, turned = ({"properties": dict(items)} for items in (OWN_ITEMS, OWN_ITEMS[::-1]))
    found = Declarations(common(), {"a": own, "b": turned, "c": {}, "d": {"properties": {}}})
    assert found.of("a") is found.of("b")
    assert found.of("c") is found.of("d")
    assert found.of("a") is not found.of("c")


def test_one_that_is_done_with_is_let_go() -> None:
    found = Declarations(common(), {"a": {"properties": {"acks": "all"}}, "b": {"properties": {"acks": "1"}}})
    found.forget("a")
    with pytest.raises(KeyError):
        found.of("a")
    assert options(found, "b") == {"acks": "1"}


def test_every_fault_is_named() -> None:
    bad = {"properties": {"security.protocol": "NONE"}}
    with pytest.raises(InputError) as raised:
        Declarations(common(), {"a": bad, "b": {}, "c": bad})
    text = str(raised.value)
    assert "project a:" in text and "project c:" in text and "project b:" not in text
    assert ".." not in text


def test_of_many_faults_the_first_are_named() -> None:
    bad = {"properties": {"security.protocol": "NONE"}}
    with pytest.raises(InputError) as raised:
        Declarations(common(), {f"p{number:02}": bad for number in range(12)})
    text = str(raised.value)
    assert "project p09:" in text and "p10" not in text and "and 2 more projects" in text
    with pytest.raises(InputError) as raised:
        Declarations(common(), {f"p{number:02}": bad for number in range(10)})
    assert "project p09:" in str(raised.value) and "more" not in str(raised.value)


def test_notes_are_told_once() -> None:
    odd = {"properties": {"sasl.jaas.config": LOGIN.format('a\\"b')}}
    other = {"properties": {**odd["properties"], "acks": "all"}}
    notes = Declarations(common(SASL), {"a": odd, "b": other, "c": {}}).notes
    assert notes and len(notes) == len(set(notes))


# --- what every connector has -----------------------------------------------------------------------------------------


def test_what_the_server_takes() -> None:
    assert check_connector("kafka_connector", None, "Resources") == []
    assert check_connector("kafka_connector", "d" * 1000, "Jupyter/kafka") == []
    (warning,) = check_connector("n" * 1000, "", "Resources")
    assert "kafka_connector" in warning


@pytest.mark.parametrize(
    ("name", "description", "directory", "subject"),
    [
        ("", None, "Resources", "option name"),
        (" ", None, "Resources", "option name"),
        ("n" * 1001, None, "Resources", "option name"),
        ("types", None, "Resources", "option name"),
        ("a/b", None, "Resources", "option name"),
        ("kafka_connector", "d" * 1001, "Resources", "option description"),
        ("kafka_connector", None, "", "option directory"),
        ("kafka_connector", None, "/", "option directory"),
        ("kafka_connector", None, "/Resources", "option directory"),
        ("kafka_connector", None, "Resources/", "option directory"),
        ("kafka_connector", None, "Resources/../x", "option directory"),
    ],
)
def test_what_the_server_refuses(name: str, description: str | None, directory: str, subject: str) -> None:
    with pytest.raises(InputError) as raised:
        check_connector(name, description, directory)
    assert raised.value.subject == subject
    assert raised.value.cause and raised.value.remedy


def test_base_is_kept() -> None:
    base = dataclasses.replace(BASE, keep=True, remove_shared_stores=True)
    wanted = ConnectorDeclaration(common()).wanted(base, "fraud", "Resources")
    assert (wanted.keep, wanted.present, wanted.remove_shared_stores) == (True, True, True)
