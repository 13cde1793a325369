"""A project on a server, as far as a plan touches it: connectors and files in dictionaries."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_planner
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import (
    CurrentConnector,
    DesiredConnector,
)

Connector = dict[str, t.Any]


@dataclasses.dataclass
class Server:
    """One project.

    :param connectors: by name.
    :param files: content by absolute path.
    :param removed: what was deleted, for tests that ask for the order.
    """

    connectors: dict[str, Connector] = dataclasses.field(default_factory=dict)
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    done: list[str] = dataclasses.field(default_factory=list)

    def copy(self) -> Server:
        return copy.deepcopy(self)

    def read(self, desired: DesiredConnector, look: bool = False) -> CurrentConnector:
        """Return what reconcile would read of it."""
        found = CurrentConnector(self.connectors.get(desired.name))
        if look and desired.present:
            found = dataclasses.replace(found, sizes={path: len(content) for path, content in self.files.items()})
        if connector_planner.needs_others(desired, found):
            found = dataclasses.replace(found, others=[c for n, c in self.connectors.items() if n != desired.name])
        return found

    def plan(self, desired: DesiredConnector, look: bool = False) -> Plan:
        return connector_planner.plan_project(desired, self.read(desired, look))

    def apply(self, plan: Plan) -> None:
        """Carry out a plan as the server would: nothing is overwritten, a PUT replaces, a DELETE removes the stores."""
        for action in plan.actions:
            self.done.append(str(action))
            if action.verb == "upload":
                if action.target not in self.files:
                    self.files[action.target] = action.payload.load()
            elif action.verb == "remove":
                del self.files[action.target]
            elif action.verb == "create":
                assert action.target not in self.connectors
                self._store(action.payload)
            elif action.verb == "replace":
                assert action.target in self.connectors
                self._store(action.payload)
            elif action.verb == "delete":
                gone = self.connectors.pop(action.target)
                for place in connector_planner.locations(gone):
                    self.files.pop(place, None)
            else:
                raise AssertionError(action.verb)

    def _store(self, body: t.Mapping[str, t.Any]) -> None:
        assert body["type"] == "featureStoreKafkaConnectorDTO"
        assert body["sslEndpointIdentificationAlgorithm"] is not None
        for place in connector_planner.locations(body):
            assert place in self.files, "a connector that points to nothing"
        old = self.connectors.get(body["name"], {})
        # Null fields are left out of answers, and the server adds its own.
        stored = {name: value for name, value in body.items() if value is not None}
        self.connectors[body["name"]] = {**stored, "id": old.get("id", 1), "featurestoreId": 67}
