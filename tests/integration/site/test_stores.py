"""Deleted stores, logins of projects, unreadable connectors, projects that are not ready: over the playbooks."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.integration.site.conftest import Bed
from tests.integration.site.test_site import SCRAM

PROJECT = "project_2"
SCOPES = ["PROJECT", "FEATURESTORE", "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE"]


@pytest.fixture(scope="module")
def declared(bed: Bed) -> dict[str, t.Any]:
    """Roll out a declaration with a trust store. The lab's brokers speak no TLS, so no host is looked at."""
    ca = bed.directory / "ca.pem"
    ca.write_bytes(pathlib.Path(bed.note["ca"]).read_bytes())
    given = {
        "hopsworks_kafka_properties": {**SCRAM, "bootstrap.servers": bed.note["bootstrap"]},
        "hopsworks_kafka_truststore": {"path": str(ca)},
        "hopsworks_kafka_onlinefs": "none",
    }
    bed.control("PUT", "variables", {"enable_bring_your_own_kafka": "true"})
    run = bed.play("projects", **given)
    assert run.code == 0, run
    return given


def files(bed: Bed) -> list[str]:
    shown = bed.control("GET", f"state?project={PROJECT}")["projects"][PROJECT]
    return [path for path in shown["files"] if path.endswith(".jks")]


def test_a_store_that_was_deleted_is_found_and_brought_back(bed: Bed, declared: dict[str, t.Any]) -> None:
    present = files(bed)  # the trust store, and the key store that the Python client asks for
    store = present[0]
    assert bed.play("verify", **declared).code == 0
    bed.api("DELETE", f"dataset/{store.split('/', 3)[3].replace('/', '%2F')}", PROJECT)
    assert files(bed) == present[1:]
    verified = bed.play("verify", **declared)
    assert verified.code != 0 and store.rsplit("/", 1)[1] in verified.output.replace("\\n", ""), verified
    unseen = bed.play("projects", hopsworks_kafka_check_files=False, **declared)
    assert unseen.code == 0 and files(bed) == present[1:], unseen
    mended = bed.play("projects", **declared)
    assert mended.code == 0 and mended.changed == {"localhost": 1} and sorted(files(bed)) == sorted(present), mended
    assert bed.play("verify", **declared).code == 0


def test_a_connector_that_nobody_can_read_is_named_and_repaired(bed: Bed, declared: dict[str, t.Any]) -> None:
    body = {"key": "leaver.0123456789", "user": "leaver", "admin": False, "scopes": SCOPES}
    bed.api("DELETE", "featurestores/{store}/storageconnectors/kafka_connector", PROJECT)
    bed.control("POST", "keys", {**body, "roles": {PROJECT: "Data owner"}})
    leaver = {"hopsworks_api_key": body["key"], "hopsworks_kafka_projects": [PROJECT]}
    assert bed.play("projects", **declared, **leaver).code == 0
    bed.control("POST", "keys", {**body, "roles": {}})
    verified = bed.play("verify", **declared)
    assert verified.code != 0 and "the user who created it has left the project" in verified.output, verified
    mended = bed.play("projects", hopsworks_kafka_recreate_unreadable=True, **declared)
    assert mended.code == 0 and mended.changed == {"localhost": 1}, mended
    assert bed.play("verify", **declared).code == 0


def test_projects_that_are_not_ready_do_not_fail_a_run(bed: Bed, declared: dict[str, t.Any]) -> None:
    bed.control("PUT", "projects", {"name": PROJECT, "has_featurestore": False})
    bed.control("PUT", "projects", {"name": "project_3", "status": "ONGOING"})
    try:
        run = bed.play("projects", "-v", **declared)
        assert run.code == 0 and "no feature store yet: project_2" in run.output, run
        verified = bed.play("verify", **declared)
        assert verified.code == 0 and "project_2" in verified.output and "project_3" in verified.output, verified
    finally:
        bed.control("PUT", "projects", {"name": PROJECT, "has_featurestore": True})
        bed.control("PUT", "projects", {"name": "project_3", "status": "DONE"})


def test_the_login_of_a_project_is_tried_for_reading_and_writing(bed: Bed) -> None:
    own = {"name": "project_1", "properties": {"client.id": "own"}}
    topic = {"hopsworks_kafka_project_topic": "{name}_onlinefs"}
    run = bed.play("preflight", "-vvv", hopsworks_kafka_projects=[own], hopsworks_kafka_left_behind="allow", **topic)
    assert run.code == 0, run
    assert '"operations": ["read", "write"]' in " ".join(run.output.split()).replace("[ ", "[").replace(" ]", "]"), run


def test_a_login_of_a_project_is_tried_without_a_topic_too(bed: Bed) -> None:
    own = {"name": "project_1", "properties": {"bootstrap.servers": "127.0.0.1:1"}}
    run = bed.play("preflight", hopsworks_kafka_projects=["project_2", own], hopsworks_kafka_left_behind="allow")
    assert run.code != 0 and "refused" in run.output, run
