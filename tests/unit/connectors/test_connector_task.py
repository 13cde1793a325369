"""The result of kafka_connector when nothing was begun, or something unexpected happened."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task

SECRET = "S3CRET-in-a-text"


def run(monkeypatch: pytest.MonkeyPatch, error: Exception) -> dict[str, t.Any]:
    def connection(options: t.Any) -> t.NoReturn:
        raise error

    monkeypatch.setattr(connector_task, "connection", connection)
    return connector_task.run({}, False, False)


def test_wrong_input(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, InputError("option host", "it is wrong", "Give another"))
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"] == "option host: it is wrong. Give another."
    assert result["error"]["reason"] == "bad_input" and "exception" not in result


def test_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, KeyError(SECRET))
    assert result["failed"] and result["error"]["reason"] == "defect"
    assert "KeyError at _connectors/connector_task.py:" in result["msg"]
    assert "in roll_out" in result["exception"]
    assert SECRET not in str(result)
