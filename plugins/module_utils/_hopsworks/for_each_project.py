# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Select projects, visit them in parallel, stop when nothing further can succeed, and collect the results."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.circuit_breaker import CircuitBreaker
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.fan_out import PerThread, fan_out
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Show
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.progress import Progress

from .projects import Project, Selection, choose
from .request_errors import ApiError, RequestError, TransportError, to_result
from .session import Connection, ServerSeen, Session


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a project failed, or was not attempted.

    :param error: see :func:`request_errors.to_result`.
    :param unreachable: the server did not answer, or was too busy to answer.
    :param cluster_wide: the reason holds for every project.
    :param attempted: whether anything was attempted in the project.
    :param traceback: of a defect of this collection, see :func:`defects.traceback_lines`.
    """

    error: t.Dict[str, t.Any]
    unreachable: bool = False
    cluster_wide: bool = False
    attempted: bool = True
    traceback: str = ""


class VisitResult(t.Protocol):
    """The parts of a result that decide whether to go on, and that are shown as progress."""

    @property
    def changed(self) -> bool: ...

    @property
    def failure(self) -> t.Optional[Failure]: ...


_Result = t.TypeVar("_Result", bound=VisitResult)


@dataclasses.dataclass(frozen=True)
class Visits(t.Generic[_Result]):
    """The results of a task on many projects.

    :param results: one for each project, in the order of the selection.
    :param not_owned: the number of projects that the selection left out because the user is not Data owner there.
    """

    results: t.List[_Result]
    not_owned: int


def for_each_project(
    server: Connection,
    selection: Selection,
    visit: t.Callable[[Session, Project], _Result],
    skip: t.Callable[[Project, Failure], _Result],
    show: t.Optional[Show] = None,
) -> Visits[_Result]:
    """Visit every project of a selection.

    :param visit: does the work in one project and returns its result. Must not raise, see :func:`failure`.
    :param skip: returns the result of a project that is not attempted because others failed.
    :param show: shows a line of progress.
    :raises HopsworksKafkaError: the projects cannot be listed or chosen. Nothing was visited then.
    """
    sessions = new_sessions(server)
    chosen = choose(sessions.get(), selection)
    results = visit_projects(sessions, chosen.projects, server.workers, visit, skip, show)
    return Visits(results, chosen.not_owned)


def new_sessions(server: Connection) -> PerThread[Session]:
    """Return a source of sessions, one for each thread, that share what they learn of the server."""
    seen = ServerSeen()
    return PerThread(lambda: Session(server, seen))


def visit_projects(
    sessions: PerThread[Session],
    projects: t.Sequence[Project],
    workers: int,
    visit: t.Callable[[Session, Project], _Result],
    skip: t.Callable[[Project, Failure], _Result],
    show: t.Optional[Show] = None,
) -> t.List[_Result]:
    """Visit projects in parallel and return the results in their order. The parameters are those above."""
    breaker = CircuitBreaker(workers)
    progress = Progress(len(projects), show)

    def work(project: Project) -> _Result:
        if breaker.reason:
            return skip(project, _not_attempted(breaker.reason))
        return visit(sessions.get(), project)

    def note(result: _Result) -> None:
        failure = result.failure
        if failure is None:
            breaker.note_success()
        elif failure.attempted:
            breaker.note_failure(str(failure.error["message"]), failure.unreachable, failure.cluster_wide)
        progress.note(result.changed, failure is not None and failure.attempted)

    return fan_out(projects, work, workers, note)


def failure(error: Exception) -> Failure:
    """Return the failure for an exception. An unexpected one is a defect, and its text is never shown."""
    known = error if isinstance(error, HopsworksKafkaError) else DefectError(error)
    return Failure(
        to_result(known),
        unreachable=isinstance(known, TransportError) or (isinstance(known, ApiError) and known.temporary),
        cluster_wide=isinstance(known, RequestError) and known.cluster_wide,
        traceback=known.traceback if isinstance(known, DefectError) else "",
    )


def _not_attempted(reason: str) -> Failure:
    error = {
        "reason": "not_attempted",
        "message": f"not attempted, because other projects failed: {reason}",
        "remedy": "Fix that problem, then run the task again",
        "http_status": None,
        "error_code": None,
    }
    return Failure(error, attempted=False)


def selection_from(options: t.Mapping[str, t.Any], names: t.Optional[t.Iterable[str]]) -> Selection:
    """Return the selection from the options that modules share.

    :param names: the names in the option ``projects``; None if it is not given.
    """
    part = options.get("slice")
    return Selection(
        names=None if names is None else list(names),
        query=options.get("project_query"),
        exclude=tuple(options.get("exclude") or ()),
        slice=(part["index"], part["count"]) if part else None,
    )
