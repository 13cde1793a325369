"""Which function answers which path, and who may call it."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from tests.emulator import errors
from tests.emulator.messages import Request, Response, to_json
from tests.emulator.state import Project, State, User

Answer: t.TypeAlias = "Response | dict[str, t.Any] | list[t.Any]"


@dataclasses.dataclass
class Call:
    """One request on its way through a route."""

    state: State
    request: Request
    params: dict[str, str]
    # Set by access.admit() where the route asks for them.
    user: User | None = None
    project: Project | None = None

    def the_user(self) -> User:
        if self.user is None:
            raise RuntimeError("this route does not ask for a user")
        return self.user

    def the_project(self) -> Project:
        if self.project is None:
            raise RuntimeError("this route is not one of a project")
        return self.project

    def role(self) -> str:
        """The caller's role in the project of the path."""
        return self.the_project().team.get(self.the_user().name, "")


@dataclasses.dataclass(frozen=True)
class Route:
    """:param template: the path with its variables, `{path}` standing for all that is left of it.
    :param scopes: an API key needs one of them.
    :param user_roles: the user needs one of these roles on the platform.
    :param accepts: the ways of authentication: "key", "jwt"; empty for a public route.
    :param owners_only: the project's role must be Data owner (an annotation of the endpoint; most allow every member).
    :param writes: holds the lock of the state while it runs.
    """

    method: str
    template: str
    answer: t.Callable[[Call], Answer]
    scopes: frozenset[str]
    user_roles: frozenset[str]
    accepts: frozenset[str]
    owners_only: bool
    writes: bool


ANY_USER = ("HOPS_ADMIN", "HOPS_USER", "HOPS_SERVICE_USER")
BOTH = ("key", "jwt")
# Keys of the tree beside fixed segments: a variable, all that is left, and the methods of a path that ends here.
VARIABLE, REST, END = "{}", "{path}", "{end}"


class Router:
    """A tree of path segments. Fixed segments are preferred to variables."""

    def __init__(self) -> None:
        self._root: dict[str, t.Any] = {}

    def route(
        self,
        method: str,
        template: str,
        scopes: t.Sequence[str] = (),
        user_roles: t.Sequence[str] = ANY_USER,
        accepts: t.Sequence[str] = BOTH,
        owners_only: bool = False,
    ) -> t.Callable[[t.Callable[[Call], Answer]], t.Callable[[Call], Answer]]:
        """Registers the decorated function."""

        def register(answer: t.Callable[[Call], Answer]) -> t.Callable[[Call], Answer]:
            node = self._root
            for segment in template.strip("/").split("/"):
                node = node.setdefault(VARIABLE if segment.startswith("{") and segment != REST else segment, {})
            access = (frozenset(scopes), frozenset(user_roles), frozenset(accepts), owners_only)
            node.setdefault(END, {})[method] = Route(method, template, answer, *access, method != "GET")
            return answer

        return register

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path below the base, and the variables in it, unquoted.

        Segments are split before they are unquoted: an encoded slash belongs to its segment.
        """
        segments = [urllib.parse.unquote(segment) for segment in path.strip("/").split("/")]
        methods, values = _descend(self._root, segments)
        if methods is None:
            raise errors.ApiError(errors.UNKNOWN_PATH, "HTTP 404 Not Found")
        route = methods.get(method)
        if route is None:
            raise errors.ApiError(errors.METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed")
        names = [part[1:-1] for part in route.template.split("/") if part.startswith("{")]
        return route, dict(zip(names, values, strict=True))


def _descend(node: dict[str, t.Any], segments: list[str]) -> tuple[dict[str, Route] | None, list[str]]:
    if not segments:
        return node.get(END), []
    head, rest = segments[0], segments[1:]
    if head in node and not head.startswith("{"):
        methods, values = _descend(node[head], rest)
        if methods is not None:
            return methods, values
    if VARIABLE in node and head:
        methods, values = _descend(node[VARIABLE], rest)
        if methods is not None:
            return methods, [head, *values]
    if REST in node:
        return node[REST].get(END), ["/".join(segments)]
    return None, []


def as_response(answer: Answer) -> Response:
    return answer if isinstance(answer, Response) else to_json(answer)
