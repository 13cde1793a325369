"""The declaration of the cluster and its overrides: as connectors and files for each project."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import gc
import multiprocessing
import pathlib
import tracemalloc
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import (
    DesiredConnector,
    StoreFile,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.desired import (
    MAX_KEPT_STORES,
    ConnectorDeclaration,
    DeclaredConnectors,
    check_connector,
    declare_connectors,
    overrides_by_project,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores

from tests.unit.kafka import pki

PLAIN = {"bootstrap.servers": "kafka:9092", "security.protocol": "PLAINTEXT"}
LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="{0}" password="S3CRET-{0}";'
SASL = {
    "bootstrap.servers": "kafka:9093",
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "PLAIN",
    "sasl.jaas.config": LOGIN.format("all"),
}
BASE = DesiredConnector("", "kafka_connector", description="ours")


def trust() -> dict[str, str]:
    return {"content": pki.authority().pem}


def key() -> dict[str, str]:
    return {"content": pki.client().key_pem() + pki.client().pem}


def common(properties: t.Any = None, **stores: t.Any) -> dict[str, t.Any]:
    return {"properties": PLAIN if properties is None else properties, "truststore": None, "keystore": None, **stores}


def declare_one(options: dict[str, t.Any]) -> ConnectorDeclaration:
    return declare_connectors(options, None).of("any")


# --- the option projects ----------------------------------------------------------------------------------------------


def test_entries() -> None:
    assert overrides_by_project(None) is None
    assert overrides_by_project([]) == {}
    override = {"name": "b", "properties": {"acks": 1}, "truststore": None, "keystore": {}}
    found = overrides_by_project(["a", override, {"name": "c"}])
    assert found == {"a": {}, "b": {"properties": {"acks": 1}, "keystore": {}}, "c": {}}
    assert list(found or ()) == ["a", "b", "c"]


@pytest.mark.parametrize("projects", ["project_1", "a,b", {"name": "a"}, 7])
def test_what_is_no_list_is_refused(projects: t.Any) -> None:
    with pytest.raises(InputError, match="not a list") as raised:
        overrides_by_project(projects)
    assert raised.value.subject == "option projects"


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
        ({"name": "b", "zoo": 1, "password": "S3CRET"}, "unknown key 'password'"),
        ({"name": "b", "properties": ["a"]}, "properties must be a dictionary"),
        ({"name": "b", "truststore": "a"}, "truststore must be a dictionary"),
        ({"name": "b", "keystore": "a"}, "keystore must be a dictionary"),
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
    desired = declare_one(common()).desired(BASE, "fraud", "Resources")
    assert desired.project == "fraud"
    assert (desired.name, desired.description, desired.files) == ("kafka_connector", "ours", ())
    assert desired.fields == {
        "bootstrapServers": "kafka:9092",
        "securityProtocol": "PLAINTEXT",
        "sslEndpointIdentificationAlgorithm": "HTTPS",
        "options": [],
    }


def test_a_declaration_with_stores() -> None:
    desired = declare_one(common(SASL, truststore=trust(), keystore=key())).desired(BASE, "fraud", "Jupyter/kafka")
    places = [desired.fields["sslTruststoreLocation"], desired.fields["sslKeystoreLocation"]]
    assert [file.path for file in desired.files] == places
    for place, role in zip(places, ("truststore", "keystore"), strict=True):
        start, end = "/Projects/fraud/Jupyter/kafka/kafka_fraud_", f"_{role}.jks"
        assert place.startswith(start) and place.endswith(end)
        assert len(place) == len(start) + 8 + len(end)
    assert all(file.load().startswith(b"\xfe\xed\xfe\xed") for file in desired.files)
    assert desired.files[0].load() != desired.files[1].load()


def test_each_store_is_used_for_what_it_is_given() -> None:
    ssl = {"bootstrap.servers": "kafka:9093", "security.protocol": "SSL"}
    desired = declare_one(common(ssl, truststore=trust(), keystore=key())).desired(BASE, "fraud", "Resources")
    assert pki.client().der in desired.files[1].load() and pki.authority().der in desired.files[0].load()


@pytest.mark.parametrize("role", ["truststore", "keystore"])
def test_a_store_that_cannot_be_read_is_named(role: str) -> None:
    with pytest.raises(InputError) as raised:
        declare_one(common(SASL, **{role: {"path": "/no/such/store"}}))
    assert raised.value.subject == f"{role} /no/such/store"


def test_a_lonely_trust_store_gets_company() -> None:
    alone = declare_one(common(SASL, truststore=trust())).desired(BASE, "fraud", "Resources")
    assert len(alone.files) == 2
    assert alone.fields["sslKeystoreLocation"].endswith("_keystore.jks")


def test_projects_do_not_share_what_they_are_given() -> None:
    declaration = declare_one(common(SASL, truststore=trust()))
    first, second = (declaration.desired(BASE, name, "Resources") for name in ("a", "b"))
    assert "/a/" in first.fields["sslTruststoreLocation"] and "/b/" in second.fields["sslTruststoreLocation"]
    # But for their names: what they share is converted once, and the same in every run.
    assert all(one.load() is other.load() for one, other in zip(first.files, second.files, strict=True))
    again = declare_one(common(SASL, truststore=trust())).desired(BASE, "a", "Resources")
    assert [(file.path, file.load()) for file in again.files] == [(file.path, file.load()) for file in first.files]


@pytest.mark.parametrize(
    "properties",
    [
        {"acks": "2"},
        {"auto.offset.reset": "smallest"},
        {"auto.offset.reset": "by_duration:P1D"},
        {"config.providers": "file", "client.id": "${file:/a:b}"},
    ],
)
def test_what_consumers_or_producers_refuse_is_refused(properties: dict[str, str]) -> None:
    with pytest.raises(InputError) as raised:
        declare_connectors(common({**SASL, **properties}), None)
    assert raised.value.subject == f"property {list(properties)[-1]}"


def test_what_a_client_cannot_do_is_told() -> None:
    odd = common({**SASL, "sasl.jaas.config": LOGIN.format('a\\"b')})
    assert any("Python client" in note for note in declare_connectors(odd, None).notes)
    assert declare_connectors(common(SASL), None).notes == ()


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
        declare_one(options)
    assert raised.value.subject == subject
    assert "mask" in raised.value.cause


def test_a_declaration_needs_no_more_than_properties() -> None:
    with pytest.raises(InputError) as raised:
        declare_one({})
    assert "bootstrap.servers" in str(raised.value)


# --- overrides --------------------------------------------------------------------------------------------------------


def servers(declared: DeclaredConnectors, project: str) -> str:
    return str(declared.of(project).desired(BASE, project, "Resources").fields["bootstrapServers"])


def options(declared: DeclaredConnectors, project: str) -> dict[str, str]:
    fields = declared.of(project).desired(BASE, project, "Resources").fields
    return {option["name"]: option["value"] for option in fields["options"]}


def test_overrides_are_merged_over_the_common_one() -> None:
    overrides = {
        "a": {},
        "b": {"properties": {"sasl.jaas.config": LOGIN.format("b"), "acks": "all"}},
        "c": {"properties": {"bootstrap.servers": "other:9093", "linger.ms": None}},
    }
    found = declare_connectors(common({**SASL, "linger.ms": 5}), overrides)
    assert [servers(found, name) for name in "abc"] == ["kafka:9093", "kafka:9093", "other:9093"]
    assert "S3CRET-all" in options(found, "a")["sasl.jaas.config"]
    assert "S3CRET-b" in options(found, "b")["sasl.jaas.config"]
    assert "S3CRET-all" in options(found, "c")["sasl.jaas.config"]
    assert [options(found, name).get("linger.ms") for name in "abc"] == ["5", "5", None]
    assert options(found, "b")["acks"] == "all"


def test_without_names_all_have_the_common_one() -> None:
    assert servers(declare_connectors(common(), None), "whatever") == "kafka:9092"


def test_a_common_one_that_nobody_uses_need_not_be_whole() -> None:
    """Each project names what is missing."""
    own = {"properties": {"bootstrap.servers": "own:9092"}}
    found = declare_connectors(common({"security.protocol": "PLAINTEXT"}), {"a": own})
    assert servers(found, "a") == "own:9092"
    with pytest.raises(KeyError):
        found.of("b")
    with pytest.raises(InputError):
        declare_connectors(common({"security.protocol": "PLAINTEXT"}), {"a": own, "b": {}})


OWN_ITEMS = [("acks", "all"), ("client.rack", "ä")]


def test_equal_ones_are_read_once() -> None:
    own, turned = ({"properties": dict(items)} for items in (OWN_ITEMS, OWN_ITEMS[::-1]))
    found = declare_connectors(common(), {"a": own, "b": turned, "c": {}, "d": {"properties": {}}})
    assert found.of("a") is found.of("b")
    assert found.of("c") is found.of("d")
    assert found.of("a") is not found.of("c")


def test_values_that_python_takes_for_equal_are_different() -> None:
    given = {"a": 1, "b": True, "c": 1.0, "d": "1"}
    found = declare_connectors(common(), {name: {"properties": {"client.id": value}} for name, value in given.items()})
    assert [options(found, name)["client.id"] for name in given] == ["1", "true", "1.0", "1"]


def test_the_declarations_cannot_be_changed() -> None:
    found = declare_connectors(common(), {"a": {"properties": {"acks": "all"}}})
    with pytest.raises(TypeError):
        found.own["a"] = found.of("a")  # type: ignore[index]


# --- stores of many projects ------------------------------------------------------------------------------------------


def own_stores(folder: pathlib.Path, number: int) -> dict[str, t.Any]:
    """Overrides of as many projects, each with a key of its own."""
    overrides = {}
    for index in range(number):
        path = folder / f"{index}.pem"
        path.write_text(pki.client().key_pem() + pki.client().pem)
        # The password makes each store a different one.
        overrides[f"p{index}"] = {"keystore": {"path": str(path), "password": f"S3CRET-{index}"}}
    return overrides


def store(declared: DeclaredConnectors, project: str, role: str) -> StoreFile:
    desired = declared.of(project).desired(BASE, project, "Resources")
    return next(file for file in desired.files if role in file.path)


def test_stores_beyond_the_first_ones_are_read_again_when_needed(tmp_path: pathlib.Path) -> None:
    number = MAX_KEPT_STORES + 2
    declared = declare_connectors(common(SASL, truststore=trust()), own_stores(tmp_path, number))
    for project in ("p0", f"p{number - 1}"):
        keystore = store(declared, project, "keystore")
        content = keystore.load()
        assert keystore.size == len(content) and pki.client().der in content
        assert keystore.path.endswith(stores.file_name("", "keystore", content))
    kept, read_again = (store(declared, project, "keystore") for project in ("p0", f"p{number - 1}"))
    assert kept.load() is kept.load()
    assert read_again.load() is not read_again.load() and read_again.load() == read_again.load()
    # All share the trust store, which is kept.
    assert store(declared, "p0", "truststore").load() is store(declared, f"p{number - 1}", "truststore").load()


def test_a_store_that_changes_during_the_run_is_refused(tmp_path: pathlib.Path) -> None:
    number = MAX_KEPT_STORES + 2
    declared = declare_connectors(common(SASL, truststore=trust()), own_stores(tmp_path, number))
    other = pki.issue("other", issuer=pki.authority())
    (tmp_path / f"{number - 1}.pem").write_text(other.key_pem() + other.pem)
    with pytest.raises(InputError, match="changed while the task was running"):
        store(declared, f"p{number - 1}", "keystore").load()


def memory_of(number: int) -> tuple[int, int]:
    """Return the bytes that declarations of so many projects hold, each with a trust store of its own, and its size."""
    content = "".join(pki.issue(f"ca {index}", authority=True).pem for index in range(20))
    own = {f"p{index}": {"truststore": {"content": content, "password": f"S3CRET-{index}"}} for index in range(number)}
    tracemalloc.start()
    declared = declare_connectors(common(SASL), own)
    size = sum(file.size for file in declared.of("p0").desired(BASE, "p0", "Resources").files)
    gc.collect()
    return tracemalloc.get_traced_memory()[0], size


def test_memory_does_not_grow_with_stores_of_projects() -> None:
    """A project more costs its declaration, about 2 kB, and not its store, more than 8 kB."""
    held = []
    for number in (MAX_KEPT_STORES + 20, MAX_KEPT_STORES + 120):
        # In a process of its own, so that nothing else that was tested counts.
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            held.append(process.submit(memory_of, number).result())
    (fewer, size), (more, _size) = held
    assert size > 8000
    assert (more - fewer) / 100 < size / 2


def test_every_fault_is_named() -> None:
    bad = {"properties": {"security.protocol": "NONE"}}
    with pytest.raises(InputError) as raised:
        declare_connectors(common(), {"a": bad, "b": {}, "c": bad})
    text = str(raised.value)
    assert "project a:" in text and "project c:" in text and "project b:" not in text
    assert ".." not in text


def test_of_many_faults_the_first_are_named() -> None:
    bad = {"properties": {"security.protocol": "NONE"}}
    with pytest.raises(InputError) as raised:
        declare_connectors(common(), {f"p{number:02}": bad for number in range(12)})
    text = str(raised.value)
    assert "project p09:" in text and "p10" not in text and "and 2 more projects" in text
    with pytest.raises(InputError) as raised:
        declare_connectors(common(), {f"p{number:02}": bad for number in range(10)})
    assert "project p09:" in str(raised.value) and "more" not in str(raised.value)


def test_notes_are_told_once() -> None:
    odd = {"properties": {"sasl.jaas.config": LOGIN.format('a\\"b')}}
    other = {"properties": {**odd["properties"], "acks": "all"}}
    notes = declare_connectors(common(SASL), {"a": odd, "b": other, "c": {}}).notes
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
    desired = declare_one(common()).desired(base, "fraud", "Resources")
    assert (desired.keep, desired.present, desired.remove_shared_stores) == (True, True, True)
