# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the errors of requests to Hopsworks. Each has a reason, a cause and a remedy.

Codes of the server are those of RESTCodes.java: the sum of the number of a group and that of an error in it
(https://github.com/logicalclocks/hopsworks/blob/2b1cb50ee5c8ab1395e54baa21511195bcd28e44/hopsworks-rest-utils/src/main/java/io/hops/hopsworks/restutils/RESTCodes.java).
The body of an answer may hold passwords, so no message quotes one. Of an error's body only the code and the server's
own words (``usrMsg``, else ``errorMsg``) are used, and those are cleaned of secrets first.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean, secret_name

_MAX_WORDS = 300
#: A longer message is not meant for people, and searching it for secrets would take long.
_MAX_CLEANED = 50000
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, INTERNAL = 401, 403, 404, 429, 500
_BUSY = frozenset((TOO_MANY, 502, 503, 504))

CONNECTOR_NOT_FOUND = 270042
CONNECTOR_EXISTS = 270030
CONNECTOR_REFUSED = 270136
CONNECTOR_UNREADABLE = 270126
FEATURE_STORE_NOT_FOUND = 270008
DATASET_NOT_FOUND = 110011
FILE_EXISTS = 110012
PATH_NOT_FOUND = 110018
MISSING_ROLE = 320003
MISSING_SCOPE = 320004

CHECK_NETWORK = "Try again; if the error persists, check the network and the proxies in between"
CHECK_SERVER = "Check host and port, and whether a login page or proxy answers instead of Hopsworks"


class RequestError(HopsworksKafkaError):
    """A request that failed.

    :param reason: one word for programs, for example ``missing_scope``.
    :param request: method and route, for example ``GET /project``.
    :param status: HTTP status; None if there was no answer.
    :param error_code: the code in the server's answer; None if there was none.
    :param temporary: the same request may succeed a little later.
    :param cluster_wide: it applies to every project, so no other one need be tried.
    :param retry_after: the number of seconds that the server asked to wait.
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
        """Tell whether a write may have been done although its answer does not say so."""
        raise NotImplementedError


class TransportError(RequestError):
    """No readable answer was received: the connection failed or timed out, or the answer has another form.

    :param sent: the request may have reached the server.
    """

    def __init__(self, *arguments: t.Any, sent: bool = True, **more: t.Any) -> None:
        super().__init__(*arguments, **more)
        self.sent = sent

    @property
    def outcome_unknown(self) -> bool:
        return self.sent


class ApiError(RequestError):
    """The server answered with an error."""

    @property
    def outcome_unknown(self) -> bool:
        # A proxy's 502 to 504 does not say whether the server did the work. An internal error may come after the write.
        return (self.status or 0) >= INTERNAL


class AuthenticationError(ApiError):
    """The server does not accept the API key."""


class _Known(t.NamedTuple):
    reason: str
    cause: str
    remedy: str
    cluster_wide: bool = False


_KEY = "Check api_key (HOPSWORKS_API_KEY): it has the form prefix.secret, and may have been revoked"
_SCOPES = (
    "Create a key with the scopes PROJECT, FEATURESTORE, DATASET_VIEW, DATASET_CREATE and DATASET_DELETE; "
    "cluster variables need ADMIN"
)
#: A user with the role HOPS_SERVICE_USER only may read connectors, but neither list nor write them; an agent may do
#: less (FeaturestoreStorageConnectorService.java in logicalclocks/hopsworks, commit
#: 2b1cb50ee5c8ab1395e54baa21511195bcd28e44).
_SERVICE_USER = (
    "service_user",
    "the API key belongs to a service user, which may not write connectors",
    "Use the API key of a person or a service account with the role HOPS_USER",
    True,
)
_OWNER = "Make the user of the API key a Data owner of this project"
_CHANGE = "Change what the message of Hopsworks names"
_LOG = "See the log of the Hopsworks server"

#: By ``errorCode``.
_KNOWN: t.Dict[int, _Known] = {
    200003: _Known("bad_api_key", "Hopsworks rejected the API key", _KEY, True),
    320012: _Known("bad_api_key", "the API key is wrong", _KEY, True),
    320013: _Known("bad_api_key", "Hopsworks does not know this API key", _KEY, True),
    320004: _Known("missing_scope", "the API key lacks the scope for this request", _SCOPES, True),
    320003: _Known("not_admin", "the user of the API key is not an administrator", "Use an administrator's key", True),
    150004: _Known("project_not_found", "project not found", "Check its name; it may just have been deleted"),
    160000: _Known("not_a_member", "the user of the API key is not a member of this project", _OWNER),
    150068: _Known("not_data_owner", "the user of the API key may not do this in this project", _OWNER),
    270024: _Known("not_data_owner", "the user of the API key is not a Data owner of this project", _OWNER),
    CONNECTOR_UNREADABLE: _Known(
        "unreadable_connector",
        "Hopsworks cannot read this connector, for any client: the user who created it has left the project",
        "Add that user to the project again, or set recreate_unreadable to delete and create the connector",
    ),
    FEATURE_STORE_NOT_FOUND: _Known(
        "no_feature_store", "the project has no feature store", "Enable its feature store service"
    ),
    270042: _Known("connector_not_found", "connector not found", "Check option name"),
    270214: _Known(
        "type_disabled",
        "Kafka storage connectors are disabled in this cluster",
        "Set the cluster variable enable_kafka_storage_connectors to true",
        True,
    ),
    270030: _Known("name_taken", "Hopsworks rejected the connector's name", "Choose another name"),
    270136: _Known("refused", "Hopsworks rejected the connector", _CHANGE),
    270060: _Known("wrong_type", "the connector kafka_connector is not a Kafka connector", "Rename or delete it"),
    110011: _Known("no_dataset", "dataset not found", "Give in option directory a dataset of the project"),
    110012: _Known("file_exists", "a file of this name exists", "Delete it, or give the connector another one"),
    110018: _Known("file_not_found", "file not found", "Check the path"),
    110042: _Known("refused", "Hopsworks rejected the upload", _CHANGE),
    120001: _Known("refused", "Hopsworks rejected the request", _CHANGE),
}

_BY_STATUS: t.Dict[int, _Known] = {
    UNAUTHORIZED: _Known("bad_api_key", "Hopsworks rejected the API key", _KEY, True),
    FORBIDDEN: _Known("forbidden", "Hopsworks denied access", "Check the rights of the API key's user"),
    NOT_FOUND: _Known("not_found", "not found", "Check that Hopsworks answers at host and port"),
    TOO_MANY: _Known("too_many_requests", "Hopsworks received too many requests", "Lower workers, or try again later"),
    502: _Known("unavailable", "a proxy cannot reach Hopsworks", "Try again once the server is up"),
    503: _Known("unavailable", "Hopsworks is not available", "Try again once the server is up"),
    504: _Known("unavailable", "Hopsworks did not answer its proxy in time", "Try again, or raise timeout"),
}


def api_error(
    request: str,
    status: int,
    body: t.Optional[t.Mapping[str, t.Any]],
    retry_after: t.Optional[float] = None,
    secrets: t.Collection[str] = (),
) -> ApiError:
    """Return the error for an answer that does not report success.

    :param body: the answer's JSON object; None for anything else, such as a proxy's page.
    :param secrets: what the server may have quoted from the request.
    """
    code = body.get("errorCode") if body else None
    known = _KNOWN.get(code) if isinstance(code, int) else None
    if code == MISSING_ROLE and " /admin/" not in request:
        known = _Known(*_SERVICE_USER)
    if known is None:
        known = _BY_STATUS.get(status) or _Known(
            "server_error" if status >= INTERNAL else "refused",
            f"Hopsworks answered {status}",
            _LOG if status >= INTERNAL else _CHANGE,
        )
    kind = AuthenticationError if status == UNAUTHORIZED else ApiError
    return kind(
        known.reason,
        known.cause + _words(body, secrets),
        known.remedy,
        request=request,
        status=status,
        error_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        temporary=status in _BUSY,
        cluster_wide=known.cluster_wide,
        retry_after=retry_after,
    )


def _words(body: t.Optional[t.Mapping[str, t.Any]], secrets: t.Collection[str]) -> str:
    """Return the server's own message, in brackets."""
    said = (body or {}).get("usrMsg") or (body or {}).get("errorMsg")
    if not isinstance(said, str) or not said.strip():
        return ""
    if len(said) > _MAX_CLEANED:
        return f" (a message of {len(said)} characters)"
    # Before the text is cut: half a secret would not be found.
    text = " ".join(clean(said, secrets).split()).rstrip(".")
    return f" ({text[:_MAX_WORDS]})"


#: A text in quotes, such as user and password in a JAAS configuration.
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")


def secrets_sent(document: t.Any) -> t.Set[str]:
    """Return the secrets in the JSON of a request: values of secret names, and texts in quotes in them."""
    found: t.Set[str] = set()
    for name, value in _named_values(document):
        if value and secret_name(name):
            found.add(value)
            found.update(part for parts in _QUOTED.findall(value) for part in parts if part)
    return found


def _named_values(document: t.Any) -> t.Iterator[t.Tuple[str, str]]:
    """Yield every text in a document with its name; of an item ``{name, value}`` the name is in the item."""
    if isinstance(document, dict):
        if "name" in document and "value" in document:
            yield str(document["name"]), str(document["value"])
            return
        for name, value in document.items():
            if isinstance(value, str):
                yield str(name), value
            else:
                yield from _named_values(value)
    elif isinstance(document, (list, tuple)):
        for item in document:
            yield from _named_values(item)


def to_result(error: HopsworksKafkaError) -> t.Dict[str, t.Any]:
    """Return an error as results show it: ``{reason, message, remedy, http_status, error_code}``."""
    return {
        "reason": error.reason or "bad_input",
        "message": f"{error.cause} [{error.subject}]"
        if isinstance(error, RequestError) and error.subject
        else error.cause,
        "remedy": error.remedy,
        "http_status": getattr(error, "status", None),
        "error_code": getattr(error, "error_code", None),
    }
