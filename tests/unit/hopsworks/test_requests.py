# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each request: against the emulator, which is strict where the server is strict."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors, files, projects, variables
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    FILE_EXISTS,
    PATH_NOT_FOUND,
    ApiError,
    AuthenticationError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import ServerSeen, Session, connection

from tests.emulator.fixtures import Emulator, emulator_in_thread
from tests.emulator.samples import kafka_connector, s3_connector

CA = "/Projects/project_1/Resources/ca.jks"


@pytest.fixture
def emulator() -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=2, tls=True) as running:
        yield running


@pytest.fixture
def session(emulator: Emulator) -> t.Iterator[Session]:
    options = {"host": "h", "port": 443, "timeout": 10, "workers": 1, **emulator.connection}
    seen = ServerSeen()
    seen.once = True
    opened = Session(connection(options), seen, lambda _seconds: None)
    yield opened
    opened.close()


@pytest.fixture
def project(session: Session) -> Project:
    return next(found for found in projects.read_all(session) if found.name == "project_1")


@pytest.mark.parametrize("content", [b"four", bytes(range(256)) * 300])
def test_a_file_is_there_as_it_was_sent(emulator: Emulator, session: Session, project: Project, content: bytes) -> None:
    files.upload(session, project, CA, content)
    assert files.size(session, project, CA) == len(content)
    assert files.sizes(session, project, "Resources")[CA] == len(content)
    path = emulator.project_path("project_1") + "/dataset/download/with_auth/Resources/ca.jks"
    assert emulator.api("GET", path).body == content


def test_an_upload_overwrites_nothing(session: Session, project: Project) -> None:
    files.upload(session, project, CA, b"old")
    with pytest.raises(ApiError) as raised:
        files.upload(session, project, CA, b"newer")
    assert raised.value.error_code == FILE_EXISTS
    assert files.size(session, project, CA) == 3


def test_a_file_that_is_not_there_has_no_size_and_is_removed_already(session: Session, project: Project) -> None:
    assert files.size(session, project, CA) is None
    files.remove(session, project, CA)
    files.upload(session, project, CA, b"x")
    files.remove(session, project, CA)
    assert files.size(session, project, CA) is None


def test_another_error_than_a_missing_file_is_told(session: Session, project: Project) -> None:
    with pytest.raises(ApiError) as raised:
        files.size(session, project, "/Projects/project_2/Resources/ca.jks")
    assert raised.value.error_code != PATH_NOT_FOUND


def test_a_file_that_cannot_be_removed_is_an_error(emulator: Emulator, session: Session, project: Project) -> None:
    files.upload(session, project, CA, b"x")
    emulator.set_faults([{"match": {"method": "DELETE"}, "fault": 500}])
    with pytest.raises(ApiError) as raised:
        files.remove(session, project, CA)
    assert raised.value.status == 500


def test_a_key_that_is_refused_ends_the_removal_at_once(emulator: Emulator, session: Session, project: Project) -> None:
    emulator.reset_requests()
    emulator.set_faults([{"match": {}, "fault": 401}])
    with pytest.raises(AuthenticationError):
        files.remove(session, project, CA)
    assert sum(emulator.requests().values()) == 1


def test_a_long_list_of_files_is_read_page_by_page(session: Session, project: Project) -> None:
    class Pages:
        """A directory of 1,203 files; it answers as the server does."""

        def __init__(self) -> None:
            self.asked: list[tuple[int, float]] = []

        def call(self, _method: str, _route: str, _ids: t.Any, query: t.Any, since: float) -> dict[str, t.Any]:
            start, end = query["offset"], query["offset"] + query["limit"]
            self.asked.append((start, since))
            items = [{"attributes": {"name": f"{n}.jks", "size": n}} for n in range(1203)[start:end]]
            return {"items": items, "count": 1203} if items else {"count": 1203}

    pages = Pages()
    found = files.sizes(t.cast(t.Any, pages), project, "Resources")
    assert found == {f"/Projects/project_1/Resources/{n}.jks": n for n in range(1203)}
    assert len(pages.asked) == 3
    assert len({since for _start, since in pages.asked}) == 1, "all pages share the time of one request"


def test_a_connector_from_its_creation_to_its_end(session: Session, project: Project) -> None:
    store = connectors.feature_store_id(session, project)
    assert connectors.get(session, project, store, "kafka_connector") is None
    body = kafka_connector(
        bootstrapServers="b:9092", options=[{"name": "sasl.mechanism", "value": "PLAIN"}], description="first"
    )
    connectors.create(session, project, store, body)
    found = connectors.get(session, project, store, "kafka_connector")
    assert found is not None
    assert (found["name"], found["bootstrapServers"], found["description"]) == ("kafka_connector", "b:9092", "first")
    assert found["options"] == [{"name": "sasl.mechanism", "value": "PLAIN"}]
    assert "externalKafka" not in found

    connectors.replace(session, project, store, {**body, "description": "second", "options": []})
    listed = {one["name"]: one for one in connectors.get_all(session, project, store)}
    assert (listed["kafka_connector"]["description"], listed["kafka_connector"]["options"]) == ("second", [])
    connectors.delete(session, project, store, "kafka_connector")
    assert {one["name"] for one in connectors.get_all(session, project, store)} == {*listed} - {"kafka_connector"}
    connectors.delete(session, project, store, "kafka_connector")


def test_what_clients_are_given(emulator: Emulator, session: Session, project: Project) -> None:
    store = connectors.feature_store_id(session, project)
    managed = connectors.effective(session, project, store)
    assert (managed["id"], managed["externalKafka"]) == (-1, False)
    emulator.set_variables(enable_bring_your_own_kafka="true")
    connectors.create(session, project, store, kafka_connector(bootstrapServers="b:9092"))
    ours = connectors.effective(session, project, store)
    assert (ours["bootstrapServers"], ours["externalKafka"]) == ("b:9092", True)


def test_of_a_connector_of_another_type_nothing_of_kafka_is_read(
    emulator: Emulator, session: Session, project: Project
) -> None:
    other = {**s3_connector(name="s3"), "bootstrapServers": "canary"}
    emulator.control("PUT", "connectors", {"project": "project_1", "connector": other})
    store = connectors.feature_store_id(session, project)
    found = connectors.get(session, project, store, "s3")
    assert found is not None and found["storageConnectorType"] == "S3"
    assert "options" not in found and "canary" not in str(found)


def test_an_error_of_a_connector_is_no_missing_connector(session: Session, project: Project) -> None:
    with pytest.raises(ApiError):
        connectors.get(session, project, 999999, "kafka_connector")
    with pytest.raises(ApiError):
        connectors.feature_store_id(session, dataclasses.replace(project, name="other"))


def test_a_variable_is_written_and_read(session: Session) -> None:
    before = variables.read(session)["enable_bring_your_own_kafka"]
    variables.write(session, before._replace(value="true"))
    after = variables.read(session)
    assert after["enable_bring_your_own_kafka"] == before._replace(value="true")
    assert before.value == "false"
