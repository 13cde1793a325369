"""Many projects: the order of results, sessions, the stop when nothing further can succeed, and what a failure is."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import for_each_project as module
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import (
    Failure,
    Visits,
    failure,
    for_each_project,
    selection_from,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Chosen, Project, Selection
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import ApiError, TransportError

BAD_KEY = ApiError("bad_api_key", "the key is wrong", "Check it", status=401, cluster_wide=True)
GONE = TransportError("unreachable", "no connection", "Try again", temporary=True)
SECRET = "S3CRET-in-a-text"


@dataclasses.dataclass
class Visited:
    name: str
    failure: Failure | None = None
    changed: bool = False


class FakeSession:
    """Made once in each thread; all share what is known of the server."""

    def __init__(self, server: Server, seen: t.Any) -> None:
        server.sessions.append(self)
        server.seen.add(id(seen))
        self.thread = threading.get_ident()


@dataclasses.dataclass
class Server:
    workers: int
    sessions: list[FakeSession] = dataclasses.field(default_factory=list)
    seen: set[int] = dataclasses.field(default_factory=set)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    projects = [Project(number, f"p{number}", "Data owner") for number in range(40)]
    monkeypatch.setattr(module, "Session", FakeSession)
    monkeypatch.setattr(module, "choose", lambda session, selection: Chosen(projects, 3))
    return Server(4)


def visit_all(
    server: Server, failing: t.Mapping[str, Exception], show: t.Callable[[str], None] | None = None
) -> Visits[Visited]:
    def visit(session: t.Any, project: Project) -> Visited:
        assert session.thread == threading.get_ident()
        error = failing.get(project.name)
        return Visited(project.name, failure(error) if error else None, changed=True)

    def skip(project: Project, failed: Failure) -> Visited:
        return Visited(project.name, failed)

    return for_each_project(t.cast(t.Any, server), Selection(), visit, skip, show)


def test_results_are_in_the_order_of_the_projects(server: Server) -> None:
    visits = visit_all(server, {})
    assert [result.name for result in visits.results] == [f"p{number}" for number in range(40)]
    assert visits.not_owned == 3
    # One to list the projects, and one for each thread at most.
    assert len(server.sessions) <= 5 and len(server.seen) == 1


def test_one_failure_stops_no_other(server: Server) -> None:
    visits = visit_all(server, {"p7": GONE})
    assert [result.name for result in visits.results if result.failure] == ["p7"]


def test_a_failure_that_holds_for_all_ends_it(server: Server) -> None:
    server.workers = 1
    visits = visit_all(server, {"p7": BAD_KEY})
    reasons = [result.failure and result.failure.error["reason"] for result in visits.results]
    assert reasons == [None] * 7 + ["bad_api_key"] + ["not_attempted"] * 32
    skipped = visits.results[8].failure
    assert skipped is not None and not skipped.attempted and "the key is wrong" in skipped.error["message"]


def test_a_server_that_is_gone_ends_it(server: Server) -> None:
    server.workers = 1
    visits = visit_all(server, {f"p{number}": GONE for number in range(40)})
    reasons = [result.failure and result.failure.error["reason"] for result in visits.results]
    assert reasons == ["unreachable"] * 6 + ["not_attempted"] * 34


def test_progress_counts_what_was_attempted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.workers = 1
    noted: list[tuple[bool, bool]] = []

    class Progress:
        def __init__(self, total: int, show: t.Any) -> None:
            assert total == 40 and show is print

        def note(self, changed: bool, failed: bool) -> None:
            noted.append((changed, failed))

    monkeypatch.setattr(module, "Progress", Progress)
    visit_all(server, {"p1": BAD_KEY}, print)
    assert noted == [(True, False), (True, True)] + [(False, False)] * 38


def test_a_selection_that_fails_ends_it_before_anything(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(session: t.Any, selection: Selection) -> t.NoReturn:
        raise InputError("option projects", "wrong")

    monkeypatch.setattr(module, "choose", choose)
    with pytest.raises(InputError):
        visit_all(server, {})


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "unreachable", "cluster_wide"),
    [
        (BAD_KEY, False, True),
        (GONE, True, False),
        (TransportError("not_json", "x"), True, False),
        (ApiError("unavailable", "x", status=503, temporary=True), True, False),
        (ApiError("forbidden", "x", status=403), False, False),
        (InputError("x", "x"), False, False),
    ],
)
def test_a_known_failure(error: Exception, unreachable: bool, cluster_wide: bool) -> None:
    failed = failure(error)
    assert (failed.unreachable, failed.cluster_wide, failed.attempted) == (unreachable, cluster_wide, True)
    assert failed.traceback == "" and failed.error["reason"] == (getattr(error, "reason", "") or "bad_input")


def test_a_defect_shows_its_line_and_no_value() -> None:
    with pytest.raises(KeyError) as raised:
        raise KeyError(SECRET)
    failed = failure(raised.value)
    assert failed.error["reason"] == "defect" and not failed.unreachable and not failed.cluster_wide
    assert "KeyError at hopsworks/test_for_each_project.py:" in failed.error["message"]
    assert "in test_a_defect_shows_its_line_and_no_value" in failed.traceback
    assert SECRET not in str(failed)


# --- the options that modules share -----------------------------------------------------------------------------------


def test_selection_from_options() -> None:
    assert selection_from({}, None) == Selection()
    options = {"project_query": "[]", "exclude": ["x"], "slice": {"index": 1, "count": 4}}
    assert selection_from(options, ["a"]) == Selection(names=["a"], query="[]", exclude=("x",), slice=(1, 4))
    assert selection_from({"exclude": None, "slice": None}, {"a": {}}).names == ["a"]
