"""Cluster variables: the present routes, the old ones, and those that any member may read."""

from __future__ import annotations

import typing as t

from tests.emulator import errors
from tests.emulator.routes.table import route
from tests.emulator.routing import Answer, Call

BASE = "/hopsworks-api/api/admin/configuration"
VISIBILITIES = ("ADMIN", "USER", "NOTAUTHENTICATED")


def _all(call: Call) -> dict[str, t.Any]:
    items = [dict(variable) for variable in list(call.state.variables.values())]
    return {"href": BASE, "expand": True, "items": items, "count": len(items)}


@route("GET", "/admin/configuration", ["ADMIN"], ["HOPS_ADMIN"])
def list_variables(call: Call) -> Answer:
    return _all(call)


@route("POST", "/admin/configuration/{name}", ["ADMIN"], ["HOPS_ADMIN"])
def set_variable(call: Call) -> Answer:
    """Creates or replaces a variable: a visibility that the body leaves out becomes ADMIN, whatever it was."""
    body = call.request.json()
    visibility = body.get("visibility") or "ADMIN"
    if visibility not in VISIBILITIES:
        raise errors.MalformedBody(f"Cannot deserialize value of type VariablesVisibility from String {visibility!r}")
    if body.get("value") is None:
        raise errors.ApiError(errors.GENERIC_ERROR)  # the column takes no null
    name = call.params["name"]
    hide = bool(body.get("hide", False))
    call.state.variables[name] = {"name": name, "value": str(body["value"]), "visibility": visibility, "hide": hide}
    call.state.save_settings()
    return _all(call)


@route("POST", "/admin/variables", user_roles=["HOPS_ADMIN"], accepts=["jwt"])
def set_variables(call: Call) -> Answer:
    for item in call.request.json().get("variables", []):
        variable = call.state.variables.setdefault(
            item["id"], {"name": item["id"], "value": "", "visibility": "ADMIN", "hide": False}
        )
        variable["value"] = item["value"]
    call.state.save_settings()
    return {"successMessage": "Variables updated"}


@route("POST", "/admin/variables/refresh", user_roles=["HOPS_ADMIN"], accepts=["jwt"])
def refresh_variables(call: Call) -> Answer:
    return {"successMessage": "Variables refreshed"}


@route("GET", "/variables/versions", accepts=())
def versions(call: Call) -> Answer:
    return [{"software": "hopsworks", "version": call.state.version}, {"software": "kafka", "version": "3.9.1"}]


@route("GET", "/variables/{name}", ["PROJECT"])
def get_variable(call: Call) -> Answer:
    variable = call.state.variables.get(call.params["name"])
    if variable is None:
        raise errors.ApiError(errors.VARIABLE_NOT_FOUND, f"Variable: {call.params['name']}not found")
    if variable["visibility"] == "ADMIN" and "HOPS_ADMIN" not in call.the_user().roles:
        raise errors.ApiError(errors.NOT_FOR_THIS_CLIENT, "The requested variable requires admin privileges")
    return {"successMessage": variable["value"]}
