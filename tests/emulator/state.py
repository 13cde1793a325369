"""What the emulated cluster holds: projects with their members, connectors and files; users, API keys and variables."""

from __future__ import annotations

import base64
import dataclasses
import pathlib
import threading
import typing as t

from tests.emulator.journal import Journal, Record

DATA_OWNER = "Data owner"
DATA_SCIENTIST = "Data scientist"
# ApiScope.java; ADMIN and the like can be had by any key here, what the user may do decides.
SCOPES = frozenset(
    [
        "JOB",
        "DATASET_VIEW",
        "DATASET_CREATE",
        "DATASET_DELETE",
        "SERVING",
        "FEATURESTORE",
        "PROJECT",
        "ADMIN",
        "KAFKA",
        "ADMINISTER_USERS",
        "ADMINISTER_USERS_REGISTER",
        "MODELREGISTRY",
        "USER",
        "GIT",
        "PYTHON_LIBRARIES",
        "AUTH",
    ]
)
STATUSES = ("DONE", "ONGOING", "FAILED")
CREATED = "2024-01-15T09:30:00.000Z"
# Datasets that the server makes with a project, as children of /Projects/<project>.
DATASETS = ("Resources", "Logs", "Jupyter", "Models", "Experiments", "DataValidation", "Statistics", "Airflow")
# Ids start apart, so that one taken for the other is never right by chance.
FIRST_PROJECT_ID = 119
FIRST_FEATURESTORE_ID = 1000067
# Every third project sees the feature store of the one before it, as shared stores are seen.
SHARED_EVERY = 3
VARIABLES: dict[str, tuple[str, str]] = {
    "download_allowed": ("true", "USER"),
    "enable_adls_storage_connectors": ("false", "USER"),
    "enable_bigquery_storage_connectors": ("true", "USER"),
    "enable_bring_your_own_kafka": ("false", "USER"),
    "enable_data_science_profile": ("false", "USER"),
    "enable_gcs_storage_connectors": ("true", "USER"),
    "enable_kafka_storage_connectors": ("true", "USER"),
    "enable_redshift_storage_connectors": ("true", "USER"),
    "enable_snowflake_storage_connectors": ("true", "USER"),
    "first_time_login": ("0", "NOTAUTHENTICATED"),
    "kafka_enabled": ("true", "USER"),
    "onlinefs_service_thread_number": ("10", "ADMIN"),
}
SERVER_VERSION = "5.2.1"


@dataclasses.dataclass
class User:
    name: str
    admin: bool
    password: str = "password"
    platform_roles: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.name}@hopsworks.ai"

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(self.platform_roles or (("HOPS_ADMIN", "HOPS_USER") if self.admin else ("HOPS_USER",)))


@dataclasses.dataclass
class Key:
    """An API key: `<prefix>.<secret>`."""

    text: str
    user: str
    scopes: frozenset[str]

    @property
    def prefix(self) -> str:
        return self.text.partition(".")[0]


@dataclasses.dataclass
class Project:
    id: int
    name: str
    featurestore_id: int
    owner: str
    team: dict[str, str] = dataclasses.field(default_factory=dict)
    description: str = ""
    topic: str | None = None
    # DONE, ONGOING or FAILED (CreationStatus.java).
    status: str = "DONE"
    # Whether it has a feature store of its own.
    has_featurestore: bool = True
    # Names of other projects whose feature store is shared with this one.
    shared_from: list[str] = dataclasses.field(default_factory=list)
    connectors: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    # Name of a connector -> the user who created it, who owns the secret with its passwords.
    secret_owners: dict[str, str] = dataclasses.field(default_factory=dict)
    # Absolute path -> content; directories that were made, datasets included.
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    directories: set[str] = dataclasses.field(default_factory=set)
    # Uploads under way: (path, identifier) -> chunk number -> bytes. Not kept over a restart, like the server's.
    uploads: dict[tuple[str, str], dict[int, bytes]] = dataclasses.field(default_factory=dict)

    @property
    def featurestore_name(self) -> str:
        return f"{self.name.lower()}_featurestore"

    def record(self) -> Record:
        document = {name: getattr(self, name) for name in PLAIN_FIELDS}
        document["files"] = {path: base64.b64encode(content).decode() for path, content in self.files.items()}
        document["directories"] = sorted(self.directories)
        return {"project": document}


PLAIN_FIELDS = (
    "id",
    "name",
    "featurestore_id",
    "owner",
    "team",
    "description",
    "topic",
    "status",
    "has_featurestore",
    "shared_from",
    "connectors",
    "secret_owners",
)


def project_of(document: t.Mapping[str, t.Any]) -> Project:
    project = Project(**{name: document[name] for name in PLAIN_FIELDS})
    project.files = {path: base64.b64decode(text) for path, text in document["files"].items()}
    project.directories = set(document["directories"])
    return project


