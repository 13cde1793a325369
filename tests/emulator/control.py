"""The routes under /_emulator/: what tests look at and set. Open to all; never counted, delayed or struck."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

from tests.emulator.messages import Request, Response, to_json
from tests.emulator.state import DATA_OWNER, DATA_SCIENTIST, SCOPES, STATUSES, Key, Project, User

if t.TYPE_CHECKING:
    from tests.emulator.application import Application


class ControlError(Exception):
    """A request to a control route that makes no sense."""


class Control:
    def __init__(self, application: Application) -> None:
        self._application = application
        self._state = application.state
        self._routes: dict[tuple[str, str], t.Callable[[Request], t.Any]] = {
            ("GET", "requests"): lambda request: dict(application.counts),
            ("DELETE", "requests"): self._reset,
            ("GET", "log"): lambda request: list(application.log),
            ("POST", "keys"): self._add_key,
            ("DELETE", "keys"): self._remove_key,
            ("GET", "state"): self._show_state,
            ("PUT", "connectors"): self._put_connector,
            ("PUT", "variables"): self._set_variables,
            ("PUT", "settings"): self._set_settings,
            ("GET", "faults"): self._show_faults,
            ("POST", "faults"): self._set_faults,
            ("DELETE", "faults"): lambda request: application.faults.replace([]),
            ("POST", "projects"): self._add_project,
            ("PUT", "projects"): self._set_project,
            ("DELETE", "projects"): self._remove_project,
        }

    def answer(self, request: Request) -> Response:
        name = request.path.strip("/").partition("/")[2]
        action = self._routes.get((request.method, name))
        if action is None:
            return to_json({"error": f"no such control route: {request.method} /_emulator/{name}"}, 404)
        try:
            with self._state.lock:
                result = action(request)
        except (ControlError, ValueError, KeyError, TypeError) as error:
            return to_json({"error": f"{type(error).__name__}: {error}"}, 400)
        return to_json({} if result is None else result)

    def _reset(self, request: Request) -> None:
        self._application.reset_counts()

    def _add_key(self, request: Request) -> dict[str, t.Any]:
        body = request.json()
        text = str(body["key"])
        prefix, dot, secret = text.partition(".")
        if not (prefix and dot and secret):
            raise ControlError("a key has the form prefix.secret")
        user = self._user(str(body.get("user") or prefix), body)
        scopes = frozenset(body["scopes"]) if body.get("scopes") is not None else SCOPES
        if scopes - SCOPES:
            raise ControlError(f"unknown scopes: {', '.join(sorted(scopes - SCOPES))}")
        roles = body.get("roles")
        for project, role in (roles or {}).items():
            if project not in self._state.by_name:
                raise ControlError(f"no project {project}")
            if role not in (DATA_OWNER, DATA_SCIENTIST):
                raise ControlError(f"no role {role}; known: {DATA_OWNER}, {DATA_SCIENTIST}")
        self._state.add_key(Key(text, user.name, scopes), user, roles)
        return {"prefix": prefix, "user": user.name}

    def _user(self, name: str, body: t.Mapping[str, t.Any]) -> User:
        known = self._state.users.get(name)
        admin = bool(body.get("admin", known.admin if known else False))
        password = str(body.get("password") or (known.password if known else "password"))
        roles = tuple(body.get("platform_roles") or (known.platform_roles if known else ()))
        return User(name, admin, password, roles)

    def _remove_key(self, request: Request) -> None:
        prefix = str(request.json()["key"]).partition(".")[0]
        del self._state.keys[prefix]
        self._state.save_settings()

    def _put_connector(self, request: Request) -> None:
        """Stores a connector as it is given, without any check: what another server, or an older one, has left."""
        body = request.json()
        project, connector = self._state.by_name[body["project"]], dict(body["connector"])
        old = project.connectors.get(connector["name"])
        connector["id"] = old["id"] if old else self._state.next_connector_id()
        connector["featurestoreId"] = project.featurestore_id
        project.connectors[connector["name"]] = connector
        self._state.save(project)

    def _set_variables(self, request: Request) -> None:
        """Stores variables by name: a value, a dictionary of what a variable has, or null for none."""
        for name, value in request.json().items():
            if value is None:
                self._state.variables.pop(name, None)
                continue
            old = self._state.variables.get(name, {"name": name, "visibility": "USER", "hide": False})
            self._state.variables[name] = {**old, **(value if isinstance(value, dict) else {"value": str(value)})}
        self._state.save_settings()

    def _set_settings(self, request: Request) -> None:
        for name, value in request.json().items():
            if name == "latency_ms":
                self._application.latency = float(value) / 1000
            elif name == "lenient_types":
                self._state.lenient_types = bool(value)
            elif name == "version":
                self._state.version = str(value)
            else:
                raise ControlError(f"no setting {name}; known: latency_ms, lenient_types, version")

    def _show_faults(self, request: Request) -> list[dict[str, t.Any]]:
        return [{**rule.document, "seen": rule.seen, "hits": rule.hits} for rule in self._application.faults.rules]

    def _set_faults(self, request: Request) -> None:
        self._application.faults.replace(request.json())

    def _add_project(self, request: Request) -> dict[str, t.Any]:
        name = str(request.json()["name"])
        if name in self._state.by_name:
            raise ControlError(f"there is a project {name}")
        project = self._state.add_project(name, "admin")
        return {"id": project.id, "featurestoreId": project.featurestore_id}

    def _set_project(self, request: Request) -> None:
        """Sets what no route of the API does: how far the project's creation is, and whether it has a feature store."""
        body = request.json()
        project = self._state.by_name[body.pop("name")]
        for name, value in body.items():
            if name == "status" and value in STATUSES:
                project.status = value
            elif name == "has_featurestore" and isinstance(value, bool):
                project.has_featurestore = value
            else:
                raise ControlError(f"{name}: give status, one of {', '.join(STATUSES)}, or has_featurestore")
        self._state.team_version += 1
        self._state.save(project)

    def _remove_project(self, request: Request) -> None:
        self._state.remove_project(self._state.by_name[request.json()["name"]])

    def _show_state(self, request: Request) -> dict[str, t.Any]:
        """Everything, or with ?project=NAME one project; with ?contents=true the files' bytes as base64."""
        names = request.query.get("project") or list(self._state.by_name)
        contents = request.first("contents") == "true"
        return {
            "projects": {name: _shown(self._state.by_name[name], contents) for name in names},
            "variables": self._state.variables,
            "users": {name: {"admin": user.admin, "email": user.email} for name, user in self._state.users.items()},
        }


def _shown(project: Project, contents: bool) -> dict[str, t.Any]:
    files: dict[str, dict[str, t.Any]] = {}
    for path, content in project.files.items():
        files[path] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if contents:
            files[path]["content"] = base64.b64encode(content).decode()
    return {
        "id": project.id,
        "featurestoreId": project.featurestore_id,
        "team": project.team,
        "sharedFrom": project.shared_from,
        "topic": project.topic,
        "connectors": project.connectors,
        "directories": sorted(project.directories),
        "files": files,
    }


def faults_of_file(text: str) -> list[dict[str, t.Any]]:
    """The rules of a faults file: a JSON list, or an object with the list under "faults"."""
    document = json.loads(text)
    return list(document["faults"] if isinstance(document, dict) else document)
