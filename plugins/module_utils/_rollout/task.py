# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The tasks of the project side, from a module's options to outcomes: check everything, then spread the work."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import connectors as api
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import files, projects
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.pool import Pool
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Chosen, Selection
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import connection
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_connector
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.secret_texts import secret_property
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.fanout import Stop, spread
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import MASK
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.wanted import Declarations, Wanted, check_names
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.worker import Outcome, Worker, shown_error

Options = t.Mapping[str, t.Any]
_OVERRIDABLE = ("properties", "truststore", "keystore")


class Done(t.NamedTuple):
    outcomes: t.List[Outcome]
    warnings: t.List[str]


def connectors(options: Options, check_mode: bool) -> Done:
    """The task of ``kafka_connector``.

    :raises HopsworksKafkaError: the input is wrong or the list of projects can't be read; then nothing was written.
    """
    server = connection(options)
    overrides = _overrides(options.get("projects"))
    selection = _selection(options, overrides)
    projects.check(selection)
    check_names(options["name"], options.get("description"))
    base = Wanted(
        name=options["name"],
        present=options["state"] == "present",
        keep=options["existing"] == "keep",
        description=options.get("description"),
        directory=_directory(options["directory"]),
        check_files=options["check_files"],
        remove_shared_stores=options["remove_shared_stores"],
    )
    declarations = Declarations({name: options.get(name) for name in _OVERRIDABLE}, overrides or {})
    if base.present:
        for name in overrides or {"": {}}:
            declarations.of(name)
    session = Pool(server)
    chosen = projects.choose(session, selection)
    work = [(item, _wanted(item, base, declarations)) for item in chosen]
    outcomes = spread(Worker(session, check_mode, Stop()).work, work, options["workers"])
    return Done(outcomes, _warnings(base, declarations, outcomes))


def _wanted(chosen: Chosen, base: Wanted, declarations: Declarations) -> t.Optional[Wanted]:
    if chosen.project is None or not base.present:
        return base if chosen.project else None
    return declarations.of(chosen.name).wanted(chosen.project, base)


def _warnings(base: Wanted, declarations: Declarations, outcomes: t.Sequence[Outcome]) -> t.List[str]:
    warnings = declarations.notes if base.present else []
    if base.name != api.USED_NAME and any(outcome.action == "created" for outcome in outcomes):
        warnings.append(
            f"Connector {base.name} has no effect on ingestion: the Hopsworks server and all released clients use the name "
            f"{api.USED_NAME} and no other."
        )
    if not outcomes:
        warnings.append(
            "There is no project to work on: the owner of the API key is Data owner of none, or all are excluded."
        )
    return [*warnings, *(note for outcome in outcomes for note in outcome.notes)]


def _overrides(given: t.Optional[t.Sequence[t.Any]]) -> t.Optional[t.Dict[str, t.Dict[str, t.Any]]]:
    """Each named project with what it overrides, in the order given; ``None`` where no projects are named.

    :raises InputError: an item that is neither a name nor a dictionary with one.
    """
    if given is None:
        return None
    overrides: t.Dict[str, t.Dict[str, t.Any]] = {}
    for place, item in enumerate(given, start=1):
        fields = {"name": item} if isinstance(item, str) else item
        name = fields.get("name") if isinstance(fields, dict) else None
        if not isinstance(name, str) or not name:
            raise InputError(
                f"option projects, item {place}", "it is neither a name nor a dictionary with name", "Give the name"
            )
        unknown = sorted(set(map(str, fields)) - {"name", *_OVERRIDABLE})
        if unknown:
            raise InputError(
                f"project {name}",
                f"it has no option {', '.join(unknown)}",
                f"An item of projects has name, {', '.join(_OVERRIDABLE)}",
            )
        for option in _OVERRIDABLE:
            if not isinstance(fields.get(option), (dict, type(None))):
                raise InputError(f"project {name}, option {option}", "it is no dictionary", "Give name: value pairs")
        if name in overrides:
            raise InputError("option projects", f"given more than once: {name}", "Name each project once")
        overrides[name] = {option: fields[option] for option in _OVERRIDABLE if fields.get(option) is not None}
    return overrides


