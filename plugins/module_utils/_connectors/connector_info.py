# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The task of ``kafka_connector_info``: what is there, and what clients are really given. Writes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.circuit_breaker import CircuitBreaker
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.fan_out import PerThread, fan_out
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors, files
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project, choose
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import ServerSeen, Session, connection
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_connector import FIELDS, SECRET_FIELDS
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.sensitive import secret_property

from .connector_planner import Desired, differences, locations
from .connector_task import not_attempted, selection
from .desired import OVERRIDABLE, Declarations, overrides_by_project
from .reconcile import ProjectOutcome, failed

Options = t.Mapping[str, t.Any]
Entry = t.Dict[str, t.Any]


class Seen(t.NamedTuple):
    """What was seen: an entry for each project, and how many projects were passed over for want of a role."""

    entries: t.List[Entry]
    not_owned: int

    @property
    def message(self) -> str:
        """The entries in one line."""
        there = sum(entry["exists"] is True for entry in self.entries)
        absent = sum(entry["exists"] is False for entry in self.entries)
        failed = [entry for entry in self.entries if entry["error"]]
        text = f"{len(self.entries)} projects: {there} with the connector, {absent} without, {len(failed)} not readable"
        for entry in failed[:5]:
            text += f" | project {entry['project']}: {entry['error']['message']}. {entry['error']['remedy']}"
        return text


def look(options: Options) -> Seen:
    """Reads the connector of every chosen project.

    :param options: those of the module.
    :raises HopsworksKafkaError: the input is wrong, or the projects cannot be listed.
    """
    server = connection(options)
    overrides = overrides_by_project(options.get("projects"))
    wished = selection(options, overrides)
    declared = None
    if any(options.get(name) for name in OVERRIDABLE):
        declared = Declarations({name: options.get(name) for name in OVERRIDABLE}, overrides)
    reached = ServerSeen()
    chosen = choose(Session(server, reached), wished)
    outage = CircuitBreaker(server.workers)

    sessions = PerThread(lambda: Session(server, reached))

    def work(project: Project) -> t.Tuple[Entry, ProjectOutcome]:
        entry, outcome = _entry(project), ProjectOutcome(project.name, "unchanged")
        try:
            if outage.why:
                outcome = not_attempted(project.name, outage.why)
            else:
                wanted = Desired(project.name, options["name"])
                if declared:
                    wanted = declared.of(project.name).wanted(wanted, project.name, options["directory"])
                _look(sessions.get(), project, options, entry, wanted)
        except HopsworksKafkaError as error:
            outcome = failed(project.name, error)
        entry["error"] = outcome.error
        return entry, outcome

    found = fan_out(chosen.projects, work, server.workers, lambda both: outage.note(both[1]))
    return Seen([entry for entry, _outcome in found], chosen.not_owned)


def _entry(project: Project) -> Entry:
    seen = ("exists", "connector", "declaration", "secrets", "effective", "missing_files", "wanted", "differs", "error")
    return {"project": project.name, **dict.fromkeys(seen)}


def _look(session: Session, project: Project, options: Options, entry: Entry, wanted: Desired) -> None:
    """Fills in what is seen of a project, as far as it can be read.

    :param wanted: what to compare it with; nothing where it has no fields.
    """
    store = connectors.feature_store_id(session, project)
    if options["effective"]:
        entry["effective"] = _effective(connectors.effective(session, project, store))
    connector = connectors.get(session, project, store, options["name"])
    entry["exists"] = connector is not None
    if wanted.fields:
        entry["wanted"] = masked_connector(wanted.fields)
        entry["differs"] = [change.to_result() for change in differences(wanted, connector or {})]
    if connector is None:
        return
    entry["connector"] = masked_connector(connector)
    entry["declaration"], entry["secrets"] = declaration(project.name, connector)
    if options["check_files"]:
        paths = sorted(locations(connector))
        entry["missing_files"] = [path for path in paths if files.size(session, project, path) is None]


def _effective(connector: t.Mapping[str, t.Any]) -> Entry:
    """What clients are given. The passing one for the Kafka that Hopsworks manages has the id -1."""
    identity = connector.get("id")
    return {
        "external": connector.get("externalKafka") is True and identity != -1,
        "id": identity,
        "bootstrap_servers": connector.get("bootstrapServers"),
        "security_protocol": connector.get("securityProtocol"),
    }


def masked_connector(connector: t.Mapping[str, t.Any]) -> Entry:
    """The connector's own fields as the REST API names them, secrets masked."""
    fields = ("id", "name", "description", "storageConnectorType", *FIELDS.values())
    found: Entry = {
        field: MASK if field in SECRET_FIELDS and connector[field] else connector[field]
        for field in fields
        if connector.get(field) is not None
    }
    found["options"] = [
        {"name": name, "value": MASK if secret_property(str(name)) else option.get("value")}
        for option in connector.get("options") or ()
        for name in (option.get("name"),)
    ]
    return found


def declaration(project: str, connector: t.Mapping[str, t.Any]) -> t.Tuple[Entry, t.List[str]]:
    """The connector as an item of the option ``projects``, without its secrets, and the names of those.

    Left out and not masked, so that it can be given back: what is missing comes from the common declaration.
    """
    given = {name: connector.get(field) for name, field in FIELDS.items() if connector.get(field) is not None}
    given.update({str(option.get("name")): option.get("value") for option in connector.get("options") or ()})
    secrets = sorted(name for name in given if secret_property(name))
    return {"name": project, "properties": {n: v for n, v in given.items() if n not in secrets}}, secrets
