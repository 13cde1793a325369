"""Who may call: every row of the table of authentication errors, their order, and the form of errors."""

from __future__ import annotations

import pytest

from tests.emulator.fixtures import BASE, Answer, Emulator
from tests.emulator.samples import refusal


def _with(emulator: Emulator, header: str | None, path: str = "/project") -> Answer:
    return emulator.send("GET", BASE + path, headers={} if header is None else {"Authorization": header})


@pytest.mark.parametrize(
    ("header", "path", "expected"),
    [
        (None, "/project", (401, 200003, "Authorization header not set.")),
        ("Basic YTpi", "/project", (401, 200003, "Invalidated Api key.")),
        ("apikey emulator.0123456789abcdef", "/project", (401, 200003, "Invalidated Api key.")),
        ("Bearer x.y.z", "/project", (401, 200003, "Invalidated Api key.")),
        ("Bearer x.y.z", "/project/getAll", (401, 200003, "Authorization method not supported.")),
        ("ApiKey nodot", "/project", (401, 320012, "Invalid or incorrect API key.")),
        ("ApiKey emulator.wrong", "/project", (401, 320012, "Invalid or incorrect API key.")),
        ("ApiKey unknown.secret", "/project", (401, 320013, "API key not found in the database")),
    ],
)
def test_who_is_not_known_is_refused_with_a_challenge(
    emulator: Emulator, header: str | None, path: str, expected: tuple[int, int, str]
) -> None:
    answer = _with(emulator, header, path)
    assert refusal(answer) == expected
    assert answer.headers["www-authenticate"].startswith("ApiKey realm=")


def test_a_key_is_read_with_spaces_around_it(emulator: Emulator) -> None:
    assert _with(emulator, f"ApiKey  {emulator.api_key} ").status == 200


def test_without_the_scope_a_key_is_refused(emulator: Emulator) -> None:
    key = emulator.add_key("narrow.secret", "nora", scopes=["JOB"], roles={"project_1": "Data owner"})
    answer = emulator.api("GET", "/project", key=key)
    assert refusal(answer) == (403, 320004, "No valid scope found for this invocation")
    assert "www-authenticate" in answer.headers


def test_without_the_platform_role_a_key_is_refused(emulator: Emulator) -> None:
    key = emulator.add_key("plain.secret", "pat")
    assert refusal(emulator.api("GET", "/admin/projects", key=key)) == (
        403,
        320003,
        "No valid role found for this invocation",
    )


def test_the_platform_role_is_looked_at_before_the_scope(emulator: Emulator) -> None:
    key = emulator.add_key("neither.secret", "ned", scopes=["JOB"])
    assert refusal(emulator.api("GET", "/admin/projects", key=key))[1] == 320003


@pytest.mark.parametrize("path", ["/project/999999", "/project/getProjectInfo/nowhere", "/project/none/featurestores"])
def test_an_unknown_project_is_not_found(emulator: Emulator, path: str) -> None:
    answer = emulator.api("GET", path)
    assert refusal(answer) == (404, 150004, "Project wasn't found.")
    assert "www-authenticate" not in answer.headers


def test_an_administrator_who_is_no_member_is_refused(emulator: Emulator) -> None:
    key = emulator.add_key("root.secret", "root", admin=True)
    for path in ("", "/featurestores", "/dataset/Resources"):
        answer = emulator.api("GET", emulator.project_path("project_1") + path, key=key)
        assert refusal(answer) == (403, 160000, "No valid role found for this user")


def test_a_scientist_is_refused_where_the_endpoint_is_for_owners(emulator: Emulator, scientist: str) -> None:
    path = emulator.project_path("project_1") + "/projectMembers"
    expected = (403, 150068, "Your project role does not allow to perform this action.")
    assert refusal(emulator.api("POST", path, {"projectTeam": []}, scientist)) == expected
    assert emulator.api("GET", path, key=scientist).status == 200
    assert emulator.api("POST", path, {"projectTeam": []}).status == 200


