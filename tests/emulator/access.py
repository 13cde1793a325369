"""Who may call a route: the order of checks is that of the server's filters (ApiKeyFilter, then ProjectAuthFilter)."""

from __future__ import annotations

import hmac

from tests.emulator import errors
from tests.emulator.routing import Call, Route
from tests.emulator.state import DATA_OWNER, Key, State, User

API_KEY = "ApiKey "
BEARER = "Bearer "


def admit(route: Route, call: Call) -> None:
    """Sets the user and the project of a call, or refuses it."""
    if not route.accepts:
        return
    call.user = _user(route, call)
    if "pid" in call.params or "project_name" in call.params:
        _enter_project(route, call)


def _user(route: Route, call: Call) -> User:
    header = call.request.headers.get("authorization")
    if header is None:
        raise errors.ApiError(errors.HEADER_NOT_SET, challenge=True)
    if header.startswith(BEARER):
        return _token_user(route, call.state, header[len(BEARER) :].strip())
    if not header.startswith(API_KEY):
        raise errors.ApiError(errors.OTHER_SCHEME, challenge=True)
    if "key" not in route.accepts:
        raise errors.ApiError(errors.METHOD_NOT_SUPPORTED, challenge=True)
    key = _key(call.state, header[len(API_KEY) :].strip())
    user = call.state.users[key.user]
    # The platform role is looked at before the scope.
    if not route.user_roles & user.roles:
        raise errors.ApiError(errors.KEY_ROLE, challenge=True)
    if not route.scopes & key.scopes:
        raise errors.ApiError(errors.KEY_SCOPE, challenge=True)
    return user


def _token_user(route: Route, state: State, token: str) -> User:
    if "jwt" not in route.accepts:
        raise errors.ApiError(errors.METHOD_NOT_SUPPORTED, challenge=True)
    user = state.users.get(state.tokens.get(token, ""))
    if user is None:
        raise errors.ApiError(errors.OTHER_SCHEME, challenge=True)
    if not route.user_roles & user.roles:
        raise errors.ApiError(errors.NOT_FOR_THIS_CLIENT, challenge=True)
    return user


def _key(state: State, text: str) -> Key:
    prefix, separator, _secret = text.partition(".")
    if not separator:
        raise errors.ApiError(errors.KEY_INVALID, challenge=True)
    key = state.keys.get(prefix)
    if key is None:
        raise errors.ApiError(errors.KEY_NOT_FOUND, challenge=True)
    if not hmac.compare_digest(key.text.encode(), text.encode()):
        raise errors.ApiError(errors.KEY_INVALID, challenge=True)
    return key


def _enter_project(route: Route, call: Call) -> None:
    identifier = call.params.get("pid", "")
    if identifier:
        call.project = call.state.projects.get(int(identifier)) if identifier.isdigit() else None
    else:
        call.project = call.state.by_name.get(call.params["project_name"])
    if call.project is None:
        raise errors.ApiError(errors.PROJECT_NOT_FOUND)
    if not call.role():
        raise errors.ApiError(errors.NO_PROJECT_ROLE)
    if route.owners_only and call.role() != DATA_OWNER:
        raise errors.ApiError(errors.PROJECT_ROLE_FORBIDDEN)
