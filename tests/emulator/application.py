"""One request from its arrival to its answer: counted, delayed, struck by a fault or not, admitted, answered."""

from __future__ import annotations

import collections
import contextlib
import json
import sys
import threading
import time
import traceback
import typing as t

from tests.emulator import access, errors
from tests.emulator.faults import Faults
from tests.emulator.messages import Request, Response, to_json
from tests.emulator.routes import connectors, datasets, featurestores, projects, variables
from tests.emulator.routes.table import ROUTER
from tests.emulator.routing import Call, Route, as_response
from tests.emulator.server import Reply
from tests.emulator.state import State

BASE = "/hopsworks-api/api"
CONTROL = "/_emulator"
CHALLENGE = {"WWW-Authenticate": 'ApiKey realm="Cauth Realm"'}
LOG_LENGTH = 100_000

#: Importing one registers its routes.
AREAS = (connectors, datasets, featurestores, projects, variables)


class Application:
    """:param latency: seconds that every request of the API takes at least."""

    def __init__(self, state: State, faults: Faults, latency: float = 0.0) -> None:
        # Imported here: the control routes use the application, and so its module.
        from tests.emulator.control import Control

        self.state = state
        self.faults = faults
        self.latency = latency
        self.counts: t.Counter[str] = collections.Counter()
        self.log: collections.deque[dict[str, t.Any]] = collections.deque(maxlen=LOG_LENGTH)
        self._count_lock = threading.Lock()
        self._control = Control(self)

    def handle(self, request: Request) -> Reply:
        if request.path.startswith(CONTROL):
            return Reply(self._control.answer(request))
        if not request.path.startswith(BASE + "/"):
            return Reply(Response(404, b"<html><body><h1>HTTP Status 404 - Not Found</h1></body></html>", "text/html"))
        path = request.path[len(BASE) :]
        route, params, refusal = None, {}, None
        try:
            route, params = ROUTER.find(request.method, path)
        except errors.ApiError as error:
            refusal = error
        template = route.template if route is not None else "(none)"
        entry = {"method": request.method, "path": path, "route": template}
        with self._count_lock:
            self.counts[f"{request.method} {template}"] += 1
            self.log.append(entry)
        reply = self._reply(request, path, route, params, refusal)
        entry["status"] = reply.response.status
        if reply.fault is not None:
            entry["fault"] = reply.fault.kind
        return reply

    def reset_counts(self) -> None:
        with self._count_lock:
            self.counts.clear()
            self.log.clear()

    def _reply(
        self,
        request: Request,
        path: str,
        route: Route | None,
        params: dict[str, str],
        refusal: errors.ApiError | None,
    ) -> Reply:
        if self.latency:
            time.sleep(self.latency)
        if route is None:
            return Reply(_error(refusal or errors.ApiError(errors.UNKNOWN_PATH)))
        fault = self.faults.pick(request.method, route.template, path, self._project_name(params))
        if fault is None:
            return Reply(self._answer(request, route, params))
        real = self._answer(request, route, params) if fault.commits else None
        return Reply(fault.response(real), fault)

    def _project_name(self, params: t.Mapping[str, str]) -> str:
        identifier = params.get("pid", "")
        project = self.state.projects.get(int(identifier)) if identifier.isdigit() else None
        return project.name if project is not None else params.get("project_name", "")

    def _answer(self, request: Request, route: Route, params: dict[str, str]) -> Response:
        call = Call(self.state, request, params)
        try:
            with self.state.lock if route.writes else contextlib.nullcontext():
                access.admit(route, call)
                return as_response(route.answer(call))
        except errors.ApiError as error:
            return _error(error)
        except (errors.MalformedBody, json.JSONDecodeError, UnicodeDecodeError) as error:
            return Response(400, str(error).encode(), "text/plain")
        except Exception:
            # What the real server does not foresee ends like this too; here it may be a mistake of the emulator.
            traceback.print_exc(file=sys.stderr)
            return _error(errors.ApiError(errors.GENERIC_ERROR))


def _error(error: errors.ApiError) -> Response:
    response = to_json(error.body(), error.failure.status)
    if error.challenge:
        response.headers = dict(CHALLENGE)
    return response
