"""Feature stores: a project's own one and those that other projects share with it."""

from __future__ import annotations

import re
import typing as t

from tests.emulator import errors
from tests.emulator.routes.table import route
from tests.emulator.routing import Answer, Call
from tests.emulator.state import CREATED, Project

SCOPES = ("FEATURESTORE",)
NAME = re.compile(r"[a-z0-9_]*(?=[a-z])[a-z0-9_]+")


def shared_stores(call: Call) -> list[Project]:
    by_name = call.state.by_name
    return [
        by_name[name] for name in call.the_project().shared_from if name in by_name and by_name[name].has_featurestore
    ]


def store_dto(project: Project) -> dict[str, t.Any]:
    return {
        "featurestoreId": project.featurestore_id,
        "featurestoreName": project.featurestore_name,
        "created": CREATED,
        "projectName": project.name,
        "projectId": project.id,
        "onlineFeaturestoreName": project.name.lower(),
        "offlineFeaturestoreName": project.featurestore_name,
        "mysqlServerEndpoint": "jdbc:mysql://onlinefs.mysql.service.consul:3306/",
        "onlineEnabled": True,
        "numFeatureGroups": 0,
        "numTrainingDatasets": 0,
        "numStorageConnectors": len(project.connectors),
        "numFeatureViews": 0,
    }


def visible_stores(call: Call) -> list[Project]:
    own = [call.the_project()] if call.the_project().has_featurestore else []
    return [*own, *shared_stores(call)]


def owner_of_store(call: Call) -> Project:
    """The project that owns the feature store named by `fsid`; it must be visible to the project of the path."""
    identifier = call.params["fsid"]
    for project in visible_stores(call):
        if identifier in (str(project.featurestore_id), project.featurestore_name):
            return project
    if not identifier.isdigit() and not NAME.fullmatch(identifier):
        raise errors.ApiError(errors.UNKNOWN_PATH, "HTTP 404 Not Found")
    subject = "featurestoreId" if identifier.isdigit() else "featurestoreName"
    raise errors.ApiError(
        errors.FEATURESTORE_NOT_FOUND, f"{subject}: {identifier} , project: {call.the_project().name}"
    )


@route("GET", "/project/{pid}/featurestores", SCOPES)
def list_stores(call: Call) -> Answer:
    # Shared stores first: whoever takes the first of the list takes a wrong one.
    shared = shared_stores(call) if call.request.first("include_shared", "true").lower() == "true" else []
    own = [call.the_project()] if call.the_project().has_featurestore else []
    return [store_dto(project) for project in (*shared, *own)]


@route("GET", "/project/{pid}/featurestores/{fsid}", SCOPES)
def get_store(call: Call) -> Answer:
    return store_dto(owner_of_store(call))
