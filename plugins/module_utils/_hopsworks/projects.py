# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""List the projects of a user, and select those for a task.

https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/project/ProjectService.java
"""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError, MissingLibraryError

from .answers import PROJECT_LIST, AnswerReader, Object
from .request_errors import ApiError
from .session import Session

#: The role that may write connectors. The server checks it in the project that owns the feature store.
DATA_OWNER = "Data owner"

#: The states of a new project. JSON may contain the name or the number of the state (CreationStatus.java).
STATUSES = ("DONE", "ONGOING", "FAILED")
DONE = STATUSES[0]

#: The number of unknown names that an error lists.
_MAX_LISTED = 10

#: The number of characters of jmespath's own message that are quoted: it may repeat a value.
_MAX_REASON = 300


@dataclasses.dataclass(frozen=True)
class Project:
    """A project as the user of the API key sees it.

    :param role: ``Data owner`` or ``Data scientist``; None if the user is not a member.
    :param status: how far its creation is, one of STATUSES.
    """

    id: int
    name: str
    role: t.Optional[str]
    status: str = DONE

    def not_done(self) -> t.Optional[str]:
        """Return why nothing can be done in it yet; None if Hopsworks has created it completely."""
        if self.status == DONE:
            return None
        return f"Hopsworks has not created this project completely (its creation is {self.status})"

    def permission_error(self) -> t.Optional[ApiError]:
        """Return why its connectors cannot be written; None if they can."""
        if self.role == DATA_OWNER:
            return None
        remedy = "Make that user a Data owner of it"
        if self.role is None:
            cause = "the user of the API key is not a member of this project"
            return ApiError("not_a_member", cause, f"{remedy}; an administrator needs that too")
        cause = f"the user of the API key is {self.role} in this project, and only a Data owner may write connectors"
        return ApiError("not_data_owner", cause, remedy)


@dataclasses.dataclass(frozen=True)
class Selection:
    """The selection of projects for a task.

    :param names: the projects, in this order; None for all in which the user is Data owner.
    :param query: a JMESPath expression over :func:`query_item`, instead of names.
    :param exclude: names, or shell patterns, to leave out.
    :param slice: ``(index, count)``: those projects whose id divided by ``count`` leaves the remainder ``index``.
    """

    names: t.Optional[t.Sequence[str]] = None
    query: t.Optional[str] = None
    exclude: t.Sequence[str] = ()
    slice: t.Optional[t.Tuple[int, int]] = None


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The projects of a selection.

    :param projects: in the order given, else by id. Named ones are here whatever the role in them.
    :param not_owned: how many the selection left out, because the user is not Data owner there.
    """

    projects: t.List[Project]
    not_owned: int = 0


class Membership(t.NamedTuple):
    """A project of the user, and everything that the server returns about it (ProjectTeam.java)."""

    project: Project
    sent: Object


def check(selection: Selection) -> None:
    """Check what can be checked without the server.

    :raises InputError: no or repeated names, a query that is not a JMESPath expression, a slice that does not exist.
    """
    if selection.names is not None:
        if not selection.names:
            raise InputError("option projects", "the list is empty", "Omit it to select all projects that you own")
        twice = [name for name, count in collections.Counter(selection.names).items() if count > 1]
        if twice:
            raise InputError("option projects", f"{_listed(twice)} is given twice", "Name each project once")
    if selection.query is not None:
        _compiled(selection.query)
    if selection.slice is not None:
        index, count = selection.slice
        if not 0 <= index < count:
            remedy = "Give a count of at least 1, and an index from 0 to count - 1"
            raise InputError("option slice", f"there is no index {index} of {count}", remedy)


def choose(session: Session, selection: Selection) -> Chosen:
    """Return the projects of a selection.

    It takes one request, and a second one if a name is not among the user's projects.

    :raises InputError: as :func:`check`, names that no project has, a query that matches nothing.
    """
    check(selection)
    memberships = read_memberships(session)
    chosen = choose_from(selection, memberships, lambda: read_all(session))
    if not chosen.projects and selection.names is None and selection.slice is None:
        cause = f"the user of the API key is Data owner in none of the {chosen.not_owned} selected"
        raise InputError("projects", cause, "Make that user a Data owner of them")
    return chosen


def choose_from(
    selection: Selection, memberships: t.Sequence[Membership], everyone: t.Callable[[], t.Sequence[Project]]
) -> Chosen:
    """Return the projects of a selection out of the lists of the server. Pure but for ``everyone``.

    :param memberships: the projects of the user, by id.
    :param everyone: returns all projects of the cluster. Called if a name is not among the user's projects.
    :raises InputError: names that no project has, or nothing is selected.
    """
    mine = {membership.project.name: membership.project for membership in memberships}
    if selection.names is not None:
        chosen = _named(selection.names, mine, everyone, "option projects")
    elif selection.query is not None:
        chosen = _named(_matches(selection.query, memberships), mine, everyone, "option project_query")
    else:
        chosen = list(mine.values())
    chosen = [project for project in chosen if not _excluded(project.name, selection.exclude)]
    if not chosen:
        cause = f"no project is selected out of the {len(mine)} of which the API key's user is a member"
        raise InputError("projects", cause, "Check projects, project_query and exclude")
    chosen = [project for project in chosen if in_slice(project, selection.slice)]
    if selection.names is not None:
        return Chosen(chosen)
    owned = [project for project in chosen if project.role == DATA_OWNER]
    return Chosen(owned, len(chosen) - len(owned))


