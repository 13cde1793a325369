"""Which projects a task is for: by name, query, role and exclusion, in slices, and in which order."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import (
    Chosen,
    Project,
    Selection,
    check,
    choose,
    query_item,
)
from hypothesis import given
from hypothesis import strategies as st

OWNER, SCIENTIST = "Data owner", "Data scientist"


class Server:
    """Stands for the session: the user's projects, and everybody's."""

    def __init__(self, projects: t.Mapping[str, tuple[int, str]], others: t.Mapping[str, int] | None = None) -> None:
        self.calls: list[str] = []
        self._mine = [
            {
                "project": {"id": number, "name": name, "owner": {"email": f"{name}@example.com"}, "created": "2026"},
                "teamRole": role,
                "user": {"email": "me@example.com"},
            }
            for name, (number, role) in projects.items()
        ]
        ids = {**{name: number for name, (number, _role) in projects.items()}, **(others or {})}
        self._all = [{"id": number, "name": name} for name, number in ids.items()]

    def call(self, method: str, route: str, **bounds: t.Any) -> t.Any:
        self.calls.append(f"{method} {route}")
        return self._all if route == "/project/getAll" else self._mine


def select(server: Server, **selection: t.Any) -> Chosen:
    return choose(t.cast(t.Any, server), Selection(**selection))


def names(chosen: Chosen) -> list[str]:
    return [project.name for project in chosen.projects]


@pytest.fixture
def server() -> Server:
    mine = {
        "team_b": (7, OWNER),
        "team_a": (3, OWNER),
        "team_c": (5, SCIENTIST),
        "lab": (4, OWNER),
        "lab_sandbox": (9, OWNER),
    }
    return Server(mine, {"strangers": 8})


def test_all_of_mine_by_id(server: Server) -> None:
    chosen = select(server)
    assert names(chosen) == ["team_a", "lab", "team_b", "lab_sandbox"]
    assert chosen.not_owned == 1
    assert server.calls == ["GET /project"]


def test_named_ones_in_the_order_given(server: Server) -> None:
    chosen = select(server, names=["team_b", "lab", "team_a"])
    assert (names(chosen), chosen.not_owned) == (["team_b", "lab", "team_a"], 0)
    assert server.calls == ["GET /project"]


def test_named_ones_come_whatever_the_role(server: Server) -> None:
    """They fail, each for itself; the others go on."""
    chosen = select(server, names=["strangers", "team_c", "lab"])
    reasons = [
        (project.name, error.reason if (error := project.permission_error()) else None) for project in chosen.projects
    ]
    assert reasons == [("strangers", "not_a_member"), ("team_c", "not_data_owner"), ("lab", None)]
    assert server.calls == ["GET /project", "GET /project/getAll"]


@pytest.mark.parametrize("asked", [["nowhere"], ["lab", "Lab"], ["strangers", "nowhere"]])
def test_names_that_no_project_has(server: Server, asked: list[str]) -> None:
    with pytest.raises(InputError, match=r"project .* does not exist"):
        select(server, names=asked)


def test_many_unknown_names_are_not_all_listed(server: Server) -> None:
    with pytest.raises(InputError, match="x9 and 5 more"):
        select(server, names=[f"x{number}" for number in range(15)])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("[?starts_with(name, 'team_')]", ["team_a", "team_b"]),
        ("[?starts_with(name, 'team_')].name", ["team_a", "team_b"]),
        ("reverse(sort_by(@, &name))", ["team_b", "team_a", "lab_sandbox", "lab"]),
        ("[?role == 'Data owner' && id > `4`]", ["team_b", "lab_sandbox"]),
        ("[?owner == 'lab@example.com'] | [0]", ["lab"]),
        ("[?created == '2026'].project.name", ["team_a", "lab", "team_b", "lab_sandbox"]),
        ("[].project", ["team_a", "lab", "team_b", "lab_sandbox"]),
        ("[?name == 'lab'] | [[0], [0]] | []", ["lab"]),
    ],
)
def test_a_query(server: Server, query: str, expected: list[str]) -> None:
    assert names(select(server, query=query)) == expected


def test_a_query_counts_what_it_passes_over(server: Server) -> None:
    assert select(server, query="[?starts_with(name, 'team_')]").not_owned == 1


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("[?name ==", "not a JMESPath expression"),
        ("[?starts_with(id, 'x')]", "it fails"),
        ("[?name == 'x']", "matches none of the 5"),
        ("[].id", "neither projects nor names"),
        ("length(@)", "neither projects nor names"),
    ],
)
def test_a_query_that_cannot_be_meant(server: Server, query: str, cause: str) -> None:
    with pytest.raises(InputError, match=cause) as raised:
        select(server, query=query)
    assert raised.value.subject == "option project_query"


def test_a_query_is_checked_before_the_first_request() -> None:
    with pytest.raises(InputError):
        check(Selection(query="[?"))


def test_exclusion_by_name_and_pattern(server: Server) -> None:
    assert names(select(server, exclude=["team_?", "lab"])) == ["lab_sandbox"]
    assert names(select(server, names=["team_b", "lab_sandbox"], exclude=["*_sandbox"])) == ["team_b"]
    assert names(select(server, query="[?id > `3`]", exclude=["LAB*", "team_b"])) == ["lab", "lab_sandbox"]
    with pytest.raises(InputError, match="no project is selected out of the 5"):
        select(server, exclude=["*"])


def test_nothing_of_mine_is_an_error() -> None:
    with pytest.raises(InputError, match="Data owner in none of the 2"):
        select(Server({"a": (1, SCIENTIST), "b": (2, SCIENTIST)}))
    with pytest.raises(InputError, match="no project is selected out of the 0"):
        select(Server({}))


@pytest.mark.parametrize(
    "selection",
    [
        Selection(names=[]),
        Selection(names=["a", "a"]),
        Selection(slice=(2, 2)),
        Selection(slice=(-1, 2)),
        Selection(slice=(0, 0)),
    ],
)
def test_what_is_refused_without_a_server(selection: Selection) -> None:
    with pytest.raises(InputError):
        check(selection)


def test_a_query_sees_all_that_the_server_says() -> None:
    entry = Server({"a": (1, OWNER)}).call("GET", "/project")[0]
    seen = query_item(Project(1, "a", OWNER), entry)
    assert (seen["id"], seen["name"], seen["role"], seen["owner"], seen["created"]) == (
        1,
        "a",
        OWNER,
        "a@example.com",
        "2026",
    )
    assert seen["user"] == {"email": "me@example.com"}
    by_address = {"project": {"id": 1, "name": "a", "owner": "x@example.com"}}
    assert query_item(Project(1, "a", None), by_address)["owner"] == "x@example.com"


ids = st.lists(st.integers(1, 10**6), min_size=1, max_size=40, unique=True)


@given(ids, st.integers(1, 12), st.booleans(), st.randoms())
def test_slices_are_disjoint_and_complete(numbers: list[int], count: int, by_name: bool, random: t.Any) -> None:
    """In whatever order the server lists the projects."""
    mine = {f"p{number}": (number, OWNER) for number in numbers}
    asked = list(mine) if by_name else None
    whole = names(select(Server(mine), names=asked))
    parts = []
    for index in range(count):
        listed = list(mine.items())
        random.shuffle(listed)
        parts.append(names(select(Server(dict(listed)), names=asked, slice=(index, count))))
    together = [name for part in parts for name in part]
    assert sorted(together) == sorted(whole)
    assert len(set(together)) == len(together)
    # Within a slice the order is that of the whole.
    assert all(part == [name for name in whole if name in part] for part in parts)


@given(ids, st.integers(2, 6))
def test_a_project_that_goes_moves_no_other_to_another_slice(numbers: list[int], count: int) -> None:
    mine = {f"p{number}": (number, OWNER) for number in [*numbers, 10**6 + 1]}
    fewer = dict(list(mine.items())[1:])
    for index in range(count):
        before = set(names(select(Server(mine), slice=(index, count))))
        gone = next(iter(mine))
        if before - {gone} or fewer:
            assert set(names(select(Server(fewer), slice=(index, count)))) == before - {gone}


def test_a_slice_may_be_empty() -> None:
    """More slices than projects is no error of any of them."""
    assert names(select(Server({"a": (4, OWNER)}), slice=(1, 2))) == []
