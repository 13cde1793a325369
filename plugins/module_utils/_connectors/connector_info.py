# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``kafka_connector_info``: which connector a project has, and what its clients get. Writes nothing."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean, public_text
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, Options
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors, files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.for_each_project import (
    Failure,
    failure,
    for_each_project,
    selection_from,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    CONNECTOR_UNREADABLE,
    FEATURE_STORE_NOT_FOUND,
    ApiError,
    to_result,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import Session, connection
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_connector import FIELDS
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import public_value, secret_value

from .argument_spec import connector_info_spec
from .connector_planner import DesiredConnector, differences, locations
from .desired import OVERRIDABLE, declare_connectors, overrides_by_project
from .project_outcome import NO_FEATURE_STORE, NOT_DONE

Fields = t.Dict[str, t.Any]

#: The number of failures that the message quotes. The results have all of them.
_MAX_QUOTED = 5


@dataclasses.dataclass
class ProjectInfo:
    """What was read of one project, as far as it could be read. The fields are described in the module's RETURN."""

    project: str
    skipped: t.Optional[str] = None
    exists: t.Optional[bool] = None
    connector: t.Optional[Fields] = None
    declaration: t.Optional[Fields] = None
    secrets: t.Optional[t.List[str]] = None
    effective: t.Optional[Fields] = None
    missing_files: t.Optional[t.List[str]] = None
    desired: t.Optional[Fields] = None
    differs: t.Optional[t.List[Fields]] = None
    failure: t.Optional[Failure] = None
    changed: bool = False
    read_as_effective: t.Optional[t.Tuple[Project, int]] = None

    def to_result(self) -> Fields:
        """Return the entry of ``results``."""
        shown = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("failure", "changed", "read_as_effective")
        }
        return {**shown, "error": self.failure.error if self.failure else None}


def run(options: Options) -> Fields:
    """Run the task and return its result, with ``failed`` true if anything could not be read."""
    try:
        return read_projects(options)
    except HopsworksKafkaError as error:
        return {"failed": True, "msg": str(error), "error": to_result(error)}


def read_projects(options: Options) -> Fields:
    """Read the projects and return the result, with ``failed`` true if one of them could not be read.

    :param options: those of the module.
    :raises HopsworksKafkaError: the input is wrong, or the projects cannot be listed.
    """
    server = connection(options)
    overrides = overrides_by_project(options.get("projects"))
    declared = None
    if any(options.get(name) for name in OVERRIDABLE):
        declared = declare_connectors({name: options.get(name) for name in OVERRIDABLE}, overrides)

    def visit(session: Session, project: Project) -> ProjectInfo:
        info = ProjectInfo(project.name)
        if project.not_done() is not None:
            info.skipped = NOT_DONE
            return info
        try:
            desired = DesiredConnector(project.name, options["name"])
            if declared:
                desired = declared.of(project.name).desired(desired, project.name, options["directory"])
            _read(session, project, options, info, desired)
        except Exception as error:
            _note_error(info, error)
        return info

    def skip(project: Project, failure: Failure) -> ProjectInfo:
        return ProjectInfo(project.name, failure=failure)

    visits = for_each_project(server, selection_from(options, overrides), visit, skip)
    _check_readable(Session(server), options["name"], visits.results)
    tracebacks = [info.failure.traceback for info in visits.results if info.failure and info.failure.traceback]
    return {
        "changed": False,
        "failed": any(info.failure for info in visits.results),
        "msg": _message(visits.results),
        "results": [info.to_result() for info in visits.results],
        "settled": _settled(visits.results),
        "not_owned": visits.not_owned,
        **({"exception": tracebacks[0]} if tracebacks else {}),
    }


def _check_readable(session: Session, name: str, infos: t.Sequence[ProjectInfo]) -> None:
    """Read one connector by its name, for all that were read as the effective one only.

    Those are answered even where the cluster has Kafka connectors disabled.
    """
    read = [info for info in infos if info.read_as_effective is not None and info.failure is None]
    for info in read[:1]:
        try:
            connectors.get(session, *t.cast("t.Tuple[Project, int]", info.read_as_effective), name)
        except Exception as error:
            _note_error(info, error)
    session.close()
    if read and read[0].failure is not None and read[0].failure.cluster_wide:
        for info in read:
            info.failure = read[0].failure


def _settled(infos: t.Sequence[ProjectInfo]) -> bool:
    """Return whether the clients of every project that was not skipped use the connector, as it is declared."""
    infos = [info for info in infos if info.skipped is None]
    return bool(infos) and all(
        info.failure is None
        and info.differs == []
        and not info.missing_files
        and info.effective is not None
        and info.effective["external"]
        for info in infos
    )


