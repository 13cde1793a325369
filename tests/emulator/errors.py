"""The errors of a Hopsworks server: HTTP status, errorCode and errorMsg, as its class RESTCodes lists them."""

from __future__ import annotations

import typing as t


class Failure(t.NamedTuple):
    """One line of the server's table of errors."""

    status: int
    code: int
    message: str


class ApiError(Exception):
    """Raised by a route; becomes the JSON body {errorCode, errorMsg, usrMsg}. Fields that are null are left out."""

    def __init__(self, failure: Failure, user_message: str | None = None, challenge: bool = False) -> None:
        super().__init__(failure.message, user_message)
        self.failure = failure
        self.user_message = user_message
        # The filter for API keys adds a WWW-Authenticate header to whatever it refuses, a 403 included.
        self.challenge = challenge

    def body(self) -> dict[str, t.Any]:
        body: dict[str, t.Any] = {"errorCode": self.failure.code, "errorMsg": self.failure.message}
        if self.user_message is not None:
            body["usrMsg"] = self.user_message
        return body


class MalformedBody(Exception):
    """The server's JSON library could not read the body: answered with 400 and plain text, not with the usual JSON."""


# Generic, 120000. Anything unforeseen in the server (a null pointer, a wrong cast) ends as GENERIC_ERROR.
GENERIC_ERROR = Failure(500, 120000, "A generic error occurred.")
ILLEGAL_ARGUMENT = Failure(422, 120001, "An argument was not provided or it was malformed.")
UNKNOWN_PATH = Failure(404, 120004, "Web application exception occurred")
METHOD_NOT_ALLOWED = Failure(405, 120004, "Web application exception occurred")

# Authentication: Security 200000, ApiKey 320000, User 160000.
HEADER_NOT_SET = Failure(401, 200003, "Authorization header not set.")
OTHER_SCHEME = Failure(401, 200003, "Invalidated Api key.")
METHOD_NOT_SUPPORTED = Failure(401, 200003, "Authorization method not supported.")
NOT_FOR_THIS_CLIENT = Failure(403, 200014, "Client not authorized for this invocation.")
KEY_INVALID = Failure(401, 320012, "Invalid or incorrect API key.")
KEY_NOT_FOUND = Failure(401, 320013, "API key not found in the database")
KEY_ROLE = Failure(403, 320003, "No valid role found for this invocation")
KEY_SCOPE = Failure(403, 320004, "No valid scope found for this invocation")
NO_PROJECT_ROLE = Failure(403, 160000, "No valid role found for this user")
BAD_CREDENTIALS = Failure(401, 160008, "Authentication failed, invalid credentials")

# Project 150000, service 100000.
PROJECT_EXISTS = Failure(409, 150001, "Project with the same name already exists.")
PROJECT_NAME_INVALID = Failure(400, 150003, "Invalid project name")
PROJECT_NOT_FOUND = Failure(404, 150004, "Project wasn't found.")
PROJECT_ROLE_FORBIDDEN = Failure(403, 150068, "Your project role does not allow to perform this action.")
VARIABLE_NOT_FOUND = Failure(404, 100050, "Requested variable not found")

# Feature store 270000.
FEATURESTORE_NOT_FOUND = Failure(404, 270008, "Featurestore wasn't found.")
FORBIDDEN_FEATURESTORE_OPERATION = Failure(403, 270024, "User is forbidden to enact these changes")
ILLEGAL_CONNECTOR_NAME = Failure(400, 270030, "Illegal storage connector name")
CONNECTOR_NOT_FOUND = Failure(404, 270042, "Connector not found")
ILLEGAL_CONNECTOR_TYPE = Failure(400, 270060, "Illegal storage connector type")
CONNECTOR_GET_ERROR = Failure(500, 270126, "Error retrieving the storage connector")
ILLEGAL_CONNECTOR_ARGUMENT = Failure(400, 270136, "Illegal storage connector argument")
CONNECTOR_TYPE_NOT_ENABLED = Failure(400, 270214, "Storage connector type not enabled")

# Dataset 110000.
DATASET_OPERATION_INVALID = Failure(400, 110001, "Operation cannot be performed.")
INODE_DELETION_ERROR = Failure(500, 110007, "File/Dir could not be deleted.")
DATASET_NOT_FOUND = Failure(400, 110011, "DataSet not found.")
DESTINATION_EXISTS = Failure(400, 110012, "Destination already exists.")
PATH_NOT_FOUND = Failure(400, 110018, "Path not found")
PATH_NOT_DIRECTORY = Failure(400, 110019, "Requested path is not a directory")
PATH_IS_DIRECTORY = Failure(400, 110020, "Requested path is a directory")
DATASET_OWNER_ERROR = Failure(400, 110025, "You cannot perform this action on a dataset you are not the owner")
UPLOAD_INFO_INVALID = Failure(400, 110042, "ResumableInfo is invalid")
DIRECTORY_EXISTS = Failure(400, 110047, "A sub-directory with the same name already exists.")
DOWNLOAD_NOT_ALLOWED = Failure(
    403,
    110048,
    "Downloading files is not allowed. Please contact the system administrator for further information.",
)
