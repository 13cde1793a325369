# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What the module ``onlinefs_config`` does: from its options to a host, a plan and a transaction, and to a result."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_client

from . import desired_files, file_checks, host_planner, onlinefs_versions, options
from .files import File
from .generations import APPLIED, REVERTED, FileSet, Generations
from .health_check import Health, HealthCheck, last_lines
from .host_error import HostError
from .options import Params
from .service import Service
from .transaction import Host

#: Seconds to wait for another run on the same host.
_LOCK_SECONDS = 60.0

Result = t.Dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class _Prepared:
    """A plan with what it was made from: the files that are there, and those that are wanted."""

    plan: Plan
    found: FileSet
    files: FileSet

    @property
    def consumer(self) -> t.Dict[str, str]:
        """The consumer's properties once the plan is done."""
        return desired_files.parsed(
            onlinefs_versions.CONSUMER_FILE, {**self.found, **self.files}.get(onlinefs_versions.CONSUMER_FILE)
        )

    @property
    def consumer_before(self) -> t.Dict[str, str]:
        return desired_files.parsed(onlinefs_versions.CONSUMER_FILE, self.found.get(onlinefs_versions.CONSUMER_FILE))


class Configuration:
    """One run of the module.

    :param params: its options.
    :param check: change nothing.
    :param diff: return the differences of the files.
    :param service: the service of this host; the one that the options name, unless given.
    """

    def __init__(self, params: Params, check: bool, diff: bool, service: t.Optional[Service] = None) -> None:
        self._params = params
        #: What the action plugin asks for: ``phase`` (hold, commit or roll_back), and what that needs.
        self._transaction: t.Mapping[str, t.Any] = params["_transaction"] or {}
        self._phase = str(self._transaction.get("phase", ""))
        self._check = check
        self._diff = diff
        self._secrets = options.secrets(params)
        self._places = options.paths(params)
        self._declaration: t.Optional[desired_files.OnlinefsDeclaration] = None
        self._service = service or options.service(params)
        self._generations = Generations(self._places.state)
        self._host = Host(
            self._places.directory,
            self._generations,
            self._service,
            self._prover(),
            self._diagnose,
            params["generations"],
        )
        self.result: Result = {"changed": False, "warnings": []}

    def run(self) -> Result:
        """Do what ``state`` and ``phase`` say.

        :raises InputError: what the user gave is wrong; nothing was written.
        :raises HostError: the host stands in the way, or a change did not work and was taken back.
        """
        phase = self._phase
        if phase in ("commit", "roll_back") and not self._check:
            with self._generations.locked(_LOCK_SECONDS):
                return self._commit() if phase == "commit" else self._roll_back()
        self._check_options()
        prepared = self._prepare()
        self._check_host(prepared)
        if self._check or not (prepared.plan.actions or self._generations.journal()):
            self._describe(prepared)
            self._prove_always(prepared.plan)
            return self._finish(None if not prepared.plan.changed else self._host.number(prepared.found))
        with self._generations.locked(_LOCK_SECONDS):
            # Another run may have been at work meanwhile.
            prepared = self._prepare()
            self._describe(prepared)
            return self._apply(prepared)

    def redact(self, text: str) -> str:
        """``text`` without the secrets of this run."""
        return clean(text, self._secrets)

    def _prepare(self) -> _Prepared:
        """Read, and plan."""
        params = self._params
        directory = self._host.directory_attributes()
        found = self._host.found()
        for name, file in found.items():
            if name.endswith(".properties"):
                # A password that goes out of use is a secret too.
                self._secrets |= kafka_client.secrets_of(desired_files.parsed(name, file))
        files: t.Mapping[str, t.Optional[File]]
        if self._declaration is not None:
            owner = options.ownership(params)
            files = desired_files.declared(self._declaration, found, owner, directory, self._host.number(found))
            file_checks.check_files(files, self._declaration.client, params["min_days_valid"], time.time())
        else:
            kept = self._generations.files(params["generation"])
            files = desired_files.generation(params["generation"], kept, self._generations.all(), found)
        journal = self._generations.journal()
        superseded = desired_files.superseded(found, files, self._host.others())
        interrupted = bool(journal and journal.restart)
        managed = params["service_manager"] != "none"
        plan = host_planner.plan_host(files, found, superseded, interrupted, managed)
        return _Prepared(plan, found, files)

    def _apply(self, prepared: _Prepared) -> Result:
        if not prepared.plan.actions:
            self._host.tidy()
            return self._finish(None)
        before = self._cluster_id()
        facts = {
            "service_version": self._params["service_version"],
            "bootstrap_servers": prepared.consumer.get("bootstrap.servers"),
        }
        origin = APPLIED if self._params["state"] == "present" else REVERTED
        hold = self._phase == "hold"
        outcome = self._host.apply(prepared.plan, prepared.found, origin, facts, hold)
        self._proved(outcome.proof)
        if outcome.proof and outcome.proof.group:
            self._tell_cluster(before, outcome.proof.group.cluster_id)
        self.result["pending"] = outcome.pending
        return self._finish(outcome.generation)

    def _commit(self) -> Result:
        """The second part of a change whose consumer group was looked at from the controller."""
        before = self._cluster_id()
        group = ConsumerGroup(**self._transaction["group"])
        self._host.commit(Health("", None, group))
        self._host.clean(desired_files.superseded(self._host.found(), {}, self._host.others()))
        self._tell_cluster(before, group.cluster_id)
        self.result["changed"] = True
        return self._finish(None)

    def _roll_back(self) -> Result:
        raise self._host.roll_back(HostError("", self._transaction["reason"]))

    # --- before anything is written ----------------------------------------------------------------------------------

    def _check_options(self) -> None:
        params = self._params
        if params["state"] == "present":
            self._declaration = options.declaration(params)
            client = self._declaration.client
            self._secrets |= kafka_client.secrets_of({}, client.truststore, client.keystore)
            self.result["warnings"].extend(client.notes)
        if params["generations"] < 1:
            raise InputError("option generations", "less than one leaves nothing to go back to", "Give at least 1")
        if params["verify_consumer_group"] == "required" and self._phase == "" and not consumer_groups.available():
            raise InputError(
                "option verify_consumer_group",
                "it is required, and nobody can look at the consumer group",
                "Install confluent-kafka on the controller or on the host",
            )
        self._service.check()

    def _check_host(self, prepared: _Prepared) -> None:
        if prepared.plan.actions:
            self._host.check_writable(prepared.plan)
        self._tell_offsets(prepared)
        mode = self._params["probe"]
        if self._declaration and (mode == "always" or (mode == "changed" and host_planner.restarts(prepared.plan))):
            self.result["probe"] = file_checks.reach_kafka(
                self._declaration.consumer,
                prepared.consumer.get("group.id", ""),
                self._declaration.topics or (),
                self._params["probe_timeout"],
            )

    # --- proofs ------------------------------------------------------------------------------------------------------

    def _prover(self) -> HealthCheck:
        params = self._params
        look = (
            self._look if params["verify_consumer_group"] != "never" and params["service_manager"] != "none" else None
        )
        # Where the controller adds its own look at the group, nobody having looked here is no failure yet.
        required = params["verify_consumer_group"] == "required" and self._phase == ""
        return HealthCheck(
            self._service,
            params["metrics_url"] or "",
            params["service_timeout"],
            params["service_settle"],
            look,
            required and params["state"] == "present",
        )

    def _look(self, seconds: float) -> ConsumerGroup:
        """The group of the configuration that is live now: after a rollback that is another than the declared one."""
        live = desired_files.parsed(
            onlinefs_versions.CONSUMER_FILE, self._host.found()[onlinefs_versions.CONSUMER_FILE]
        )
        group, client_id = live.get("group.id", ""), live.get("client.id", "")
        if not consumer_groups.available():
            return ConsumerGroup(group, client_id, None, consumer_groups.NO_LIBRARY)
        try:
            client = kafka_client.from_java(live, self._places.on_host)
        except InputError as error:
            return ConsumerGroup(group, client_id, None, str(error))
        return consumer_groups.wait_for_member(client, group, client_id, seconds)

    def _prove_always(self, plan: Plan) -> None:
        if self._params["health_check"] == "always" and not host_planner.restarts(plan):
            self._proved(self._host.prover.prove())

    def _proved(self, proof: t.Optional[Health]) -> None:
        if proof is None:
            return
        self.result["health"] = proof.to_result()
        # Where nobody could look here, the controller may.
        if proof.group and (proof.group.joined is not None or self._phase == ""):
            self.result["warnings"].extend(proof.group.doubts())

    def _diagnose(self) -> t.Dict[str, t.Any]:
        try:
            state = self._service.state().text
        except HostError as error:
            state = str(error)
        return {
            "service": self.redact(state),
            "log": last_lines(self._places.log, self._secrets),
            "probe": self.result.get("probe"),
        }

    # --- what is told ------------------------------------------------------------------------------------------------

    def _describe(self, prepared: _Prepared) -> None:
        plan = prepared.plan
        self.result.update(
            changed=plan.changed,
            changes=[change.to_result() for change in plan.changes],
            actions=[str(action) for action in plan.actions],
            files=sorted(f"{self._places.directory}/{name}" for name, file in prepared.files.items() if file),
            restarted=host_planner.restarts(plan),
        )
        self.result["warnings"].extend(plan.notes)
        if self._diff:
            self.result["diff"] = host_planner.diffs(plan, prepared.found)

    def _tell_offsets(self, prepared: _Prepared) -> None:
        """Tell what a change does to the offsets from which records are read."""
        before, after = prepared.consumer_before, prepared.consumer
        if not before or not after:
            return
        if before.get("group.id") != after.get("group.id"):
            start = after.get("auto.offset.reset", "latest")
            self.result["warnings"].append(
                f"The consumer group changes from {before.get('group.id')} to {after.get('group.id')}: "
                f"where it has no offsets yet, it starts at the {start} record"
            )
        if before.get("bootstrap.servers") != after.get("bootstrap.servers"):
            self.result["warnings"].append(
                "The bootstrap servers change. If that is another Kafka cluster with topics of the same names: "
                "OnlineFS keeps its offsets by topic name, so it may skip records there, or read them again"
            )

    def _tell_cluster(self, before: t.Optional[str], after: t.Optional[str]) -> None:
        if before and after and before != after:
            self.result["warnings"].append(
                f"This is another Kafka cluster ({after}, it was {before}). OnlineFS keeps its offsets by topic name: "
                "topics of the same names may be read from the wrong place"
            )

    def _cluster_id(self) -> t.Optional[str]:
        """The cluster that the service was last seen with."""
        ids = [generation.cluster_id for generation in self._generations.all() if generation.cluster_id]
        return ids[-1] if ids else None

    def _finish(self, generation: t.Optional[int]) -> Result:
        known = self._generations.all()
        self.result["generations"] = [g.to_result() for g in known]
        if generation is None and known:
            generation = known[-1].number
        self.result["generation"] = generation
        return self.result
