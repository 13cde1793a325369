# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The projects that a user can see, and which of them a task is for."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError, MissingLibraryError

from .request_errors import ApiError, TransportError
from .session import Session

#: The role that may write connectors. The server checks it in the project that owns the feature store.
DATA_OWNER = "Data owner"

#: How many unknown names an error lists.
_NAMED = 10

Entry = t.Dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Project:
    """A project as the user of the API key sees it.

    :param role: ``Data owner`` or ``Data scientist``; None where the user is no member.
    """

    id: int
    name: str
    role: t.Optional[str]

    def refused(self) -> t.Optional[ApiError]:
        """Why its connectors cannot be written; None where they can."""
        if self.role == DATA_OWNER:
            return None
        if self.role is None:
            return ApiError(
                "not_a_member",
                "the user of the API key is no member of this project",
                "Make that user a Data owner of it; to administer the cluster is not enough",
            )
        return ApiError(
            "not_data_owner",
            f"the user of the API key is {self.role} in this project, and only a Data owner may write connectors",
            "Make that user a Data owner of it",
        )


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which projects a task is for.

    :param names: these, in this order; None for all in which the user is Data owner.
    :param query: a JMESPath expression over :func:`described`, instead of names.
    :param exclude: names, or shell patterns, to leave out.
    :param part: ``(index, count)``: of every ``count`` projects that one whose id leaves the remainder ``index``.
    """

    names: t.Optional[t.Sequence[str]] = None
    query: t.Optional[str] = None
    exclude: t.Sequence[str] = ()
    part: t.Optional[t.Tuple[int, int]] = None


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The projects of a selection.

    :param projects: in the order given, else by id. Named ones are here whatever the role in them.
    :param not_owned: how many the selection passed over, because the user is not Data owner there.
    """

    projects: t.List[Project]
    not_owned: int = 0


def check(selection: Selection) -> None:
    """What can be said of a selection without the server.

    :raises InputError: no or repeated names, a query that is no JMESPath expression, a slice that there is not.
    """
    if selection.names is not None:
        if not selection.names:
            raise InputError("option projects", "the list is empty", "Leave it out for all projects of yours")
        seen: t.Set[str] = set()
        twice = [name for name in selection.names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
        if twice:
            raise InputError("option projects", f"{_listed(twice)} is given twice", "Name each project once")
    if selection.query is not None:
        _compiled(selection.query)
    if selection.part is not None:
        index, count = selection.part
        if not 0 <= index < count:
            raise InputError("option slice", f"there is no index {index} of {count}", "Count from 0 to count - 1")


def choose(session: Session, selection: Selection) -> Chosen:
    """The projects of a selection. One request; a second one only where a name is not among the user's projects.

    :raises InputError: as :func:`check`, names that no project has, a query that matches nothing.
    """
    check(selection)
    entries = sorted(_listed_by(session, "/project"), key=lambda entry: int(entry["project"]["id"]))
    mine = {project.name: project for project in map(_project, entries)}
    if selection.names is not None:
        chosen = _named(session, selection.names, mine, "option projects")
    elif selection.query is not None:
        chosen = _named(session, _matches(selection.query, entries), mine, "option project_query")
    else:
        chosen = list(mine.values())
    chosen = [project for project in chosen if not _excluded(project.name, selection.exclude)]
    if not chosen:
        raise InputError("projects", f"none is left of the {len(mine)} that the API key sees", "Check the selection")
    if selection.part is not None:
        # By id, not by place: a project that comes or goes between two slices moves no other one.
        index, count = selection.part
        chosen = [project for project in chosen if project.id % count == index]
    if selection.names is not None:
        return Chosen(chosen)
    owned = [project for project in chosen if project.role == DATA_OWNER]
    if not owned and selection.part is None:
        raise InputError(
            "projects",
            f"the user of the API key is Data owner in none of the {len(chosen)} chosen",
            "Make that user a Data owner of them",
        )
    return Chosen(owned, len(chosen) - len(owned))


def described(entry: Entry) -> Entry:
    """What a query sees of a project: ``name``, ``id``, ``role``, ``owner``, ``created``, and the rest as sent."""
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


def _listed_by(session: Session, route: str) -> t.List[Entry]:
    listed = session.call("GET", route)
    if isinstance(listed, list):
        return listed
    raise TransportError(
        "not_json",
        "the answer is no list of projects",
        "Check host and port; is there a login page or proxy in between",
        request=f"GET {route}",
    )


def _project(entry: Entry) -> Project:
    return Project(int(entry["project"]["id"]), str(entry["project"]["name"]), entry.get("teamRole"))


def _excluded(name: str, patterns: t.Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _compiled(query: str) -> t.Any:
    try:
        import jmespath  # noqa: PLC0415  (most tasks have no query)
    except ImportError as error:
        raise MissingLibraryError("jmespath", "for project_query", error) from error
    try:
        return jmespath.compile(query)
    except ValueError as error:  # what jmespath.exceptions.JMESPathError is
        raise InputError(
            "option project_query", f"it is no JMESPath expression: {_first_line(error)}", _EXAMPLE
        ) from None


_EXAMPLE = "Write it for example as [?starts_with(name, 'team_')]"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".: ")


def _matches(query: str, entries: t.Sequence[Entry]) -> t.List[str]:
    try:
        found = _compiled(query).search([described(entry) for entry in entries])
    except ValueError as error:
        raise InputError("option project_query", f"it fails: {_first_line(error)}", _EXAMPLE) from None
    if not isinstance(found, list):
        found = [] if found is None else [found]
    names = dict.fromkeys(_name(item) for item in found)
    if None in names:
        raise InputError("option project_query", "it gives something else than projects or their names", _EXAMPLE)
    if not names:
        raise InputError(
            "option project_query",
            f"{query} matches none of the {len(entries)} projects of which the API key's user is a member",
            "Check it against their names",
        )
    return [name for name in names if name is not None]


def _name(item: t.Any) -> t.Optional[str]:
    if isinstance(item, dict):
        project = item.get("project")
        item = item.get("name") or (project.get("name") if isinstance(project, dict) else None)
    return item if isinstance(item, str) else None


def _named(session: Session, names: t.Sequence[str], mine: t.Mapping[str, Project], option: str) -> t.List[Project]:
    """Each name's project; those that the user is no member of come without a role."""
    strange = [name for name in names if name not in mine]
    if not strange:
        return [mine[name] for name in names]
    # Open to every user (ProjectService), so it tells a project that there is not from one of others.
    everybodys = {str(entry.get("name")): entry for entry in _listed_by(session, "/project/getAll")}
    unknown = [name for name in strange if name not in everybodys]
    if unknown:
        raise InputError(option, f"there is no project {_listed(unknown)}", "Check the names, capital letters too")
    others = {name: Project(int(everybodys[name]["id"]), name, None) for name in strange}
    return [mine.get(name) or others[name] for name in names]


def _listed(names: t.Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
