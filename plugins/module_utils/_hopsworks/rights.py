# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What an API key may do, found out without writing anything.

No route tells an API key its scopes. But the filter for API keys answers before a resource does anything: 403/320004 if
the key lacks the scope, 403/320003 if its user lacks the role. So a request that can do nothing tells both
(https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/filter/apiKey/ApiKeyFilter.java).
The requests for files name a dataset that does not exist, which the server looks for first (DatasetHelper.java,
getDatasetPath), so that the one DELETE among them finds nothing to delete.
"""

from __future__ import annotations

import typing as t
import uuid

from .answers import unexpected
from .request_errors import DATASET_NOT_FOUND, MISSING_ROLE, MISSING_SCOPE, PATH_NOT_FOUND, ApiError, RequestError
from .session import Session

FEATURESTORE = "FEATURESTORE"
ADMIN = "ADMIN"
#: The scopes for the work in a project. The list of projects itself needs PROJECT.
PROJECT_SCOPES = (FEATURESTORE, "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE")

_FILE = "/project/{project}/dataset/{path}"


class _Probe(t.NamedTuple):
    """A request that shows whether a key has a scope.

    :param proofs: the codes of errors that only a request with the scope gets. Empty if it succeeds then.
    """

    scope: str
    method: str
    route: str
    proofs: t.FrozenSet[int]
    query: t.Optional[t.Mapping[str, t.Any]] = None


_NO_DATASET = frozenset((DATASET_NOT_FOUND, PATH_NOT_FOUND))

_PROBES = (
    _Probe(
        FEATURESTORE,
        "GET",
        "/project/{project}/featurestores/{store}/storageconnectors",
        frozenset(),
        {"offset": 0, "limit": 1},
    ),
    _Probe("DATASET_VIEW", "GET", _FILE, _NO_DATASET),
    # The GET with which flow.js asks for a chunk needs the same scope as the upload (UploadService.java, testMethod).
    _Probe("DATASET_CREATE", "GET", "/project/{project}/dataset/upload/{path}", _NO_DATASET),
    _Probe("DATASET_DELETE", "DELETE", _FILE, _NO_DATASET),
)


class Rights(t.NamedTuple):
    """What a key may do.

    :param missing: the scopes that it lacks.
    :param unknown: what was answered instead, for each scope of which the answer did not tell.
    :param not_admin: its user is not an administrator. None if that was not asked or not answered.
    :param service_user: its user may not write connectors, whatever the scopes.
    """

    missing: t.Tuple[str, ...] = ()
    unknown: t.Tuple[t.Tuple[str, RequestError], ...] = ()
    not_admin: t.Optional[bool] = None
    service_user: bool = False


def read_rights(session: Session, project: int, store: t.Optional[int], admin: bool) -> Rights:
    """Return what the key of a session may do. It takes up to five requests.

    :param project: the id of a project, best one of which the user is a member.
    :param store: the id of its feature store; None if that is not known. Then nothing is said of FEATURESTORE.
    :param admin: also ask whether the key may change variables of the cluster.
    """
    rights = Rights()
    name = f"hopsworks_kafka_rights_{uuid.uuid4().hex}"
    for probe in _PROBES:
        if store is not None or probe.scope != FEATURESTORE:
            path = f"{name}/{name}" if probe.method == "DELETE" else name
            ids = {"project": project, "store": store, "path": path}
            rights = _with(rights, probe.scope, probe.proofs, _answer(session, probe, ids))
    if admin:
        probe = _Probe(ADMIN, "GET", "/admin/configuration", frozenset())
        answer = _answer(session, probe, {})
        if isinstance(answer, ApiError) and answer.error_code == MISSING_ROLE:
            return rights._replace(not_admin=True)
        rights = _with(rights, ADMIN, probe.proofs, answer)
        # The filter looks at the role before it looks at the scope.
        role_is_there = answer is None or (isinstance(answer, ApiError) and answer.error_code == MISSING_SCOPE)
        rights = rights._replace(not_admin=False if role_is_there else None)
    return rights


def _answer(session: Session, probe: _Probe, ids: t.Mapping[str, t.Any]) -> t.Optional[RequestError]:
    """Return the error that a request is answered with; None if it succeeds as it should."""
    try:
        session.call(probe.method, probe.route, ids, query=probe.query)
    except RequestError as error:
        return error
    if probe.proofs:
        return unexpected(f"{probe.method} {probe.route}", "success", expected="an error, as there is no such dataset")
    return None


def _with(rights: Rights, scope: str, proofs: t.Collection[int], answer: t.Optional[RequestError]) -> Rights:
    """Return the rights with what an answer tells of a scope."""
    if answer is None or answer.error_code in proofs:
        return rights
    if answer.error_code == MISSING_SCOPE:
        return rights._replace(missing=(*rights.missing, scope))
    if answer.error_code == MISSING_ROLE:
        return rights._replace(service_user=True)
    return rights._replace(unknown=(*rights.unknown, (scope, answer)))