def test_scope_comes_before_the_project_and_the_project_before_membership(emulator: Emulator) -> None:
    key = emulator.add_key("odd.secret", "odd", scopes=["KAFKA"])
    assert refusal(emulator.api("GET", "/project/999999", key=key))[1] == 320004
    key = emulator.add_key("odd.secret", "odd")
    assert refusal(emulator.api("GET", "/project/999999", key=key))[1] == 150004


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/project", "PROJECT"),
        ("GET", "/project/getAll", "KAFKA"),
        ("GET", "{project}/featurestores", "FEATURESTORE"),
        ("GET", "{project}/dataset/Resources", "DATASET_VIEW"),
        ("POST", "{project}/dataset/Resources/made", "DATASET_CREATE"),
        ("DELETE", "{project}/dataset/Resources", "DATASET_DELETE"),
        ("GET", "{project}/credentials", "PROJECT"),
        ("GET", "/variables/kafka_enabled", "PROJECT"),
        ("GET", "/admin/configuration", "ADMIN"),
    ],
)
def test_one_scope_is_enough_and_needed(emulator: Emulator, method: str, path: str, scope: str) -> None:
    path = path.format(project=emulator.project_path("project_1"))
    roles = {"project_1": "Data owner"}
    key = emulator.add_key("one.secret", "uma", admin=True, scopes=[scope], roles=roles)
    assert emulator.api(method, path, key=key).status in (200, 201, 204)
    others = ["JOB", "SERVING", "USER"]
    key = emulator.add_key("one.secret", "uma", admin=True, scopes=others, roles=roles)
    assert refusal(emulator.api(method, path, key=key))[:2] == (403, 320004)


def test_a_removed_key_is_unknown(emulator: Emulator) -> None:
    key = emulator.add_key("gone.secret", "gus", roles={"project_1": "Data owner"})
    assert emulator.api("GET", "/project", key=key).status == 200
    emulator.remove_key(key)
    assert refusal(emulator.api("GET", "/project", key=key))[1] == 320013


def _login(emulator: Emulator, path: str, email: str, password: str) -> Answer:
    form = f"email={email}&password={password}&otp=".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return emulator.send("POST", f"{BASE}{path}", form, headers)


def test_a_login_gives_a_token_in_a_header(emulator: Emulator) -> None:
    emulator.add_key("who.secret", "wim", admin=True, password="hush", roles={"project_1": "Data owner"})
    answer = _login(emulator, "/auth/login", "wim@hopsworks.ai", "hush")
    assert answer.status == 200
    token = answer.headers["authorization"]
    assert token.startswith("Bearer ")
    assert [item["project"]["name"] for item in _with(emulator, token).json()] == ["project_1"]
    assert _with(emulator, token, "/project/getAll").status == 401


@pytest.mark.parametrize("path", ["/auth/login", "/auth/service"])
def test_a_failed_login(emulator: Emulator, path: str) -> None:
    answer = _login(emulator, path, "admin@hopsworks.ai", "wrong")
    assert refusal(answer) == (401, 160008, "Authentication failed, invalid credentials")


def test_only_an_agent_logs_in_as_a_service(emulator: Emulator) -> None:
    emulator.add_key("agent.secret", "onlinefs", password="hush", platform_roles=["AGENT"])
    assert _login(emulator, "/auth/service", "onlinefs@hopsworks.ai", "hush").status == 200
    assert _login(emulator, "/auth/login", "onlinefs@hopsworks.ai", "hush").status == 401


def test_an_unknown_path_and_an_unknown_method(emulator: Emulator) -> None:
    assert refusal(emulator.api("GET", "/nowhere"))[:2] == (404, 120004)
    assert refusal(emulator.api("PATCH", "/project"))[:2] == (405, 120004)
    outside = emulator.send("GET", "/other")
    assert outside.status == 404
    assert outside.headers["content-type"] == "text/html"


def test_an_unforeseen_failure_is_a_generic_error(emulator: Emulator) -> None:
    assert refusal(emulator.api("POST", "/project", ["no", "object"])) == (500, 120000, "A generic error occurred.")
