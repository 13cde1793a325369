# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write files of a project: the stores of its connector, in one of its datasets.

https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/dataset/DatasetResource.java
https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-api/src/main/java/io/hops/hopsworks/api/util/UploadService.java
"""

from __future__ import annotations

import time
import typing as t

from .answers import AnswerReader, Object
from .projects import Project
from .request_errors import PATH_NOT_FOUND, ApiError, RequestError
from .session import Session

_FILE = "/project/{project}/dataset/{path}"
_PAGE = 500

#: The number of files of a directory that are listed.
_MAX_FILES = 100000


def location(project: str, directory: str, name: str) -> str:
    """Return the path that a connector names, such as ``/Projects/fraud/Resources/x.jks``."""
    return f"/Projects/{project}/{directory}/{name}"


def size(session: Session, project: Project, path: str) -> t.Optional[int]:
    """Return the size of a file in bytes; None if there is no such file.

    :param path: absolute, as :func:`location` makes it.
    """
    try:
        stat = session.call("GET", _FILE, {"project": project.id, "path": _relative(project, path)})
    except ApiError as error:
        if error.error_code == PATH_NOT_FOUND:
            return None
        raise
    reader = AnswerReader(f"GET {_FILE}")
    return _size(reader, _attributes(reader, reader.object(stat)))


def sizes(session: Session, project: Project, directory: str) -> t.Dict[str, int]:
    """Return the sizes of the files in a directory, by absolute path.

    It takes one request for every 500 files. All of them share the timeout of one.
    """
    found: t.Dict[str, int] = {}
    reader = AnswerReader(f"GET {_FILE}")
    started = time.monotonic()
    for offset in range(0, _MAX_FILES, _PAGE):
        page = session.call(
            "GET",
            _FILE,
            {"project": project.id, "path": directory},
            query={"action": "listing", "expand": "inodes", "offset": offset, "limit": _PAGE, "sort_by": "ID:asc"},
            since=started,
        )
        items = reader.items(reader.object(page), "items", _MAX_FILES)
        for item in items:
            attributes = _attributes(reader, item)
            found[location(project.name, directory, reader.text(attributes, "name"))] = _size(reader, attributes)
        if len(items) < _PAGE:
            break
    return found


def _attributes(reader: AnswerReader, item: Object) -> Object:
    return reader.object(item.get("attributes"), "attributes")


def _size(reader: AnswerReader, attributes: Object) -> int:
    return reader.optional_integer(attributes, "size") or 0


def upload(session: Session, project: Project, path: str, content: bytes) -> None:
    """Upload a file to the project in one chunk, as flow.js does. The server overwrites nothing.

    :raises ApiError: with the code FILE_EXISTS if there is a file of that name.
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
    """Delete a file. A missing one is not an error."""
    try:
        session.call("DELETE", _FILE, {"project": project.id, "path": _relative(project, path)})
    except RequestError as error:
        # What the server answers for a missing file differs between releases; a repeated DELETE finds none either.
        if error.cluster_wide or size(session, project, path) is not None:
            raise


def _relative(project: Project, path: str) -> str:
    prefix = f"/Projects/{project.name}/"
    return path[len(prefix) :] if path.startswith(prefix) else path