class State:
    """Routes that write hold `lock` from their first check to save(); routes that read need none."""

    def __init__(self, projects: int, api_key: str, path: pathlib.Path | None = None) -> None:
        self.lock = threading.RLock()
        self.projects: dict[int, Project] = {}
        self.by_name: dict[str, Project] = {}
        self.by_featurestore: dict[int, Project] = {}
        self.users: dict[str, User] = {}
        self.keys: dict[str, Key] = {}
        self.variables = {
            name: {"name": name, "value": value, "visibility": visibility, "hide": False}
            for name, (value, visibility) in VARIABLES.items()
        }
        # Whether the class name that the Python client sends for Kafka connectors is let through.
        self.lenient_types = False
        self.last_connector_id = 99
        self.last_project_id = FIRST_PROJECT_ID - 1
        # As GET /variables/versions has it.
        self.version = SERVER_VERSION
        # JSON web tokens of logins, here random text: token -> user. Forgotten at a restart.
        self.tokens: dict[str, str] = {}
        # A user's projects as last written out (10,000 take 50 ms to write): user -> (version, JSON).
        self.membership_lists: dict[str, tuple[int, bytes]] = {}
        # Counts changes of projects and their members, for what is derived from all of them.
        self.team_version = 0
        self._journal = Journal(path)
        for record in self._journal.read():
            self._replay(record)
        if not self.users:
            self.add_key(Key(api_key, "admin", SCOPES), User("admin", admin=True))
        for number in range(1, projects + 1):
            if f"project_{number}" not in self.by_name:
                self._make_project(f"project_{number}", "admin", number)
        self._journal.rewrite([self._settings(), *(project.record() for project in self.projects.values())])

    def save(self, project: Project) -> None:
        """Keeps a project as it is now; to be called before its change is answered."""
        self._journal.append(project.record)

    def save_settings(self) -> None:
        self._journal.append(self._settings)

    def add_project(self, name: str, owner: str) -> Project:
        project = self._make_project(name, owner, 0)
        self.save(project)
        return project

    def remove_project(self, project: Project) -> None:
        self._forget(project)
        self._journal.append(lambda: {"removed": project.id})

    def add_key(self, key: Key, user: User, roles: t.Mapping[str, str] | None = None) -> None:
        """Adds or replaces an identity; `roles`, when given, replaces the user's memberships."""
        self.users[user.name] = user
        self.keys[key.prefix] = key
        if roles is not None:
            for project in self.projects.values():
                role = roles.get(project.name)
                if project.team.get(user.name) == role:
                    continue
                if role is None:
                    del project.team[user.name]
                else:
                    project.team[user.name] = role
                self.save(project)
            self.team_version += 1
        self.save_settings()

    def next_connector_id(self) -> int:
        self.last_connector_id += 1
        return self.last_connector_id

    def variable_is_true(self, name: str) -> bool:
        variable = self.variables.get(name)
        return variable is not None and str(variable["value"]).lower() == "true"

    def _make_project(self, name: str, owner: str, number: int) -> Project:
        project_id = self.last_project_id + 1
        featurestore_id = FIRST_FEATURESTORE_ID + project_id - FIRST_PROJECT_ID
        project = Project(project_id, name, featurestore_id, owner, {owner: DATA_OWNER})
        project.directories = {f"/Projects/{name}/{dataset}" for dataset in DATASETS}
        project.directories.update(
            (f"/Projects/{name}/{name}_Training_Datasets", f"/apps/hive/warehouse/{name}_featurestore.db")
        )
        for connector in self._first_connectors(project):
            project.connectors[connector["name"]] = connector
        if number and number % SHARED_EVERY == 0:
            project.shared_from = [f"project_{number - 1}"]
        self._remember(project)
        return project

    def _first_connectors(self, project: Project) -> list[dict[str, t.Any]]:
        """The two that the server makes with every project."""
        common = {"featurestoreId": project.featurestore_id}
        return [
            {
                "type": "featurestoreHopsfsConnectorDTO",
                "id": self.next_connector_id(),
                "name": f"{project.name}_Training_Datasets",
                "description": "HOPSFS backend for storing Training Datasets of the Hopsworks Feature Store",
                **common,
                "storageConnectorType": "HOPSFS",
                "datasetName": f"{project.name}_Training_Datasets",
                "hopsfsPath": f"/Projects/{project.name}/{project.name}_Training_Datasets",
            },
            {
                "type": "featurestoreJdbcConnectorDTO",
                "id": self.next_connector_id(),
                "name": f"{project.name}_{project.owner}_onlinefeaturestore",
                "description": "JDBC connection to Hopsworks Project Online Feature Store NDB Database for user",
                **common,
                "storageConnectorType": "JDBC",
                "connectionString": f"jdbc:mysql://onlinefs.mysql.service.consul:3306/{project.name}",
                "arguments": [],
            },
        ]

    def _remember(self, project: Project) -> None:
        self.projects[project.id] = self.by_name[project.name] = self.by_featurestore[project.featurestore_id] = project
        self.last_project_id = max(self.last_project_id, project.id)
        self.team_version += 1

    def _forget(self, project: Project) -> None:
        del self.projects[project.id], self.by_name[project.name], self.by_featurestore[project.featurestore_id]
        self.team_version += 1

    def _settings(self) -> Record:
        return {
            "variables": self.variables,
            "users": [dataclasses.asdict(user) for user in self.users.values()],
            "keys": [{"text": key.text, "user": key.user, "scopes": sorted(key.scopes)} for key in self.keys.values()],
            "last_connector_id": self.last_connector_id,
        }

    def _replay(self, record: Record) -> None:
        if "project" in record:
            project = project_of(record["project"])
            self._remember(project)
            self.last_connector_id = max([self.last_connector_id, *(c["id"] for c in project.connectors.values())])
        elif "removed" in record:
            self._forget(self.projects[record["removed"]])
        else:
            self.variables = record["variables"]
            self.users = {user["name"]: _user(user) for user in record["users"]}
            keys = [Key(key["text"], key["user"], frozenset(key["scopes"])) for key in record["keys"]]
            self.keys = {key.prefix: key for key in keys}
            self.last_connector_id = max(self.last_connector_id, record["last_connector_id"])


def _user(document: t.Mapping[str, t.Any]) -> User:
    return User(document["name"], document["admin"], document["password"], tuple(document["platform_roles"]))
