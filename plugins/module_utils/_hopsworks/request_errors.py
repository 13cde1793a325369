# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What can go wrong between here and Hopsworks, each as an exception with a reason, a cause and a remedy.

Codes and texts of the server are those of ``RESTCodes.java``. The body of an answer may hold passwords, so no message
ever quotes one; of an error's body only the code and the server's own words (``usrMsg``) are used.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError

_LONGEST_WORDS = 300
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, INTERNAL = 401, 403, 404, 429, 500
_BUSY = frozenset((TOO_MANY, 502, 503, 504))

CONNECTOR_NOT_FOUND = 270042
CONNECTOR_EXISTS = 270030
CONNECTOR_REFUSED = 270136
FILE_EXISTS = 110012
PATH_NOT_FOUND = 110018
DATASET_NOT_FOUND = 110011


class RequestError(HopsworksKafkaError):
    """A request that did not get the answer that it was sent for.

    :param reason: one word for programs, for example ``missing_scope``.
    :param request: method and route, for example ``GET /project``.
    :param status: HTTP status; None where there was no answer.
    :param error_code: the code in the server's answer; None where there was none.
    :param temporary: the same request may succeed a little later.
    :param cluster_wide: it holds for every project, so that no other need be tried.
    :param retry_after: seconds that the server asked to wait.
    """

    def __init__(
        self,
        reason: str,
        cause: str,
        remedy: str = "",
        *,
        request: str = "",
        status: t.Optional[int] = None,
        error_code: t.Optional[int] = None,
        temporary: bool = False,
        cluster_wide: bool = False,
        retry_after: t.Optional[float] = None,
    ) -> None:
        super().__init__(request, cause, remedy, reason)
        self.status = status
        self.error_code = error_code
        self.temporary = temporary
        self.cluster_wide = cluster_wide
        self.retry_after = retry_after

    @property
    def outcome_unknown(self) -> bool:
        """Whether a write may have been done although its answer says nothing of the kind."""
        raise NotImplementedError


class TransportError(RequestError):
    """There was no answer, or none that can be read: the connection failed, timed out, or the answer is no JSON.

    :param sent: the request may have reached the server.
    """

    def __init__(self, *arguments: t.Any, sent: bool = True, **more: t.Any) -> None:
        super().__init__(*arguments, **more)
        self.sent = sent

    @property
    def outcome_unknown(self) -> bool:
        return self.sent


class ApiError(RequestError):
    """The server answered, with an error."""

    @property
    def outcome_unknown(self) -> bool:
        # A proxy's 502 to 504 does not say whether the server did it; an internal error may have come after the write.
        return (self.status or 0) >= INTERNAL


class AuthenticationError(ApiError):
    """The server does not accept the API key."""


class _Known(t.NamedTuple):
    reason: str
    cause: str
    remedy: str = ""
    cluster_wide: bool = False


_KEY = "Check api_key (HOPSWORKS_API_KEY): it has the form prefix.secret, and it may have been revoked"
_SCOPES = (
    "Create a key with the scopes PROJECT, FEATURESTORE, DATASET_VIEW, DATASET_CREATE and DATASET_DELETE; "
    "cluster variables need ADMIN"
)
_OWNER = "Make the user of the API key a Data owner of this project"

#: By ``errorCode``.
_KNOWN: t.Dict[int, _Known] = {
    200003: _Known("bad_api_key", "the server does not take the API key", _KEY, True),
    320012: _Known("bad_api_key", "the API key is wrong", _KEY, True),
    320013: _Known("bad_api_key", "the server does not know this API key", _KEY, True),
    320004: _Known("missing_scope", "the API key lacks the scope for this request", _SCOPES, True),
    320003: _Known("not_admin", "the API key's user is no administrator", "Use an administrator's key", True),
    150004: _Known("project_not_found", "there is no such project", "Check its name; it may just have been deleted"),
    160000: _Known("not_a_member", "the user of the API key is no member of this project", _OWNER),
    150068: _Known("not_data_owner", "the user of the API key may not do this in this project", _OWNER),
    270024: _Known("not_data_owner", "the user of the API key is not Data owner of this project", _OWNER),
    270008: _Known("no_feature_store", "the project has no feature store", "Switch on its feature store service"),
    270042: _Known("connector_not_found", "there is no such connector"),
    270214: _Known(
        "type_disabled",
        "Kafka storage connectors are disabled in this cluster",
        "Set the cluster variable enable_kafka_storage_connectors to true",
        True,
    ),
    270030: _Known("name_taken", "the server does not take the connector's name"),
    270136: _Known("refused", "the server does not take the connector"),
    270060: _Known("wrong_type", "the connector kafka_connector is none for Kafka", "Rename or remove that connector"),
    110011: _Known("no_dataset", "the project has no such dataset", "Check option directory"),
    110012: _Known("file_exists", "there is such a file already"),
    110018: _Known("file_not_found", "there is no such file"),
    110042: _Known("refused", "the server does not take the upload"),
    120001: _Known("refused", "the server does not take the request"),
}  # fmt: skip

_BY_STATUS: t.Dict[int, _Known] = {
    UNAUTHORIZED: _Known("bad_api_key", "the server does not take the API key", _KEY, True),
    FORBIDDEN: _Known("forbidden", "the server forbids it", "Check the rights of the API key's user"),
    NOT_FOUND: _Known("not_found", "there is no such thing on the server", "Check host and port: is this Hopsworks"),
    TOO_MANY: _Known("too_many_requests", "the server has too many requests", "Lower workers, or try again later"),
    502: _Known("unavailable", "a proxy does not reach the server", "Try again once the server is up"),
    503: _Known("unavailable", "the server is not available", "Try again once the server is up"),
    504: _Known("unavailable", "the server does not answer its proxy in time", "Try again, or raise timeout"),
}


def api_error(
    request: str, status: int, body: t.Optional[t.Mapping[str, t.Any]], retry_after: t.Optional[float] = None
) -> ApiError:
    """The error for an answer that is none of success.

    :param body: the answer's JSON object; None where it is none, as a proxy's page.
    """
    code = body.get("errorCode") if body else None
    known = _KNOWN.get(code) if isinstance(code, int) else None
    if known is None:
        known = _BY_STATUS.get(status) or _Known(
            "server_error" if status >= INTERNAL else "refused",
            f"the server answers {status}",
            "Look into the log of the server" if status >= INTERNAL else "",
        )
    kind = AuthenticationError if status == UNAUTHORIZED else ApiError
    return kind(
        known.reason,
        known.cause + _words(body),
        known.remedy,
        request=request,
        status=status,
        error_code=code if isinstance(code, int) else None,
        temporary=status in _BUSY,
        cluster_wide=known.cluster_wide,
        retry_after=retry_after,
    )


def _words(body: t.Optional[t.Mapping[str, t.Any]]) -> str:
    """What the server says itself, in brackets."""
    said = (body or {}).get("usrMsg") or (body or {}).get("errorMsg")
    if not isinstance(said, str) or not said.strip():
        return ""
    text = " ".join(said.split()).rstrip(".")
    return f" ({text[:_LONGEST_WORDS]})"


def to_result(error: HopsworksKafkaError) -> t.Dict[str, t.Any]:
    """An error as results show it: ``{reason, message, remedy, http_status, error_code}``."""
    return {
        "reason": error.reason or "bad_input",
        "message": f"{error.cause} [{error.subject}]"
        if isinstance(error, RequestError) and error.subject
        else error.cause,
        "remedy": error.remedy,
        "http_status": getattr(error, "status", None),
        "error_code": getattr(error, "error_code", None),
    }
