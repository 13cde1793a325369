# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Files of a project: certificates for its connector, in one of its datasets."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.errors import (
    FILE_EXISTS,
    PATH_NOT_FOUND,
    ApiError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project

_PAGE = 1000
_ROUTE = "/project/{project}/dataset/{path}"


def location(project: Project, directory: str, name: str) -> str:
    """The path that a connector names: ``/Projects/fraud/Resources/x.jks``."""
    return f"/Projects/{project.name}/{directory}/{name}"


def _ids(project: Project, path: str) -> t.Dict[str, t.Any]:
    # The path is one segment, its slashes quoted, as the clients send it.
    return {"project": project.id, "path": path}


def size(session: Pool, project: Project, path: str) -> t.Optional[int]:
    """Bytes of the file at a path within the project; ``None`` where it does not exist."""
    try:
        stat = session.call("GET", _ROUTE, _ids(project, path))
    except ApiError as error:
        if error.error_code == PATH_NOT_FOUND:
            return None
        raise
    return int((stat.get("attributes") or {}).get("size") or 0)


def names(session: Pool, project: Project, directory: str) -> t.Set[str]:
    """The names in a directory of the project. One request for every thousand."""
    found: t.Set[str] = set()
    offset = 0
    while True:
        query = {"action": "listing", "offset": offset, "limit": _PAGE, "sort_by": "ID:asc"}
        page = session.call("GET", _ROUTE, _ids(project, directory), query=query)
        items = (page or {}).get("items") or []
        found |= {str((item.get("attributes") or item).get("name")) for item in items}
        offset += _PAGE
        if len(items) < _PAGE:
            return found


def upload(session: Pool, project: Project, directory: str, name: str, content: bytes) -> None:
    """One file in one chunk, as the clients upload (flow.js's form). The server refuses to overwrite."""
    length = str(len(content))
    form = {
        "flowChunkNumber": "1",
        "flowChunkSize": length,
        "flowCurrentChunkSize": length,
        "flowTotalSize": length,
        "flowIdentifier": f"{length}_{name}",
        "flowFilename": name,
        "flowRelativePath": name,
        "flowTotalChunks": "1",
        "templateId": "-1",
    }
    parts: t.Dict[str, t.Any] = {field: (None, value) for field, value in form.items()}
    parts["file"] = (name, content, "application/octet-stream")
    session.call("POST", "/project/{project}/dataset/upload/{path}", _ids(project, directory), form=parts)


def ensure(session: Pool, project: Project, directory: str, name: str, content: bytes) -> None:
    """The file with this content is there. Its name tells its content, so one that is there already is right.

    Only its size is looked at, for an upload that was cut off; then it is replaced, as nothing can use it.
    """
    try:
        upload(session, project, directory, name, content)
    except ApiError as error:
        if error.error_code != FILE_EXISTS:
            raise
        path = f"{directory}/{name}"
        if size(session, project, path) != len(content):
            remove(session, project, path)
            upload(session, project, directory, name, content)


def remove(session: Pool, project: Project, path: str) -> None:
    """Deletes a file; one that is gone already is no error."""
    try:
        session.call("DELETE", _ROUTE, _ids(project, path))
    except ApiError as error:
        if error.error_code != PATH_NOT_FOUND:
            raise
