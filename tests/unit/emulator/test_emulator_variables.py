"""Cluster variables: the administrator's routes, the old ones, and reading one."""

from __future__ import annotations

import typing as t

from tests.emulator.fixtures import BASE, Emulator
from tests.emulator.samples import refusal

BYOK = "enable_bring_your_own_kafka"


def _all(emulator: Emulator) -> dict[str, dict[str, t.Any]]:
    document = emulator.api("GET", "/admin/configuration").json()
    assert document["href"].endswith("/admin/configuration")
    assert document["expand"] is True
    assert document["count"] == len(document["items"])
    return {item["name"]: item for item in document["items"]}


def test_the_list(emulator: Emulator) -> None:
    assert _all(emulator)[BYOK] == {"name": BYOK, "value": "false", "visibility": "USER", "hide": False}
    assert _all(emulator)["enable_kafka_storage_connectors"]["value"] == "true"
    assert "online_kafka_storage_connector_name" not in _all(emulator)


def test_set_answers_the_whole_list(emulator: Emulator) -> None:
    body = {"name": BYOK, "value": "true", "visibility": "USER", "hide": False}
    answer = emulator.api("POST", f"/admin/configuration/{BYOK}", body)
    assert answer.status == 200
    assert answer.json()["count"] == len(_all(emulator))
    assert _all(emulator)[BYOK] == body


def test_a_visibility_that_is_left_out_becomes_admin(emulator: Emulator) -> None:
    emulator.api("POST", f"/admin/configuration/{BYOK}", {"name": BYOK, "value": "true"})
    assert _all(emulator)[BYOK] == {"name": BYOK, "value": "true", "visibility": "ADMIN", "hide": False}


def test_a_variable_that_is_new_is_created(emulator: Emulator) -> None:
    name = "online_kafka_storage_connector_name"
    answer = emulator.api("POST", f"/admin/configuration/{name}", {"name": name, "value": "kafka_connector"})
    assert answer.status == 200
    assert _all(emulator)[name]["value"] == "kafka_connector"


def test_what_is_no_variable(emulator: Emulator) -> None:
    assert emulator.api("POST", f"/admin/configuration/{BYOK}", {"value": "x", "visibility": "ALL"}).status == 400
    assert refusal(emulator.api("POST", f"/admin/configuration/{BYOK}", {"name": BYOK}))[:2] == (500, 120000)
    assert _all(emulator)[BYOK]["value"] == "false"


def test_only_administrators(emulator: Emulator) -> None:
    key = emulator.add_key("plain.secret", "pat", roles={"project_1": "Data owner"})
    assert refusal(emulator.api("GET", "/admin/configuration", key=key))[1] == 320003
    assert refusal(emulator.api("POST", f"/admin/configuration/{BYOK}", {"value": "true"}, key))[1] == 320003


def test_read_one(emulator: Emulator) -> None:
    key = emulator.add_key("plain.secret", "pat", roles={"project_1": "Data owner"})
    assert emulator.api("GET", f"/variables/{BYOK}", key=key).json() == {"successMessage": "false"}
    hidden = "/variables/onlinefs_service_thread_number"
    assert emulator.api("GET", hidden).json() == {"successMessage": "10"}
    assert refusal(emulator.api("GET", hidden, key=key))[:2] == (403, 200014)
    assert refusal(emulator.api("GET", "/variables/nothing")) == (404, 100050, "Requested variable not found")


def test_versions_are_public(emulator: Emulator) -> None:
    versions = emulator.send("GET", f"{BASE}/variables/versions").json()
    assert {"software": "hopsworks", "version": "5.2.1"} in versions


def test_the_old_routes_take_tokens_only(emulator: Emulator) -> None:
    body = {"variables": [{"id": BYOK, "value": "true"}]}
    assert refusal(emulator.api("POST", "/admin/variables", body))[:2] == (401, 200003)
    form = b"email=admin@hopsworks.ai&password=password"
    token = emulator.send("POST", f"{BASE}/auth/login", form).headers["authorization"]
    payload = b'{"variables":[{"id":"enable_bring_your_own_kafka","value":"true"}]}'
    headers = {"Authorization": token}
    answer = emulator.send("POST", f"{BASE}/admin/variables", payload, headers)
    assert answer.json() == {"successMessage": "Variables updated"}
    assert _all(emulator)[BYOK] == {"name": BYOK, "value": "true", "visibility": "USER", "hide": False}
    assert emulator.send("POST", f"{BASE}/admin/variables/refresh", b"", headers).status == 200
