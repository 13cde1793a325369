"""How overrides merge with the declaration, and the differences that kafka_connector_info returns."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_info, connector_task

from tests.emulator.fixtures import Emulator, emulator_in_thread
from tests.unit.connectors.test_desired import LOGIN, SASL

COMMON = {**SASL, "linger.ms": 5}
OWN = [
    "project_1",
    {"name": "project_2", "properties": {"sasl.jaas.config": LOGIN.format("two"), "linger.ms": None}},
]


@pytest.fixture
def emulator() -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=2, tls=True) as running:
        yield running


def options(emulator: Emulator, **more: t.Any) -> dict[str, t.Any]:
    return {
        **emulator.connection,
        "timeout": 5,
        "workers": 2,
        "name": "kafka_connector",
        "directory": "Resources",
        "effective": False,
        "check_files": False,
        **more,
    }


def seen(emulator: Emulator, **more: t.Any) -> list[dict[str, t.Any]]:
    result = connector_info.read_projects(options(emulator, **more))
    assert "S3CRET" not in str(result)
    assert not result["failed"]
    return t.cast("list[dict[str, t.Any]]", result["results"])


def roll_out(emulator: Emulator, **more: t.Any) -> None:
    whole = {
        "state": "present",
        "existing": "update",
        "remove_shared_stores": False,
        "recreate_unreadable": False,
        **more,
    }
    assert not connector_task.run(options(emulator, **whole), False, False)["failed"]


def test_how_overrides_merge(emulator: Emulator) -> None:
    first, second = seen(emulator, projects=OWN, properties=COMMON)
    login = {"name": "sasl.jaas.config", "value": "********"}
    mechanism = {"name": "sasl.mechanism", "value": "PLAIN"}
    assert first["desired"]["options"] == [{"name": "linger.ms", "value": "5"}, login, mechanism]
    assert second["desired"]["options"] == [login, mechanism]
    assert second["desired"]["bootstrapServers"] == "kafka:9093"
    assert {change["what"] for change in second["differs"]} >= {"bootstrap.servers", "sasl.jaas.config"}


def test_what_differs(emulator: Emulator) -> None:
    roll_out(emulator, projects=OWN, properties=COMMON)
    assert [entry["differs"] for entry in seen(emulator, projects=OWN, properties=COMMON)] == [[], []]
    first, second = seen(emulator, projects=["project_1", "project_2"], properties={**COMMON, "linger.ms": 7})
    assert first["differs"] == [{"what": "linger.ms", "before": "5", "after": "7"}]
    assert [change["what"] for change in second["differs"]] == ["linger.ms", "sasl.jaas.config"]


def test_without_a_declaration_there_is_nothing_to_compare(emulator: Emulator) -> None:
    assert [(entry["desired"], entry["differs"]) for entry in seen(emulator, projects=OWN)] == [(None, None)] * 2


def test_a_declaration_that_cannot_work_is_refused_before_anything_is_read(emulator: Emulator) -> None:
    with pytest.raises(InputError, match="project_2"):
        seen(
            emulator,
            projects=["project_1", {"name": "project_2", "properties": {"security.protocol": "X"}}],
            properties=COMMON,
        )
    assert emulator.requests() == {}
