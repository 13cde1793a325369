"""Files of a project: stat, listing, upload in chunks, download, deletion, directories (DatasetResource.java)."""

from __future__ import annotations

import posixpath
import typing as t

from tests.emulator import errors
from tests.emulator.messages import Response, to_json
from tests.emulator.multipart import form_parts
from tests.emulator.routes.kafka import bare_path
from tests.emulator.routes.table import route
from tests.emulator.routing import Answer, Call
from tests.emulator.state import CREATED, DATA_OWNER, Project

FILES = "/project/{pid}/dataset"
MAX_CHUNKS = 10000
WAREHOUSE = "/apps/hive/warehouse"


def full_path(call: Call) -> str:
    """The absolute path of `{path}`, which may be relative to the project, absolute, or a URI.

    Refused unless it lies in a dataset of the project.
    """
    project, path = call.the_project(), bare_path(call.params["path"])
    if not path.startswith("/"):
        warehouse = call.request.first("type", "DATASET") in ("HIVEDB", "FEATURESTORE")
        path = posixpath.join(WAREHOUSE if warehouse else f"/Projects/{project.name}", path)
    path = "/" + path.strip("/")
    if ".." in path.split("/"):
        raise errors.ApiError(errors.PATH_NOT_FOUND)
    if dataset_of(project, path) not in project.directories:
        raise errors.ApiError(errors.DATASET_NOT_FOUND)
    return path


def dataset_of(project: Project, path: str) -> str:
    """The dataset that a path lies in, whether there is one or not."""
    roots = (f"/Projects/{project.name}/", f"{WAREHOUSE}/")
    root = next((root for root in roots if path.startswith(root)), None)
    return "" if root is None else root + path[len(root) :].split("/")[0]


def children(project: Project, path: str) -> list[str]:
    prefix = path + "/"
    below = [entry for entry in (*project.files, *project.directories) if entry.startswith(prefix)]
    return sorted({prefix + entry[len(prefix) :].split("/")[0] for entry in below})


def is_directory(project: Project, path: str) -> bool:
    return path in project.directories or any(entry.startswith(path + "/") for entry in list(project.files))


def existing_path(call: Call) -> str:
    path = full_path(call)
    if path not in call.the_project().files and not is_directory(call.the_project(), path):
        raise errors.ApiError(errors.PATH_NOT_FOUND)
    return path


def inode(call: Call, path: str) -> dict[str, t.Any]:
    project, user = call.the_project(), call.the_user()
    content = project.files.get(path)
    attributes = {
        "name": posixpath.basename(path),
        "path": path,
        "parentId": 1,
        "size": 0 if content is None else len(content),
        "permission": "drwxrwx---" if content is None else "-rwxrwx---",
        "modificationTime": CREATED,
        "owner": f"{user.name} Hopsworks",
        "group": f"{project.name}__{posixpath.basename(dataset_of(project, path))}",
        "dir": content is None,
        "underConstruction": False,
    }
    href = f"/hopsworks-api/api/project/{project.id}/dataset{path}"
    return {"href": href, "attributes": attributes, "zipState": "NONE"}


@route("GET", FILES + "/{path}", ["DATASET_VIEW"])
def stat_or_list(call: Call) -> Answer:
    path, project = existing_path(call), call.the_project()
    action = call.request.first("action", "stat").lower()
    if action == "listing":
        if path in project.files:
            raise errors.ApiError(errors.PATH_NOT_DIRECTORY)
        entries = children(project, path)
        offset, limit = int(call.request.first("offset", "0")), int(call.request.first("limit", "0"))
        page = entries[offset : offset + limit] if limit else entries[offset:]
        document = inode(call, path)
        return {"href": document["href"], "items": [inode(call, entry) for entry in page], "count": len(entries)}
    if action != "stat":
        raise errors.ApiError(errors.UNKNOWN_PATH, "HTTP 404 Not Found")
    document = inode(call, path)
    if path == dataset_of(project, path):
        document.update(
            id=1, name=posixpath.basename(path), datasetType="DATASET", permission="EDITABLE", accepted=True
        )
    return document


