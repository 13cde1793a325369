"""Answers of the server as errors with a reason, a cause and a remedy."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    AuthenticationError,
    TransportError,
    api_error,
    to_result,
)


@pytest.mark.parametrize(
    ("status", "code", "reason", "cluster_wide"),
    [
        (401, 320012, "bad_api_key", True),
        (401, None, "bad_api_key", True),
        (403, 320004, "missing_scope", True),
        (403, 320003, "service_user", True),
        (403, 160000, "not_a_member", False),
        (403, 150068, "not_data_owner", False),
        (403, 270024, "not_data_owner", False),
        (403, None, "forbidden", False),
        (404, 150004, "project_not_found", False),
        (404, 270008, "no_feature_store", False),
        (404, 270042, "connector_not_found", False),
        (404, None, "not_found", False),
        (400, 270214, "type_disabled", True),
        (400, 270030, "name_taken", False),
        (400, 270136, "refused", False),
        (400, None, "refused", False),
        (422, 120001, "refused", False),
        (429, None, "too_many_requests", False),
        (500, 120000, "server_error", False),
        (500, 270126, "unreadable_connector", False),
        (503, None, "unavailable", False),
    ],
)
def test_reasons(status: int, code: int | None, reason: str, cluster_wide: bool) -> None:
    error = api_error("GET /project", status, {"errorCode": code} if code else None)
    assert (error.reason, error.cluster_wide, error.status, error.error_code) == (reason, cluster_wide, status, code)
    assert isinstance(error, AuthenticationError) is (status == 401)
    assert error.temporary is (status in (429, 502, 503, 504))
    assert error.outcome_unknown is (status >= 500)


def test_the_servers_words_and_nothing_else() -> None:
    body = {
        "errorCode": 270136,
        "usrMsg": "Key password\n cannot be null.",
        "devMsg": "secret",
        "sslKeyPassword": "secret",
    }
    error = api_error("PUT /x", 400, body)
    assert str(error) == (
        "PUT /x: Hopsworks rejected the connector (Key password cannot be null). "
        "Change what the message of Hopsworks names."
    )
    assert "…" not in str(error) and "secret" not in str(error)
    long = api_error("PUT /x", 400, {"errorMsg": "x" * 5000})
    assert len(str(long)) < 500
    for odd in ({"usrMsg": 5}, {"usrMsg": " "}, {"errorCode": "270136"}, {}):
        assert api_error("GET /x", 400, t.cast("dict[str, t.Any]", odd)).reason == "refused"


def test_shown() -> None:
    assert to_result(api_error("GET /project", 401, {"errorCode": 320012})) == {
        "reason": "bad_api_key",
        "message": "the API key is wrong [GET /project]",
        "remedy": "Check api_key (HOPSWORKS_API_KEY): it has the form prefix.secret, and may have been revoked",
        "http_status": 401,
        "error_code": 320012,
    }
    assert to_result(InputError("option x", "cause", "Cure")) == {
        "reason": "bad_input", "message": "cause", "remedy": "Cure", "http_status": None, "error_code": None,
    }  # fmt: skip


def test_a_request_that_never_left_wrote_nothing() -> None:
    assert TransportError("timeout", "cause").outcome_unknown
    assert not TransportError("unreachable", "cause", sent=False).outcome_unknown


def test_the_missing_role_is_that_of_an_administrator_on_the_administrators_routes_only() -> None:
    body = {"errorCode": 320003}
    assert api_error("GET /admin/configuration", 403, body).reason == "not_admin"
    assert api_error("POST /project/{project}/featurestores", 403, body).reason == "service_user"
