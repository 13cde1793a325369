"""Which projects a task is for."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import (
    DATA_OWNER,
    Selection,
    check,
    choose,
    read_all,
)
from hypothesis import given, settings
from hypothesis import strategies as st


class Server:
    """Answers the two lists of projects."""

    def __init__(self, roles: dict[str, str | None]) -> None:
        self.roles = roles
        self.asked: list[str] = []

    def call(self, method: str, route: str, **bounds: t.Any) -> list[dict[str, t.Any]]:
        self.asked.append(route)
        projects = [
            {"id": 100 + n, "name": name, "owner": {"email": "o@x"}, "created": "2024"}
            for n, name in enumerate(self.roles)
        ]
        if route == "/project/getAll":
            return projects
        mine = [
            {"project": p, "teamRole": self.roles[p["name"]], "user": {}} for p in projects if self.roles[p["name"]]
        ]
        return mine[::-1]


def names(server: Server, **selection: t.Any) -> list[str]:
    return [project.name for project in choose(t.cast(t.Any, server), Selection(**selection)).projects]


OWNER, SCIENTIST = DATA_OWNER, "Data scientist"
ROLES: dict[str, str | None] = {"a": OWNER, "b": SCIENTIST, "c": OWNER, "team_d": OWNER, "e": None}


def test_all_of_mine_in_the_order_of_ids() -> None:
    server = Server(ROLES)
    chosen = choose(t.cast(t.Any, server), Selection())
    assert [project.name for project in chosen.projects] == ["a", "c", "team_d"]
    assert chosen.not_owned == 1 and server.asked == ["/project"]


def test_named_ones_in_the_order_given_whatever_the_role() -> None:
    server = Server(ROLES)
    chosen = choose(t.cast(t.Any, server), Selection(names=["e", "c", "b"]))
    assert [(project.name, project.role) for project in chosen.projects] == [
        ("e", None),
        ("c", OWNER),
        ("b", SCIENTIST),
    ]
    reasons = [(error := project.permission_error()) and error.reason for project in chosen.projects]
    assert reasons == ["not_a_member", None, "not_data_owner"]
    assert server.asked == ["/project", "/project/getAll"]


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="project nobody, nothing does not exist"):
        names(Server(ROLES), names=["a", "nobody", "nothing"])
    with pytest.raises(InputError, match="and 90 more"):
        names(Server(ROLES), names=[f"x{number}" for number in range(100)])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("[?starts_with(name, 'team_')]", ["team_d"]),
        ("[*].name", ["a", "c", "team_d"]),
        ("[?role == 'Data owner'] | [-1]", ["team_d"]),
        ("[?id > `101`].{name: name}", ["c", "team_d"]),
        ("[?project.name == 'c']", ["c"]),
        ("[?name == 'c' || name == 'c'].name | [@[0], @[0]]", ["c"]),
        ("[?owner == 'o@x' && created == '2024' && name == 'a']", ["a"]),
    ],
)
def test_queries(query: str, found: list[str]) -> None:
    assert names(Server(ROLES), query=query) == found


@pytest.mark.parametrize(
    "query", ["[?", "length(@)", "[].id", "[?name == 'x']", "@[0].name.missing", "abs(name)", "{a: [0]}"]
)
def test_bad_queries(query: str) -> None:
    with pytest.raises(InputError) as refused:
        names(Server(ROLES), query=query)
    assert "project_query" in str(refused.value) or "projects" in str(refused.value)


def test_exclusion() -> None:
    assert names(Server(ROLES), exclude=["a", "team_*"]) == ["c"]
    assert names(Server(ROLES), names=["c", "a"], exclude=["[ab]"]) == ["c"]
    with pytest.raises(InputError, match="no project is selected"):
        names(Server(ROLES), exclude=["*"])


def test_nothing_of_mine() -> None:
    with pytest.raises(InputError, match="Data owner in none"):
        names(Server({"b": SCIENTIST}))
    with pytest.raises(InputError, match="no project is selected"):
        names(Server({}))


@given(st.sets(st.integers(0, 120), min_size=1), st.integers(1, 7))
@settings(deadline=None, max_examples=60, database=None)
def test_slices(numbers: set[int], count: int) -> None:
    """Disjoint, complete, and no project changes its slice because another one came."""
    server = Server({f"p{number}": OWNER for number in range(121)})
    given_names = [f"p{number}" for number in sorted(numbers)]
    parts = [names(server, names=given_names, slice=(index, count)) for index in range(count)]
    assert sorted(name for part in parts for name in part) == sorted(given_names)
    everything = [names(server, slice=(index, count)) for index in range(count)]
    for part, whole in zip(parts, everything, strict=True):
        assert set(part) <= set(whole)


@pytest.mark.parametrize(
    "selection",
    [
        {"names": []},
        {"names": ["a", "b", "a"]},
        {"query": "[?"},
        {"slice": (2, 2)},
        {"slice": (-1, 2)},
        {"slice": (0, 0)},
    ],
)
def test_what_is_refused_without_the_server(selection: dict[str, t.Any]) -> None:
    with pytest.raises(InputError):
        check(Selection(**selection))


def test_not_a_list_of_projects() -> None:
    class Odd(Server):
        def call(self, method: str, route: str, **bounds: t.Any) -> t.Any:
            return {"error": "no list"}

    with pytest.raises(Exception) as raised:
        names(Odd(ROLES))
    assert type(raised.value).__name__ == "TransportError"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, "DONE"),
        (None, "DONE"),
        ("DONE", "DONE"),
        ("ONGOING", "ONGOING"),
        (0, "DONE"),
        (2, "FAILED"),
        ("NEW", "NEW"),
    ],
)
def test_how_far_the_creation_of_a_project_is(sent: t.Any, status: str) -> None:
    class Answers:
        def call(self, method: str, route: str, **bounds: t.Any) -> list[dict[str, t.Any]]:
            return [{"id": 1, "name": "a", **({} if sent == {} else {"creationStatus": sent})}]

    (project,) = read_all(t.cast(t.Any, Answers()))
    assert project.status == status
    assert (project.not_done() is None) is (status == "DONE")