@route("POST", FILES + "/{path}", ["DATASET_CREATE"])
def make_directory(call: Call) -> Answer:
    project = call.the_project()
    if call.request.first("action", "create").lower() != "create":
        raise errors.ApiError(errors.UNKNOWN_PATH, "HTTP 404 Not Found")
    if call.request.first("type", "DATASET") != "DATASET":
        raise errors.ApiError(errors.DATASET_OPERATION_INVALID)
    relative = bare_path(call.params["path"]).strip("/")
    if "/" not in relative and call.role() != DATA_OWNER:
        raise errors.ApiError(errors.PROJECT_ROLE_FORBIDDEN)
    path = f"/Projects/{project.name}/{relative}" if "/" not in relative else full_path(call)
    if is_directory(project, path) or path in project.files:
        raise errors.ApiError(errors.DIRECTORY_EXISTS)
    project.directories.add(path)
    call.state.save(project)
    return to_json(inode(call, path), 201)


@route("DELETE", FILES + "/{path}", ["DATASET_DELETE"])
def delete(call: Call) -> Answer:
    path, project = full_path(call), call.the_project()
    if path == dataset_of(project, path) and call.role() != DATA_OWNER:
        raise errors.ApiError(errors.DATASET_OWNER_ERROR)
    gone = [file for file in project.files if file == path or file.startswith(path + "/")]
    directories = {entry for entry in project.directories if entry == path or entry.startswith(path + "/")}
    if not gone and not directories:
        # The file system's delete answers false for a path that is not there.
        raise errors.ApiError(errors.INODE_DELETION_ERROR, f"path: {path}")
    for file in gone:
        del project.files[file]
    project.directories -= directories
    call.state.save(project)
    return Response(204)


@route("GET", FILES + "/upload/{path}", ["DATASET_CREATE"])
def test_chunk(call: Call) -> Answer:
    """Tell whether a chunk is there already (UploadService.java, testMethod). The dataset is looked for first."""
    full_path(call)
    if not all(call.request.first(field) for field in ("flowChunkNumber", "flowFilename", "flowIdentifier")):
        raise errors.ApiError(errors.UPLOAD_INFO_INVALID, "Missing arguments for upload.")
    return Response(204)


@route("POST", FILES + "/upload/{path}", ["DATASET_CREATE"])
def upload(call: Call) -> Answer:
    """One chunk of a file, as flow.js sends it. Nothing is overwritten: the first chunk finds no destination."""
    directory, project = full_path(call), call.the_project()
    form = form_parts(call.request)
    name, identifier = form.text("flowFilename"), form.text("flowIdentifier")
    number, total = form.number("flowChunkNumber"), form.number("flowTotalSize")
    chunks, content = form.number("flowTotalChunks"), form.file("file")
    complete = name and identifier and form.text("flowRelativePath") and "/" not in name
    if (
        not complete
        or content is None
        or min(number, form.number("flowChunkSize")) < 1
        or total < 0
        or chunks > MAX_CHUNKS
    ):
        raise errors.ApiError(errors.UPLOAD_INFO_INVALID)
    path = f"{directory}/{name}"
    if number == 1 and (path in project.files or is_directory(project, path)):
        raise errors.ApiError(errors.DESTINATION_EXISTS)
    received = project.uploads.setdefault((path, identifier), {})
    received[number] = content
    if sum(len(chunk) for chunk in received.values()) < total:
        return {"successMessage": "Uploading..."}
    del project.uploads[path, identifier]
    if path in project.files:  # another upload of the same name ended first
        raise errors.ApiError(errors.DESTINATION_EXISTS)
    project.files[path] = b"".join(received[chunk] for chunk in sorted(received))
    call.state.save(project)
    return {"successMessage": f"Successfuly uploaded file to {directory}"}


@route("GET", FILES + "/download/with_auth/{path}", ["DATASET_VIEW"])
def download(call: Call) -> Answer:
    if not call.state.variable_is_true("download_allowed"):
        raise errors.ApiError(errors.DOWNLOAD_NOT_ALLOWED)
    path = existing_path(call)
    content = call.the_project().files.get(path)
    if content is None:
        raise errors.ApiError(errors.PATH_IS_DIRECTORY)
    disposition = {"Content-disposition": f'attachment; filename="{posixpath.basename(path)}"'}
    return Response(200, content, "application/octet-stream", disposition)