def _selection(options: Options, overrides: t.Optional[t.Mapping[str, t.Any]]) -> Selection:
    part = options.get("slice")
    return Selection(
        names=None if overrides is None else list(overrides),
        query=options.get("project_query"),
        exclude=tuple(options.get("exclude") or ()),
        part=(part["index"], part["count"]) if part else None,
    )


def _directory(given: str) -> str:
    directory = given.strip("/")
    if not directory or any(part in ("", ".", "..") for part in directory.split("/")):
        raise InputError("option directory", f"{given!r} is no directory of a project", "Give one such as Resources")
    return directory


def information(options: Options) -> t.List[t.Dict[str, t.Any]]:
    """The task of ``kafka_connector_info``: an entry for each project. Writes nothing.

    :raises HopsworksKafkaError: the input is wrong or the list of projects can't be read.
    """
    server = connection(options)
    overrides = _overrides(options.get("projects"))
    selection = _selection(options, overrides)
    session = Pool(server)
    chosen = projects.choose(session, selection)
    stop = Stop()

    def look(item: Chosen) -> t.Dict[str, t.Any]:
        return _look(session, item, options, stop)

    return spread(look, chosen, options["workers"])


def _look(session: Pool, chosen: Chosen, options: Options, stop: Stop) -> t.Dict[str, t.Any]:
    entry: t.Dict[str, t.Any] = {
        "project": chosen.name,
        "exists": None,
        "connector": None,
        "declaration": None,
        "effective": None,
        "missing_files": None,
        "error": None,
    }
    try:
        if chosen.project is None or stop.is_set():
            entry["error"] = shown_error(chosen.error or t.cast(HopsworksKafkaError, stop.why))
            return entry
        store = api.feature_store_id(session, chosen.project)
        if options["effective"]:
            entry["effective"] = _effective(api.effective(session, chosen.project, store))
        connector = api.get(session, chosen.project, store, options["name"])
        entry["exists"] = connector is not None
        if connector is not None:
            entry["connector"] = masked(connector)
            entry["declaration"] = declaration(connector)
            if options["check_files"]:
                entry["missing_files"] = _missing(session, chosen, connector)
    except HopsworksKafkaError as error:
        if getattr(error, "reason", "") == "bad_api_key":
            stop.set(error)
        entry["error"] = shown_error(error)
    return entry


def _effective(connector: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """``external`` only for the project's own connector: the passing one for the managed Kafka has id -1."""
    identity = connector.get("id")
    return {
        "external": connector.get("externalKafka") is True and identity != -1,
        "id": identity,
        "bootstrap_servers": connector.get("bootstrapServers"),
    }


def _missing(session: Pool, chosen: Chosen, connector: t.Mapping[str, t.Any]) -> t.List[str]:
    project = t.cast(projects.Project, chosen.project)
    prefix = f"/Projects/{project.name}/"
    missing = []
    for field in ("sslTruststoreLocation", "sslKeystoreLocation"):
        place = connector.get(field)
        path = place[place.index(prefix) + len(prefix) :] if place and prefix in place else None
        if path is not None and files.size(session, project, path) is None:
            missing.append(str(place))
    return missing


def masked(connector: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The connector's own fields, by their REST names, with secrets masked."""
    shown = {field: connector[field] for field in ("id", "description") if connector.get(field) is not None}
    for field in dialect_connector.FIELDS.values():
        if connector.get(field) is not None:
            shown[field] = MASK if field in dialect_connector.SECRET_FIELDS else connector[field]
    shown["options"] = [
        {"name": option["name"], "value": MASK if secret_property(option["name"]) else option["value"]}
        for option in connector.get("options") or ()
    ]
    return shown


def declaration(connector: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The connector as ``kafka_connector`` would take it, secrets masked: ``{properties: {…}}`` in Kafka's names."""
    fields = masked(connector)
    properties = {
        name: fields[field] for name, field in dialect_connector.FIELDS.items() if fields.get(field) is not None
    }
    properties.update({option["name"]: option["value"] for option in fields["options"]})
    return {"properties": properties}
