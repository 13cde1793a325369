# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The projects that a user can see, and which of them a task is for."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import InputError, MissingLibraryError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.errors import ApiError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool

JMESPATH_ERROR: t.Optional[ImportError] = None
try:
    import jmespath
    import jmespath.exceptions
except ImportError as error:
    JMESPATH_ERROR = error

#: The role that may write connectors; the server re-checks it for the project that owns the feature store.
DATA_OWNER = "Data owner"


@dataclasses.dataclass(frozen=True)
class Project:
    """A project as the owner of the key sees it.

    :param role: ``Data owner`` or ``Data scientist``; ``None`` where the owner of the key is not a member.
    """

    id: int
    name: str
    role: t.Optional[str]


@dataclasses.dataclass(frozen=True)
class Chosen:
    """A project that a task is for, or a name for which there is none.

    :param project: ``None`` where it can't be worked on; then ``error`` says why.
    """

    name: str
    project: t.Optional[Project]
    error: t.Optional[ApiError] = None


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which projects a task is for.

    :param names: these, in this order; ``None`` for all in which the key's owner is Data owner.
    :param query: a JMESPath expression over :func:`described`, instead of names.
    :param exclude: names or shell patterns that are left out.
    :param part: ``(index, count)``: only every count-th project, beginning with the index-th, by the order of ids.
    """

    names: t.Optional[t.Sequence[str]] = None
    query: t.Optional[str] = None
    exclude: t.Sequence[str] = ()
    part: t.Optional[t.Tuple[int, int]] = None


def read(session: Pool) -> t.List[t.Dict[str, t.Any]]:
    """``GET /project``: one entry for each project that the key's owner is a member of, in the order of their ids."""
    entries = session.call("GET", "/project") or []
    return sorted(entries, key=lambda entry: int(entry["project"]["id"]))


def described(entry: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What a ``project_query`` sees of a project: flat fields first, and the server's own entry besides."""
    project = entry["project"]
    owner = project.get("owner")
    return {
        **entry,
        "id": int(project["id"]),
        "name": str(project["name"]),
        "role": entry.get("teamRole"),
        "owner": owner.get("email") if isinstance(owner, dict) else owner,
        "created": project.get("created"),
    }


def choose(session: Pool, selection: Selection) -> t.List[Chosen]:
    """The projects that a task is for, in a stable order. One request; a second one only where a name is not found.

    :raises InputError: a query that is wrong or matches nothing, names given twice.
    """
    check(selection)
    seen = [described(entry) for entry in read(session)]
    members = {entry["name"]: Project(entry["id"], entry["name"], entry["role"]) for entry in seen}
    if selection.names is not None:
        chosen = _named(session, selection.names, members)
    elif selection.query is not None:
        chosen = _named(session, _matches(selection.query, seen), members)
    else:
        chosen = [Chosen(name, project) for name, project in members.items() if project.role == DATA_OWNER]
    kept = [item for item in chosen if not any(fnmatch.fnmatchcase(item.name, each) for each in selection.exclude)]
    if selection.part is None:
        return kept
    index, count = selection.part
    if selection.names is not None:
        return kept[index::count]
    # By id and not by place: a project that is made or deleted between two slices moves no other one.
    return [item for item in kept if item.project is not None and item.project.id % count == index]


def check(selection: Selection) -> None:
    """What can be said of a selection without the server. :raises InputError: as :func:`choose`."""
    names = list(selection.names or ())
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputError("option projects", f"given more than once: {', '.join(twice)}", "Name each project once")
    if selection.query is not None:
        _compiled(selection.query)
    if selection.part is not None:
        index, count = selection.part
        if not 0 <= index < count:
            raise InputError("option slice", f"index {index} of {count}", "Give an index from 0 to count - 1")


def _compiled(query: str) -> t.Any:
    if JMESPATH_ERROR is not None:
        raise MissingLibraryError("jmespath", "for project_query", JMESPATH_ERROR)
    try:
        return jmespath.compile(query)
    except jmespath.exceptions.JMESPathError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            "option project_query", f"not a JMESPath expression: {first.rstrip(':. ')}", "Try [?starts_with(name, 'a')]"
        ) from None


def _matches(query: str, seen: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[str]:
    try:
        found = _compiled(query).search(list(seen))
    except jmespath.exceptions.JMESPathError as error:
        raise InputError("option project_query", str(error).rstrip("."), "See the fields of a project") from None
    if not isinstance(found, list):
        found = [] if found is None else [found]
    names: t.List[str] = []
    for item in found:
        name = _name(item)
        if name is None:
            raise InputError(
                "option project_query",
                f"it gives {type(item).__name__} items, not projects",
                "Let it give projects or their names",
            )
        if name not in names:
            names.append(name)
    if not names:
        raise InputError(
            "option project_query",
            f"{query} matches none of the {len(seen)} projects of this API key",
            "Check it against the names; it sees only projects of which the key's owner is a member",
        )
    return names


def _name(item: t.Any) -> t.Optional[str]:
    if isinstance(item, dict):
        item = item.get("name") or (item.get("project") or {}).get("name")
    return item if isinstance(item, str) else None


def _named(session: Pool, names: t.Sequence[str], members: t.Mapping[str, Project]) -> t.List[Chosen]:
    """Each name with its project. A project's own faults stay its own: they never stop the others."""
    strangers = {name for name in names if name not in members}
    existing = _all_names(session) if strangers else set()
    chosen = []
    for name in names:
        project = members.get(name)
        if project is None and name in existing:
            error = ApiError(
                "not_a_member",
                "the user of the API key is no member of this project",
                "Make that user a Data owner of it; being an administrator is not enough",
            )
        elif project is None:
            error = ApiError("project_not_found", "there is no such project", "Check its name, also for case")
        elif project.role != DATA_OWNER:
            error = ApiError(
                "not_data_owner",
                f"the user of the API key is {project.role} there, and only a Data owner can change connectors",
                "Make that user a Data owner of this project",
            )
        else:
            chosen.append(Chosen(name, project))
            continue
        chosen.append(Chosen(name, None, error))
    return chosen


def _all_names(session: Pool) -> t.Set[str]:
    """Every project of the cluster. ``GET /project/getAll`` is open to every user (ProjectService)."""
    return {str(project.get("name")) for project in session.call("GET", "/project/getAll") or []}
