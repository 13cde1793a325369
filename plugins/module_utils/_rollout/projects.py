# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The planner of a project: what is wanted, beside what was read, as an ordered list of writes. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.connectors import DISCRIMINATOR
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_connector import FIELDS, SECRET_FIELDS
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.secret_texts import secret_property
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import Action, Change, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.wanted import StoreFile, Wanted

Connector = t.Mapping[str, t.Any]

_LOCATIONS = ("sslTruststoreLocation", "sslKeystoreLocation")


class RefusedError(HopsworksKafkaError):
    """What is wanted must not be done in this project.

    :param reason: one word for programs.
    """

    def __init__(self, reason: str, cause: str, remedy: str) -> None:
        super().__init__("", cause, remedy)
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class Found:
    """What was read of a project.

    :param connector: the one of the wanted name; ``None`` where there is none.
    :param others: the project's other connectors; ``None`` where they were not read, see :func:`wants_surroundings`.
    :param files: the names in the wanted directory; ``None`` where it was not read.
    """

    connector: t.Optional[Connector] = None
    others: t.Optional[t.Sequence[Connector]] = None
    files: t.Optional[t.AbstractSet[str]] = None


def wants_surroundings(wanted: Wanted, connector: t.Optional[Connector]) -> bool:
    """Whether :func:`plan_project` must know the project's files and other connectors.

    Only where stores are replaced, so that old ones can go, or where the user asks for a look at the files. All else
    is decided from the connector alone, which keeps a converged project at one request for it.
    """
    if connector is None or not wanted.present:
        return False
    if wanted.check_files:
        return True
    return not wanted.keep and any(
        _text(connector, field) != _text(wanted.fields, field) and _text(connector, field) for field in _LOCATIONS
    )


def plan_project(project: str, wanted: Wanted, found: Found) -> Plan:
    """What is to be done in one project.

    :raises RefusedError: what must not be done: the name is another type's, others use the stores.
    """
    if found.connector is not None and found.connector.get("storageConnectorType", "KAFKA") != "KAFKA":
        raise RefusedError(
            "wrong_type",
            f"connector {wanted.name} is of type {found.connector.get('storageConnectorType')}",
            "Choose another name, or remove it by hand",
        )
    if not wanted.present:
        return _plan_absent(project, wanted, found)
    if found.connector is None:
        uploads = tuple(_upload(file) for file in wanted.files)
        create = Action("create", wanted.name, body(wanted, None))
        return Plan(project, "created", (*uploads, create), differences(wanted, {}))
    return _plan_present(project, wanted, found, found.connector)


def _plan_present(project: str, wanted: Wanted, found: Found, connector: Connector) -> Plan:
    changes = differences(wanted, connector)
    if wanted.keep and changes:
        names = ", ".join(change.what for change in changes)
        return Plan(
            project, "skipped", (), changes, (f"project {project} has a connector of its own; differs: {names}",)
        )
    uploads = [
        file
        for file in wanted.files
        if (file.name not in found.files if found.files is not None else not _names(connector, file.name))
    ]
    lost = [Change(f"file {file.name}", None, "uploaded") for file in uploads if _names(connector, file.name)]
    old = sorted(_superseded(project, wanted, found))
    actions = [_upload(file) for file in uploads]
    if changes:
        actions.append(Action("replace", wanted.name, body(wanted, connector)))
    actions += [Action("remove", name) for name in old]
    gone = [Change(f"file {name}", "superseded", None) for name in old]
    return Plan(project, "updated" if actions else "unchanged", tuple(actions), (*changes, *lost, *gone))


def _plan_absent(project: str, wanted: Wanted, found: Found) -> Plan:
    if found.connector is None:
        return Plan(project, "unchanged")
    places = {_text(found.connector, field) for field in _LOCATIONS} - {""}
    sharing = sorted(
        str(other.get("name")) for other in found.others or () if places & {_text(other, field) for field in _LOCATIONS}
    )
    if sharing and not wanted.remove_shared_stores:
        raise RefusedError(
            "shared_stores",
            f"deleting connector {wanted.name} deletes its stores, which these connectors use too: {', '.join(sharing)}",
            "Give those stores of their own first, or set remove_shared_stores",
        )
    changes = tuple(
        dataclasses.replace(change, before=change.after, after=None)
        for change in differences(dataclasses.replace(wanted, fields=found.connector), {})
    )
    return Plan(project, "deleted", (Action("delete", wanted.name),), changes)


