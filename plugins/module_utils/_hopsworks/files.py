# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Files of a project: the stores of its connector, in one of its datasets (DatasetResource, UploadService)."""

from __future__ import annotations

import typing as t

from .projects import Project
from .request_errors import PATH_NOT_FOUND, ApiError, RequestError
from .session import Session

_FILE = "/project/{project}/dataset/{path}"
_PAGE = 1000

#: More files than this are not looked through in one directory.
_MOST_FILES = 100000


def location(project: str, directory: str, name: str) -> str:
    """The path that a connector names, such as ``/Projects/fraud/Resources/x.jks``."""
    return f"/Projects/{project}/{directory}/{name}"


def size(session: Session, project: Project, path: str) -> t.Optional[int]:
    """Bytes of a file; None where there is none.

    :param path: absolute, as :func:`location` makes it.
    """
    try:
        stat = session.call("GET", _FILE, {"project": project.id, "path": _relative(project, path)})
    except ApiError as error:
        if error.error_code == PATH_NOT_FOUND:
            return None
        raise
    return int(_attributes(stat).get("size") or 0)


def sizes(session: Session, project: Project, directory: str) -> t.Dict[str, int]:
    """The files of a directory by absolute path, in bytes. One request for every thousand of them."""
    found: t.Dict[str, int] = {}
    for offset in range(0, _MOST_FILES, _PAGE):
        page = session.call(
            "GET",
            _FILE,
            {"project": project.id, "path": directory},
            query={"action": "listing", "expand": "inodes", "offset": offset, "limit": _PAGE, "sort_by": "ID:asc"},
        )
        items = [_attributes(item) for item in (page or {}).get("items") or ()]
        for item in items:
            found[location(project.name, directory, str(item.get("name")))] = int(item.get("size") or 0)
        if len(items) < _PAGE:
            break
    return found


def _attributes(item: t.Any) -> t.Dict[str, t.Any]:
    attributes = item.get("attributes") if isinstance(item, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def upload(session: Session, project: Project, path: str, content: bytes) -> None:
    """Puts a file into the project, in one chunk of the form that flow.js sends. The server overwrites nothing.

    :raises ApiError: with the code FILE_EXISTS where there is a file of that name.
    """
    directory, name = _relative(project, path).rsplit("/", 1)
    length = len(content)
    fields: t.Dict[str, t.Any] = {
        "flowChunkNumber": 1,
        "flowChunkSize": length,
        "flowCurrentChunkSize": length,
        "flowTotalSize": length,
        "flowIdentifier": f"{length}_{name}",
        "flowFilename": name,
        "flowRelativePath": name,
        "flowTotalChunks": 1,
        "templateId": -1,
    }
    form: t.Dict[str, t.Any] = {field: (None, str(value)) for field, value in fields.items()}
    form["file"] = (name, content, "application/octet-stream")
    session.call(
        "POST", "/project/{project}/dataset/upload/{path}", {"project": project.id, "path": directory}, form=form
    )


def remove(session: Session, project: Project, path: str) -> None:
    """Deletes a file; one that is gone is no error."""
    try:
        session.call("DELETE", _FILE, {"project": project.id, "path": _relative(project, path)})
    except RequestError as error:
        # What the server answers for a missing file differs between releases; a repeated DELETE finds none either.
        if error.cluster_wide or size(session, project, path) is not None:
            raise


def _relative(project: Project, path: str) -> str:
    prefix = f"/Projects/{project.name}/"
    return path[len(prefix) :] if path.startswith(prefix) else path
