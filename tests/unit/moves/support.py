# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a directory, with a service that joins and leaves its group in a stand-in cluster."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import move_info, move_record, move_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.move_record import MoveRecord
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import Generations
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import State
from ansible_collections.hopsworks.kafka.plugins.modules import onlinefs_move, onlinefs_move_info

from tests.moves.cluster import Cluster
from tests.unit.onlinefs.support import Home

GROUP = "onlinefs_rondb"


class Service:
    """What is up lies in a file, so that it survives a killed run. Whoever is up is a member of the old cluster."""

    name = "onlinefs"

    def __init__(self, host: MovingHost, leaves: bool = True, stops: bool = True) -> None:
        self._file = host.path / "up"
        self._old = host.old
        self._leaves = leaves
        self._stops = stops

    def check(self) -> None:
        pass

    def check_can_stop(self) -> None:
        pass

    def restart(self) -> None:
        self.start()

    def start(self) -> None:
        self._file.write_text("up")

    def stop(self) -> None:
        if self._stops:
            self._file.unlink(missing_ok=True)
        if self._leaves:
            self._old.members = {}

    def state(self) -> State:
        up = self._file.exists()
        return State(up, not up, "1", "active" if up else "inactive", not up)


class MovingHost:
    """An OnlineFS home that reads from ``old``; ``new`` is declared for it."""

    def __init__(self, path: pathlib.Path, old: Cluster, new: Cluster) -> None:
        self.home = Home(path)
        self.path = path
        self.old, self.new = old, new
        self.write(old)
        (path / "up").write_text("up")
        old.members = {GROUP: ["consumer-1"]}

    def write(self, cluster: Cluster, **more: str) -> None:
        """Write the consumer's file, as an installer or onlinefs_config would."""
        properties = {"bootstrap.servers": cluster.bootstrap, "group.id": GROUP, **more}
        text = "".join(f"{name} = {value}\n" for name, value in properties.items())
        (self.home.etc / "onlinefs-kafka.properties").write_text(text)

    @property
    def up(self) -> bool:
        return (self.path / "up").exists()

    @property
    def generations(self) -> Generations:
        return Generations(str(self.home.state))

    @property
    def record(self) -> MoveRecord | None:
        return move_record.read(self.generations)

    def params(self, spec: t.Mapping[str, t.Any], **given: t.Any) -> dict[str, t.Any]:
        defaults = {name: option.get("default") for name, option in spec.items()}
        base = {
            "properties": {"bootstrap.servers": self.new.bootstrap},
            "home": str(self.path),
            "state_dir": str(self.home.state),
            "metrics_url": "",
            "service_settle": 0,
            "service_timeout": 1,
            "timeout": 3,
        }
        return {**defaults, **{name: value for name, value in base.items() if name in spec}, **given}

    def info(self, **given: t.Any) -> dict[str, t.Any]:
        """One run of ``onlinefs_move_info``."""
        return move_info.info(self.params(onlinefs_move_info.argument_spec(), **given), set())

    def run(self, state: str, check: bool = False, service: t.Any = None, **given: t.Any) -> dict[str, t.Any]:
        """One run of ``onlinefs_move``."""
        params = self.params(onlinefs_move.argument_spec(), state=state, **given)
        return move_task.run(params, check, set(), service or Service(self))
