# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of a server tell of the rights of a key; releases."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.release import read_release, too_old
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import api_error
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.rights import Rights, read_rights

LIST = "GET /project/{project}/featurestores/{store}/storageconnectors"
VIEW = "GET /project/{project}/dataset/{path}"
CREATE = "GET /project/{project}/dataset/upload/{path}"
DELETE = "DELETE /project/{project}/dataset/{path}"
ADMIN = "GET /admin/configuration"
#: What a server answers to a key that may do everything: status and code.
ALL = {LIST: (200, None), VIEW: (400, 110011), CREATE: (400, 110011), DELETE: (400, 110011), ADMIN: (200, None)}
SCOPE, ROLE = (403, 320004), (403, 320003)


class Server:
    """Answers by request."""

    def __init__(self, answers: t.Mapping[str, tuple[int, int | None]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, t.Mapping[str, t.Any]]] = []

    def call(self, method: str, route: str, ids: t.Mapping[str, t.Any], **_more: t.Any) -> None:
        request = f"{method} {route}"
        self.asked.append((request, ids))
        status, code = self.answers[request]
        if status >= 300:
            raise api_error(request, status, None if code is None else {"errorCode": code})


def rights(ask_admin: bool = True, **answers: tuple[int, int | None]) -> Rights:
    named = {"list": LIST, "view": VIEW, "create": CREATE, "delete": DELETE, "admin": ADMIN}
    server = Server({**ALL, **{named[name]: answer for name, answer in answers.items()}})
    return read_rights(t.cast(t.Any, server), 119, 67, ask_admin)


def test_a_key_that_may_do_everything() -> None:
    assert rights() == Rights(not_admin=False)
    assert rights(ask_admin=False) == Rights(not_admin=None)


@pytest.mark.parametrize(
    ("request_name", "scope"),
    [
        ("list", "FEATURESTORE"),
        ("view", "DATASET_VIEW"),
        ("create", "DATASET_CREATE"),
        ("delete", "DATASET_DELETE"),
        ("admin", "ADMIN"),
    ],
)
def test_a_scope_that_is_missing(request_name: str, scope: str) -> None:
    assert rights(**{request_name: SCOPE}) == Rights(missing=(scope,), not_admin=False)


def test_roles() -> None:
    assert rights(admin=ROLE) == Rights(not_admin=True)
    assert rights(list=ROLE).service_user
    assert not rights(admin=ROLE).service_user


@pytest.mark.parametrize("answer", [(404, None), (500, 120000), (403, 150068), (200, None)])
def test_an_answer_that_tells_nothing_is_not_taken_for_a_right(answer: tuple[int, int | None]) -> None:
    """Not even success: there is no such dataset, so nothing can be deleted from it."""
    for name, scope in (("view", "DATASET_VIEW"), ("create", "DATASET_CREATE"), ("delete", "DATASET_DELETE")):
        found = rights(**{name: answer})
        assert [unknown for unknown, _error in found.unknown] == [scope] and not found.missing
    assert [unknown for unknown, _error in rights(admin=(500, None)).unknown] == ["ADMIN"]
    assert rights(admin=(500, None)).not_admin is None


def test_the_names_cannot_exist_and_the_list_is_not_asked_without_a_store() -> None:
    servers = [Server(ALL), Server(ALL)]
    for server in servers:
        read_rights(t.cast(t.Any, server), 119, None, False)
        assert [request for request, _ids in server.asked] == [VIEW, CREATE, DELETE]
    paths = [{str(ids["path"]).split("/", maxsplit=1)[0] for _request, ids in server.asked} for server in servers]
    assert all(len(of_one) == 1 for of_one in paths) and paths[0] != paths[1]
    assert all(len(name) > 40 for of_one in paths for name in of_one)


def test_the_release_is_that_of_hopsworks() -> None:
    class Answers:
        def __init__(self, found: list[dict[str, t.Any]]) -> None:
            self.found = found

        def call(self, method: str, route: str) -> list[dict[str, t.Any]]:
            return self.found

    both = [{"software": "kafka", "version": "3.9.1"}, {"software": "hopsworks", "version": "3.8.0"}]
    assert read_release(t.cast(t.Any, Answers(both))) == "3.8.0"
    assert read_release(t.cast(t.Any, Answers(both[:1]))) is None
    assert read_release(t.cast(t.Any, Answers([{"software": "hopsworks"}]))) is None


@pytest.mark.parametrize(
    ("release", "old"), [("3.3.9", True), ("0.9", True), ("3.4.0", False), ("10.0", False), ("x", False), (None, False)]
)
def test_releases_without_a_kafka_of_ones_own(release: str | None, old: bool) -> None:
    assert too_old(release) is old