def differences(wanted: Wanted, connector: Connector) -> t.Tuple[Change, ...]:
    """Every difference, fields in the order of the REST API's, then options by name.

    What the server adds by itself (``id``, ``href``, ``externalKafka``) is not compared. Absent and empty are the same.
    """
    found: t.List[Change] = []
    if wanted.description is not None and wanted.description != (connector.get("description") or ""):
        found.append(Change("description", connector.get("description") or None, wanted.description))
    for field in FIELDS.values():
        before, after = _text(connector, field), _text(wanted.fields, field)
        if before != after:
            found.append(Change(field, before or None, after or None, secret=field in SECRET_FIELDS))
    return (*found, *_option_differences(_options(connector), _options(wanted.fields)))


def _option_differences(before: t.List[t.Tuple[str, str]], after: t.List[t.Tuple[str, str]]) -> t.List[Change]:
    """Options by name. Their order is a difference only where a client obeys it.

    The Python client takes the mechanism that stands later of ``sasl.jaas.config`` (always SCRAM-SHA-256 for SCRAM) and
    ``sasl.mechanism``; so the latter must come after the former.
    """
    had, wants = dict(before), dict(after)
    changes = [
        Change(f"option {name}", had.get(name), wants.get(name), secret=secret_property(name))
        for name in sorted(set(had) | set(wants))
        if had.get(name) != wants.get(name)
    ]
    if not changes and (len(before) != len(had) or _login_order(before) != _login_order(after)):
        changes.append(Change("options", "order or repetition", "sasl.jaas.config before sasl.mechanism, each once"))
    return changes


def _login_order(options: t.Sequence[t.Tuple[str, str]]) -> t.List[str]:
    return [name for name, _value in options if name in ("sasl.jaas.config", "sasl.mechanism")]


def body(wanted: Wanted, connector: t.Optional[Connector]) -> t.Dict[str, t.Any]:
    """The whole connector as a POST or PUT needs it: what a PUT leaves out, the server wipes."""
    description = wanted.description
    if description is None:
        description = str((connector or {}).get("description") or "")
    return {
        "type": DISCRIMINATOR,
        "storageConnectorType": "KAFKA",
        "name": wanted.name,
        "description": description,
        **wanted.fields,
    }


def _upload(file: StoreFile) -> Action:
    return Action("upload", file.name, file)


def _superseded(project: str, wanted: Wanted, found: Found) -> t.Set[str]:
    """Stores of our own naming in the project that no connector will point to: those of before, and of killed runs."""
    if found.files is None or found.others is None:
        return set()
    ours = re.compile(rf"kafka_{re.escape(project)}_[0-9a-f]{{8}}_(truststore|keystore)\.jks")
    used = {_text(wanted.fields, field).rsplit("/", 1)[-1] for field in _LOCATIONS}
    used |= {_text(other, field).rsplit("/", 1)[-1] for other in found.others for field in _LOCATIONS}
    return {name for name in found.files if ours.fullmatch(name)} - used


def _names(connector: Connector, name: str) -> bool:
    return any(_text(connector, field).endswith(f"/{name}") for field in _LOCATIONS)


def _text(connector: Connector, field: str) -> str:
    """A field as text, ``""`` for none. A location loses its scheme: the server also takes ``hdfs:///Projects/…``."""
    value = connector.get(field)
    if value is None:
        return ""
    text = str(value)
    if field in _LOCATIONS and "/Projects/" in text:
        return text[text.index("/Projects/") :]
    return text


def _options(connector: Connector) -> t.List[t.Tuple[str, str]]:
    return [(str(option.get("name")), str(option.get("value"))) for option in connector.get("options") or ()]
