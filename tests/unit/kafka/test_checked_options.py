"""Options are checked as ansible-core checks them, and nothing of a secret is shown, whatever is wrong."""

from __future__ import annotations

import typing as t
import uuid

import pytest
from ansible.module_utils.common import arg_spec
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import checked_options
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.checked_options import check_options
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe_task

SECRET = f"s{uuid.uuid4().hex}"
SERVER = {"host": "h", "api_key": SECRET}
TASKS = (connector_task.TASK, variables_task.TASK, probe_task.TASK)


def test_right_options_come_with_their_defaults_and_types() -> None:
    given = {**SERVER, "port": "8443", "properties": f"acks=all x.y={SECRET}", "truststore": {"path": "/a"}}
    options, shown, error = check_options(connector_task.TASK, given)
    assert error == ""
    assert options["port"] == 8443 and options["workers"] == 25 and options["api_key"] == SECRET
    assert options["properties"] == {"acks": "all", "x.y": SECRET}
    assert shown["port"] == 8443 and shown["truststore"]["path"] == "/a" and shown["project_query"] is None
    assert shown["properties"] == {"acks": "all", "x.y": "********"}
    assert SECRET not in str(shown)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"truststore": SECRET}, "option truststore: it must be a dictionary. Give {path: …}."),
        ({"properties": [SECRET]}, "option properties: it must be a dictionary. Give {name: …}."),
        ({"slice": SECRET}, "option slice: it must be a dictionary. Give {index: …, count: …}."),
        ({"slice": 5}, "option slice: it must be a dictionary. Give {index: …, count: …}."),
        (
            {"keystore": {"pasword": SECRET, "path": "/a"}},
            "parameters for (kafka_connector) module: keystore",
        ),
        ({"keystore": {"pasword": SECRET}}, "one of the following is required: path, content found in keystore"),
        ({"pasword": SECRET}, "Unsupported parameters for (kafka_connector) module: pasword"),
        ({"properties": {"x": SECRET}, "project_query": SECRET, "projects": [{SECRET: SECRET}]}, "mutually exclusive"),
        ({"keystore": {"password": {"a": SECRET}, "path": "/a"}}, "option password: it must be a single value."),
        ({"keystore": {1: SECRET}}, "option keystore: each of its keys must be a text. Give some of path, content"),
        ({"api_key": {"a": SECRET}}, "option api_key: it must be a single value. Give a text or a number."),
        ({"projects": {"x": SECRET}}, "option projects: it must be a list. Give a list, even of a single item."),
        ({"exclude": [{"x": SECRET}]}, "option exclude: it must be a list of single values. Give texts or numbers."),
        ({"existing": {"x": SECRET}}, "option existing: it must be a single value"),
        ({"state": [SECRET]}, "option state: it must be a single value"),
        ({"port": float("inf")}, "option port: it must be a single value"),
    ],
    ids=lambda value: str(value).replace(SECRET, "")[:60],
)
def test_wrong_options_are_named_and_not_quoted(wrong: dict[str, t.Any], told: str) -> None:
    given = {**SERVER, "properties": {"acks": "all", "x": SECRET}, **wrong}
    _options, shown, error = check_options(connector_task.TASK, given)
    assert told in error
    assert SECRET not in error.replace("…", "")
    assert SECRET not in str(
        {name: value for name, value in shown.items() if name not in ("project_query", "projects")}
    )
    assert "********" in str(shown)


def test_items_of_a_list_are_named() -> None:
    assert check_options(probe_task.TASK, {"probes": [{"name": "a"}, SECRET]}).shown == {
        "probes": [{"name": "a"}, "********"]
    }
    probes = [{"name": "a"}, "b", {"name": "c", "keystore": SECRET}]
    told = [
        check_options(probe_task.TASK, {"probes": probes[:2]}).error,
        check_options(probe_task.TASK, {"probes": probes[2:]}).error,
    ]
    assert told == [
        "option probes, item 2: it must be a dictionary. Give {name: …}.",
        "option keystore: it must be a dictionary. Give {name: …}.",
    ]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: str(task.name))
def test_an_unexpected_exception_shows_nothing(task: ModuleTask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: t.Any) -> t.NoReturn:
        raise ValueError(SECRET)

    monkeypatch.setattr(checked_options, "mask", broken)
    options, shown, error = check_options(task, {"api_key": SECRET, SECRET: 1})
    assert options == {} and error.startswith("defect in hopsworks.kafka: ValueError")
    assert set(shown.values()) == {"********"} and SECRET not in error


@pytest.mark.parametrize("task", TASKS, ids=lambda task: str(task.name))
def test_ansible_core_takes_nothing_for_a_secret(task: ModuleTask) -> None:
    """It would remove each word of such an option from everything that it prints."""
    spec = checked_options.without_no_log(task.spec())
    validator = arg_spec.ArgumentSpecValidator(spec["argument_spec"])
    given = {"properties": {"a": "all"}, "keystore": {"password": "b", "path": "c"}, "api_key": "d", "variables": ["e"]}
    assert validator.validate(given)._no_log_values == set()


def test_modules_run_by_the_masked_module_alone() -> None:
    from tests.conftest import ROOT

    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        text = path.read_text()
        if "def main(" not in text:
            assert path.name in ("rollout_start.py", "rollout_summary.py")  # their action plugins do all the work
            continue
        assert "run_module(" in text and "AnsibleModule" not in text, path.name
