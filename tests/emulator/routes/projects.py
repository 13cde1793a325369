"""Logins, projects, their members and their certificates."""

from __future__ import annotations

import json
import re
import secrets
import typing as t
import urllib.parse

from tests.emulator import certificates, errors
from tests.emulator.messages import Response, to_json
from tests.emulator.routes.table import route
from tests.emulator.routing import Answer, Call
from tests.emulator.state import CREATED, DATA_OWNER, DATA_SCIENTIST, Project, User

SERVICES = ("JOBS", "HIVE", "KAFKA", "FEATURESTORE", "JUPYTER", "SERVING")
PROJECT_NAME = re.compile(r"(?!.*__)[A-Za-z0-9][A-Za-z0-9_]{0,87}")


def person(user: User) -> dict[str, t.Any]:
    return {
        "uid": 10000,
        "username": user.name,
        "email": user.email,
        "fname": user.name,
        "lname": "Hopsworks",
        "status": 2,
    }


def project_entity(call: Call, project: Project) -> dict[str, t.Any]:
    owner = call.state.users[project.owner]
    return {
        "id": project.id,
        "name": project.name,
        "owner": person(owner),
        "created": CREATED,
        "paymentType": "NOLIMIT",
        "description": project.description,
        "dockerImage": "python311",
        # An enumeration is answered by its name (CreationStatus.java).
        "creationStatus": project.status,
        "onlineFeatureStoreAvailable": True,
        **({} if project.topic is None else {"topicName": project.topic}),
    }


@route("GET", "/project", ["PROJECT"])
def list_memberships(call: Call) -> Answer:
    user = call.the_user()
    version, body = call.state.membership_lists.get(user.name, (-1, b""))
    if version != call.state.team_version:
        version = call.state.team_version
        items = [
            {"project": project_entity(call, project), "user": person(user), "teamRole": role, "timestamp": CREATED}
            for project, role in (
                (project, project.team.get(user.name)) for project in list(call.state.projects.values())
            )
            if role
        ]
        body = json.dumps(items, separators=(",", ":")).encode()
        call.state.membership_lists[user.name] = version, body
    return Response(200, body)


@route(
    "GET",
    "/project/getAll",
    ["PROJECT", "KAFKA"],
    ["HOPS_ADMIN", "HOPS_USER", "AGENT", "HOPS_SERVICE_USER"],
    ["key"],
)
def list_all(call: Call) -> Answer:
    return [project_entity(call, project) for project in list(call.state.projects.values())]


def project_dto(call: Call, project: Project) -> dict[str, t.Any]:
    dto = {
        "projectId": project.id,
        "projectName": project.name,
        "owner": call.state.users[project.owner].email,
        "description": project.description,
        "dockerImage": "python311",
        "created": CREATED,
        "services": list(SERVICES),
        "projectTeam": members(call, project),
        "datasets": [
            {"name": path.rsplit("/", 1)[1], "parentName": project.name}
            for path in sorted(project.directories)
            if path.count("/") == 3
        ],
        "inodeid": 2 * project.id,
        "quotas": {"kafkaMaxNumTopics": 100, "hdfsQuota": -1, "yarnQuotaInSecs": 1000000000},
        "creationStatus": project.status,
    }
    if project.topic is not None:
        dto["featureStoreTopic"] = project.topic
    return dto


@route("GET", "/project/getProjectInfo/{project_name}", ["PROJECT"])
def project_info(call: Call) -> Answer:
    return project_dto(call, call.the_project())


@route("GET", "/project/{pid}", ["PROJECT"])
def project_by_id(call: Call) -> Answer:
    return project_dto(call, call.the_project())


@route("POST", "/project", ["PROJECT"])
def create_project(call: Call) -> Answer:
    body = call.request.json()
    name = body.get("projectName") or ""
    if not PROJECT_NAME.fullmatch(name):
        raise errors.ApiError(errors.PROJECT_NAME_INVALID)
    if name.lower() in {other.lower() for other in call.state.by_name}:
        raise errors.ApiError(errors.PROJECT_EXISTS)
    project = call.state.add_project(name, call.the_user().name)
    project.description = body.get("description") or ""
    project.topic = body.get("featureStoreTopic")
    call.state.save(project)
    return to_json(project_dto(call, project), 201)


def members(call: Call, project: Project) -> list[dict[str, t.Any]]:
    users = call.state.users
    return [
        {
            "projectTeamPK": {"projectId": project.id, "teamMember": users[name].email},
            "teamRole": role,
            "user": person(users[name]),
            "timestamp": CREATED,
        }
        for name, role in project.team.items()
    ]


@route("GET", "/project/{pid}/projectMembers", ["PROJECT"])
def list_members(call: Call) -> Answer:
    return members(call, call.the_project())


@route("POST", "/project/{pid}/projectMembers", ["PROJECT"], owners_only=True)
def add_members(call: Call) -> Answer:
    project = call.the_project()
    by_email = {user.email: user.name for user in call.state.users.values()}
    for item in call.request.json().get("projectTeam", []):
        name = by_email.get(item["projectTeamPK"]["teamMember"])
        if name is not None and item.get("teamRole") in (DATA_OWNER, DATA_SCIENTIST):
            project.team.setdefault(name, item["teamRole"])
    call.state.team_version += 1
    call.state.save(project)
    return {"successMessage": "Members added successfully"}


@route("GET", "/project/{pid}/credentials", ["PROJECT"])
def credentials(call: Call) -> Answer:
    return certificates.project_credentials(call.the_project().name, call.the_user().name)


@route("GET", "/admin/projects", ["ADMIN"], ["HOPS_ADMIN"])
def admin_projects(call: Call) -> Answer:
    base = "/hopsworks-api/api"
    expand = {value.lower() for value in call.request.query.get("expand", [])}
    projects = list(call.state.projects.values())
    offset, limit = int(call.request.first("offset", "0")), int(call.request.first("limit", "0"))
    page = projects[offset : offset + limit] if limit else projects[offset:]
    items = []
    for project in page:
        owner = call.state.users[project.owner]
        creator: dict[str, t.Any] = {"href": f"{base}/users/10000"}
        if "creator" in expand:
            creator.update(
                {"firstName": owner.name, "lastName": "Hopsworks", "email": owner.email, "username": owner.name}
            )
        item = {
            "href": f"{base}/admin/projects/{project.id}",
            "id": project.id,
            "name": project.name,
            "creator": creator,
            "created": CREATED,
            "paymentType": "NOLIMIT",
            "lastQuotaUpdate": CREATED,
        }
        if "quotas" in expand:
            item["projectQuotas"] = {"kafkaMaxNumTopics": 100, "hdfsQuota": -1}
        items.append(item)
    return {"href": f"{base}/admin/projects", "items": items, "count": len(projects)}


@route("POST", "/auth/login", accepts=())
def login(call: Call) -> Answer:
    return _login(call, "HOPS_USER")


@route("POST", "/auth/service", accepts=())
def login_service(call: Call) -> Answer:
    return _login(call, "AGENT")


def _login(call: Call, role: str) -> Answer:
    form = urllib.parse.parse_qs(call.request.body.decode("utf-8", "replace"))
    email, password = form.get("email", [""])[0], form.get("password", [""])[0]
    for user in call.state.users.values():
        if user.email == email and user.password == password and role in user.roles:
            token = secrets.token_hex(16)
            call.state.tokens[token] = user.name
            return Response(200, b'{"sessionID":"0"}', headers={"Authorization": f"Bearer {token}"})
    raise errors.ApiError(errors.BAD_CREDENTIALS)
