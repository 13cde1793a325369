"""From a module's options to what each project is to have."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout import wanted as room
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.projects import Wanted
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.wanted import (
    Declarations,
    check_connector,
    entries,
)

from tests.unit.kafka import pki

PLAIN = {"bootstrap.servers": "b:1", "security.protocol": "PLAINTEXT"}
BASE = Wanted("", "kafka_connector")


def test_entries() -> None:
    assert entries(None) is None
    override = {"properties": {"acks": "all"}}
    assert entries(["b", {"name": "a", **override}, {"name": "c", "keystore": None}]) == {
        "b": {},
        "a": override,
        "c": {},
    }
    assert list(entries(["b", "a"]) or ()) == ["b", "a"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a", "a"], "a is given twice"),
        (["a", {"name": "a"}], "a is given twice"),
        ([""], "item 1"),
        (["a", 3], "item 2"),
        ([{"properties": {}}], "item 1"),
        ([{"name": 3}], "item 1"),
        ([{"name": "a", "props": {}}], "props"),
        ([{"name": "a", "properties": "x"}], "properties"),
    ],
)
def test_bad_entries(given: list[t.Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        entries(given)


def stores(tmp_path: pathlib.Path) -> dict[str, dict[str, str]]:
    ca, identity = pki.authority(), pki.issue("fraud", issuer=pki.authority())
    (tmp_path / "ca.pem").write_text(ca.pem)
    return {
        "truststore": {"path": str(tmp_path / "ca.pem")},
        "keystore": {"content": identity.key_pem() + identity.pem},
    }


def test_a_projects_connector_and_files(tmp_path: pathlib.Path) -> None:
    ssl = {"properties": {"bootstrap.servers": "b:1", "security.protocol": "SSL"}, **stores(tmp_path)}
    declarations = Declarations(ssl, None)
    one, two = (declarations.of(name).wanted(BASE, name, "Resources/kafka") for name in ("one", "two"))
    assert one.project == "one"
    trust, key = one.files
    assert one.fields["sslTruststoreLocation"] == trust.path
    assert one.fields["sslKeystoreLocation"] == key.path
    assert trust.path.startswith("/Projects/one/Resources/kafka/kafka_one_") and trust.path.endswith("_truststore.jks")
    # Shared stores are converted once: the projects differ in names alone.
    assert [file.content for file in one.files] == [file.content for file in two.files]
    assert one.files[0].content is two.files[0].content
    assert [file.path.replace("one", "two") for file in one.files] == [file.path for file in two.files]
    assert one.files == Declarations(ssl, None).of("one").wanted(BASE, "one", "Resources/kafka").files


def test_overrides_are_merged() -> None:
    common = {"properties": {**PLAIN, "acks": "1", "linger.ms": 3}}
    declarations = Declarations(common, {"a": {}, "b": {"properties": {"acks": "all", "linger.ms": None}}})
    options = {
        name: {
            option["name"]: option["value"]
            for option in declarations.of(name).wanted(BASE, name, "R").fields["options"]
        }
        for name in ("a", "b")
    }
    assert options == {"a": {"acks": "1", "linger.ms": "3"}, "b": {"acks": "all"}}


def test_equal_declarations_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[t.Any] = []
    real = room.Declaration
    monkeypatch.setattr(room, "Declaration", lambda *given: read.append(given) or real(*given))
    Declarations({"properties": PLAIN}, {f"p{number}": {"properties": {"acks": "all"}} for number in range(50)})
    assert len(read) == 1


def test_a_common_declaration_that_nobody_uses_need_not_be_whole() -> None:
    Declarations({"properties": {}}, {"a": {"properties": PLAIN}})
    with pytest.raises(InputError, match="bootstrap"):
        Declarations({"properties": {}}, {"a": {"properties": PLAIN}, "b": {}})


def test_all_faults_are_named_with_their_projects() -> None:
    bad = {f"p{number}": {"properties": {"security.protocol": f"BAD{number}"}} for number in range(30)}
    with pytest.raises(InputError) as refused:
        Declarations({"properties": PLAIN}, bad)
    text = str(refused.value)
    assert "project p0: " in text and "project p9: " in text and "and 20 more projects" in text


def test_the_mask_of_a_secret_is_no_secret() -> None:
    with pytest.raises(InputError, match="mask"):
        Declarations({"properties": {**PLAIN, "ssl.truststore.password": "********"}}, None)
    with pytest.raises(InputError, match="mask"):
        Declarations({"properties": PLAIN, "keystore": {"path": "x", "password": "******** (changed)"}}, None)


def test_connectors_that_the_server_would_refuse() -> None:
    assert check_connector("kafka_connector", None, "Resources") == []
    (told,) = check_connector("mine", "x" * 1000, "Resources/kafka")
    assert "mine" in told and "kafka_connector" in told
    for arguments in (
        ("", None, "R"),
        (" ", None, "R"),
        ("x" * 1001, None, "R"),
        ("types", None, "R"),
        ("a/b", None, "R"),
        ("a", "x" * 1001, "R"),
        ("a", None, ""),
        ("a", None, "/R"),
        ("a", None, "R/../../x"),
    ):
        with pytest.raises(InputError):
            check_connector(*arguments)


def test_notes_are_told_once() -> None:
    alone = {"ssl.truststore.location": "/Projects/a/Resources/t.jks", "ssl.truststore.password": "x"}
    common = {"properties": {"bootstrap.servers": "b:1", "security.protocol": "SASL_SSL", **alone}}
    login = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="{}" password="p";'
    overrides = {
        name: {"properties": {"sasl.mechanism": "PLAIN", "sasl.jaas.config": login.format(name)}} for name in ("a", "b")
    }
    notes = Declarations(common, overrides).notes
    assert len([note for note in notes if "Python client" in note]) == 1