def in_slice(project: Project, part: t.Optional[t.Tuple[int, int]]) -> bool:
    """Tell whether a project is in a slice ``(index, count)``.

    By id, not by place: a project that comes or goes moves no other one to another slice.
    """
    return part is None or project.id % part[1] == part[0]


def read_memberships(session: Session) -> t.List[Membership]:
    """Return the projects of which the user is a member, by id."""
    reader = AnswerReader("GET /project")
    found = []
    for item in reader.objects(session.call("GET", "/project", bounds=PROJECT_LIST)):
        role = reader.optional_name(item, "teamRole")
        found.append(Membership(_project(reader, reader.object(item.get("project"), "project"), role), item))
    return sorted(found, key=lambda membership: membership.project.id)


def read_all(session: Session) -> t.List[Project]:
    """Return every project of the cluster, by id, without the user's roles. Every user may list them."""
    reader = AnswerReader("GET /project/getAll")
    listed = reader.objects(session.call("GET", "/project/getAll", bounds=PROJECT_LIST))
    return sorted((_project(reader, item, None) for item in listed), key=lambda project: project.id)


def _project(reader: AnswerReader, item: Object, role: t.Optional[str]) -> Project:
    status = item.get("creationStatus")
    if isinstance(status, int) and 0 <= status < len(STATUSES):
        status = STATUSES[status]
    elif status is not None:
        status = reader.name(item, "creationStatus")
    return Project(reader.integer(item, "id"), reader.name(item, "name"), role, status or DONE)


def query_item(project: Project, sent: Object) -> Object:
    """Return the input of a query: ``name``, ``id``, ``role``, ``owner``, ``created``, and all that the server sent."""
    details = sent["project"]
    owner = details.get("owner")
    return {
        **sent,
        "id": project.id,
        "name": project.name,
        "role": project.role,
        "owner": owner.get("email") if isinstance(owner, dict) else owner,
        "created": details.get("created"),
    }


def _excluded(name: str, patterns: t.Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


#: The errors of jmespath: JMESPathError, which is a ValueError, and those of a function with an unexpected value.
_QUERY_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


def _compiled(query: str) -> t.Any:
    try:
        import jmespath  # noqa: PLC0415  (most tasks have no query)
    except ImportError as error:
        raise MissingLibraryError("jmespath", "for project_query", error) from error
    try:
        return jmespath.compile(query)
    except RecursionError:
        raise _nested_too_deeply() from None
    except _QUERY_ERRORS as error:
        cause = f"it is not a JMESPath expression: {_first_line(error)}"
        raise InputError("option project_query", cause, _EXAMPLE) from None


_EXAMPLE = "Write it for example as [?starts_with(name, 'team_')]"


def _nested_too_deeply() -> InputError:
    return InputError("option project_query", "the expression is nested too deeply", _EXAMPLE)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".: ")[:_MAX_REASON]


def _matches(query: str, memberships: t.Sequence[Membership]) -> t.List[str]:
    """Return the names of the projects that a query selects."""
    try:
        found = _compiled(query).search([query_item(*membership) for membership in memberships])
    except RecursionError:
        raise _nested_too_deeply() from None
    except _QUERY_ERRORS as error:
        raise InputError("option project_query", f"it fails: {_first_line(error)}", _EXAMPLE) from None
    if not isinstance(found, list):
        found = [] if found is None else [found]
    names = [_name(item) for item in found]
    if None in names:
        raise InputError("option project_query", "its result is neither projects nor names of projects", _EXAMPLE)
    if not names:
        raise InputError(
            "option project_query",
            f"it matches none of the {len(memberships)} projects of which the API key's user is a member",
            "Compare it with the names of the projects",
        )
    return list(dict.fromkeys(name for name in names if name is not None))


def _name(item: t.Any) -> t.Optional[str]:
    if isinstance(item, dict):
        project = item.get("project")
        item = item.get("name") or (project.get("name") if isinstance(project, dict) else None)
    return item if isinstance(item, str) else None


def _named(
    names: t.Sequence[str],
    mine: t.Mapping[str, Project],
    everyone: t.Callable[[], t.Sequence[Project]],
    option: str,
) -> t.List[Project]:
    """Return the project of each name. Projects of which the user is not a member have no role."""
    others: t.Mapping[str, Project] = {}
    if any(name not in mine for name in names):
        # That tells a project of others from one that does not exist.
        others = {project.name: project for project in everyone()}
    unknown = [name for name in names if name not in mine and name not in others]
    if unknown:
        remedy = "Check the spelling, upper and lower case too"
        raise InputError(option, f"project {_listed(unknown)} does not exist", remedy)
    return [mine.get(name) or others[name] for name in names]


def _listed(names: t.Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more