def _message(infos: t.Sequence[ProjectInfo]) -> str:
    there = sum(info.exists is True and info.failure is None for info in infos)
    absent = sum(info.exists is False for info in infos)
    failures = [(info.project, info.failure.error) for info in infos if info.failure]
    text = f"{len(infos)} projects: {there} with the connector, {absent} without, {len(failures)} not readable"
    passed_over = sum(info.skipped is not None for info in infos)
    if passed_over:
        text += f", {passed_over} not complete yet"
    for project, error in failures[:_MAX_QUOTED]:
        text += f" | project {project}: {error['message']}. {error['remedy']}"
    return text


def _note_error(info: ProjectInfo, error: Exception) -> None:
    code = error.error_code if isinstance(error, ApiError) else None
    if code == FEATURE_STORE_NOT_FOUND:
        info.skipped = NO_FEATURE_STORE
        return
    if code == CONNECTOR_UNREADABLE:
        info.exists = True
    info.failure = _cleaned(failure(error))


def _cleaned(failed: Failure) -> Failure:
    cleaned = {part: clean(failed.error[part], ()) for part in ("message", "remedy")}
    return dataclasses.replace(failed, error={**failed.error, **cleaned})


def _read(session: Session, project: Project, options: Options, info: ProjectInfo, desired: DesiredConnector) -> None:
    """Fill in what can be read of a project.

    :param desired: compared with the connector if it has fields.
    """
    store = connectors.feature_store_id(session, project)
    connector: t.Optional[connectors.Connector] = None
    if options["effective"]:
        given = connectors.effective(session, project, store)
        info.effective = _effective(given)
        if info.effective["external"] and given["name"] == options["name"]:
            # Then the server has answered the project's own connector, with its secrets, and would answer it again.
            connector = given
            info.read_as_effective = (project, store)
    if connector is None:
        connector = connectors.get(session, project, store, options["name"])
    info.exists = connector is not None
    if desired.fields:
        info.desired = masked_connector(desired.fields)
        info.differs = [change.to_result() for change in differences(desired, connector or {})]
    if connector is None:
        return
    info.connector = masked_connector(connector)
    info.declaration, info.secrets = declaration(project.name, connector)
    if options["check_files"]:
        paths = sorted(locations(connector))
        info.missing_files = [path for path in paths if files.size(session, project, path) is None]


def _effective(connector: t.Mapping[str, t.Any]) -> Fields:
    """Return what clients are given. The id -1 stands for the Kafka that Hopsworks manages."""
    identity = connector.get("id")
    return {
        "external": connector.get("externalKafka") is True and identity != -1,
        "id": identity,
        "bootstrap_servers": public_value("bootstrap.servers", connector.get("bootstrapServers")),
        "security_protocol": public_value("security.protocol", connector.get("securityProtocol")),
    }


def masked_connector(connector: t.Mapping[str, t.Any]) -> Fields:
    """Return the connector's own fields as the REST API names them, secrets masked."""
    about = ("id", "name", "description", "storageConnectorType")
    shown: Fields = {field: _public(connector[field]) for field in about if connector.get(field) is not None}
    for name, field in FIELDS.items():
        if connector.get(field) is not None:
            shown[field] = public_value(name, connector[field])
    shown["options"] = [
        {"name": _public(option.get("name")), "value": public_value(str(option.get("name")), option.get("value"))}
        for option in connector.get("options") or ()
    ]
    return shown


def _public(value: t.Any) -> t.Any:
    """Return what a member of the project wrote, as it may be shown."""
    return public_text(value) if isinstance(value, str) else value


def declaration(project: str, connector: t.Mapping[str, t.Any]) -> t.Tuple[Fields, t.List[str]]:
    """Return the connector as an item of the option ``projects`` without its secrets, and the names of the secrets.

    They are left out instead of masked, so that the item can be used: the common declaration supplies them. A property
    of an unknown name counts as a secret.
    """
    given = {name: connector.get(field) for name, field in FIELDS.items() if connector.get(field) is not None}
    given.update({str(option.get("name")): option.get("value") for option in connector.get("options") or ()})
    secrets = sorted(name for name, value in given.items() if secret_value(name, value))
    shown = {name: value for name, value in given.items() if name not in secrets}
    return {"name": project, "properties": shown}, [public_text(name) for name in secrets]


TASK = ModuleTask("kafka_connector_info", connector_info_spec, lambda options, _mode: run(options))
