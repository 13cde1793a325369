# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What the module ``onlinefs_config`` does: from its options to a host, a plan and a transaction, and to a result."""

from __future__ import annotations

import grp
import os
import pwd
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._host import (
    layout,
    membership,
    planner,
    site_xml,
    validation,
    wanted,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._host.errors import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._host.files import File
from ansible_collections.hopsworks.kafka.plugins.module_utils._host.generations import (
    APPLIED,
    REVERTED,
    FileSet,
    Generations,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._host.proof import (
    Group,
    Proof,
    Prover,
    last_lines,
    redacted,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._host.service import (
    CommandService,
    NoService,
    Service,
    SystemdUnit,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._host.transaction import Host
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import client as kafka_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._rollout.plan import Plan

#: Seconds to wait for another run on the same host.
_LOCK_SECONDS = 60.0

Result = t.Dict[str, t.Any]
Params = t.Mapping[str, t.Any]


class Configuration:
    """One run of the module.

    :param params: its options.
    :param check: change nothing.
    :param diff: return the differences of the files.
    """

    def __init__(self, params: Params, check: bool, diff: bool) -> None:
        self._params = params
        self._check = check
        self._diff = diff
        self._directory = os.path.realpath(params["config_dir"] or os.path.join(params["home"], "etc"))
        self._client: t.Optional[kafka_client.KafkaClient] = None
        self._secrets: t.Set[str] = set()
        self._live_consumer: t.Dict[str, str] = {}
        self._service = _service(params)
        self._generations = Generations(params["state_dir"] or os.path.join(params["home"], ".kafka_generations"))
        self._host = Host(
            self._directory, self._generations, self._service, self._prover(), self._diagnose, params["generations"]
        )
        self.result: Result = {"changed": False, "warnings": []}

    def run(self) -> Result:
        """Do what ``state`` and ``phase`` say.

        :raises InputError: what the user gave is wrong; nothing was written.
        :raises HostError: the host stands in the way, or a change did not work and was taken back.
        """
        phase = self._params["phase"]
        if self._check:
            return self._whole(hold=False)
        with self._generations.locked(_LOCK_SECONDS):
            if phase == "commit":
                return self._commit()
            if phase == "roll_back":
                self._declare()
                raise self._host.roll_back(HostError("", self._params["phase_reason"] or "not proved"))
            return self._whole(hold=phase == "until_proof")

    def _whole(self, hold: bool) -> Result:
        params = self._params
        directory = self._host.directory_attributes()
        found = self._host.found()
        self._secrets |= _secrets_in(found)
        self._declare()
        owner = _ownership(params)
        files: t.Mapping[str, t.Optional[File]]
        number = self._host.number(found)
        if params["state"] == "present":
            files = wanted.declared(self._declaration(), found, owner, directory, number)
            validation.check_files(files, self._require_client(), params["min_days_valid"], time.time())
        else:
            kept = self._generations.files(params["generation"])
            files = wanted.generation(params["generation"], kept, self._generations.all(), found)
        journal = self._generations.journal()
        plan = planner.plan_host(
            files, found, wanted.superseded(found, files, self._host.others()), bool(journal and journal.restart)
        )
        final = {**found, **files}
        self._live_consumer = wanted.parsed(layout.CONSUMER_FILE, final.get(layout.CONSUMER_FILE))
        self._service.check()
        self._warn(plan, found, final)
        if plan.actions:
            self._host.check_writable(plan)
        self._probe(plan)
        self._describe(plan, found, files)
        if self._check:
            self._prove_always(self.result["restarted"])
            return self._finish(number if plan.changed else None)
        if not plan.actions:
            self._host.tidy()
            self._prove_always(False)
            return self._finish(None)
        origin = APPLIED if params["state"] == "present" else REVERTED
        outcome = self._host.apply(plan, found, origin, self._facts(final), hold)
        self._proved(outcome.proof)
        self.result["pending"] = outcome.pending
        return self._finish(outcome.generation)

    def _commit(self) -> Result:
        proved = self._params["phase_proof"]
        proof = None
        if proved:
            proof = Proof("", None, Group(**proved))
        self._host.commit(proof)
        self._host.clean(wanted.superseded(self._host.found(), {}, self._host.others()))
        self.result["changed"] = True
        return self._finish(None)

    # --- the declaration ---------------------------------------------------------------------------------------------

    def _declare(self) -> None:
        params = self._params
        if params["state"] != "present":
            return
        options = {}
        for role in ("truststore", "keystore"):
            given = dict(params[role] or {})
            given["remote"] = given.pop("remote_src", None)
            options[role] = kafka_client.store_option(role, given if params[role] else None)
        self._secrets |= kafka_client.secrets_of(params["properties"] or {}, *options.values())
        for file in layout.properties_files(layout.version(params["service_version"])):
            self._secrets |= kafka_client.secrets_of(params[file.option] or {})
        self._client = kafka_client.declare(params["properties"] or {}, options["truststore"], options["keystore"])
        self._secrets |= kafka_client.secrets_of({}, self._client.truststore, self._client.keystore)
        self.result["warnings"].extend(self._client.notes)

    def _require_client(self) -> kafka_client.KafkaClient:
        if self._client is None:
            raise InputError("option properties", "not given", "Declare the Kafka client")
        return self._client

    def _declaration(self) -> wanted.Declaration:
        params = self._params
        version = layout.version(params["service_version"])
        overrides = {
            name: {
                key: None if value is None else kafka_client.text(key, value)
                for key, value in (params[name] or {}).items()
            }
            for name in ("consumer_properties", "vector_db_properties", "producer_properties")
        }
        return wanted.Declaration(
            client=self._require_client(),
            version=version,
            overrides=overrides,
            topics=params["topics"],
            topic_pattern=params["topic_pattern"],
            container_dir=layout.container_directory(
                params["config_dir"] or os.path.join(params["home"], "etc"), params["home"], params["container_home"]
            ),
            client_id=params["client_id"] or "",
        )

    # --- checks and proofs -------------------------------------------------------------------------------------------

    def _probe(self, plan: Plan) -> None:
        mode = self._params["probe"]
        if self._client is None or mode == "never" or (mode == "changed" and not planner.restarts(plan)):
            return
        self.result["probe"] = validation.reach_kafka(self._client, self._params["probe_timeout"])

    def _prover(self) -> Prover:
        params = self._params
        look: t.Optional[t.Callable[[float], Group]] = None
        if params["prove_group"] != "never" and params["service_manager"] != "none":
            look = self._look
        # Where the controller adds its own look at the group, nobody having looked here is no failure yet.
        required = params["prove_group"] == "required" and params["phase"] == "whole"
        return Prover(
            self._service,
            params["metrics_url"] or "",
            params["service_timeout"],
            params["service_settle"],
            look,
            required,
        )

    def _look(self, seconds: float) -> Group:
        """The group of the configuration that is live now: after a rollback that is another than the declared one."""
        live = wanted.parsed(layout.CONSUMER_FILE, self._host.found()[layout.CONSUMER_FILE])
        group, client_id = live.get("group.id", ""), live.get("client.id", "")
        if not membership.available():
            return Group(group, client_id, None, membership.NO_LIBRARY)
        try:
            params = self._params
            home = params["home"]
            inside = layout.container_directory(
                params["config_dir"] or os.path.join(home, "etc"), home, params["container_home"]
            )
            client = kafka_client.from_java(live, lambda location: _on_host(location, inside, self._directory))
        except InputError as error:
            return Group(group, client_id, None, str(error))
        return membership.look(client, group, client_id, seconds)

    def _prove_always(self, restart_pending: bool) -> None:
        if self._params["prove"] == "always" and not restart_pending:
            self._proved(self._host.prover.prove())

    def _proved(self, proof: t.Optional[Proof]) -> None:
        if proof is None:
            return
        self.result["proof"] = proof.shown()
        group = proof.group
        if group is not None and group.joined is None and self._params["phase"] == "whole":
            self.result["warnings"].append(
                f"Not proved that {group.client_id or 'a member'} joined group {group.name}: {group.reason}"
            )

    def _diagnose(self) -> t.Dict[str, t.Any]:
        try:
            state = self._service.state().text
        except HostError as error:
            state = str(error)
        log = self._params["log_file"] or os.path.join(self._params["home"], "logs", "onlinefs.log")
        return {
            "service": redacted(state, self._secrets),
            "log": last_lines(log, self._secrets),
            "probe": self.result.get("probe"),
        }

    # --- results -----------------------------------------------------------------------------------------------------

    def _describe(self, plan: Plan, found: FileSet, files: FileSet) -> None:
        self.result.update(
            changed=plan.changed,
            changes=[change.shown() for change in plan.changes],
            actions=[str(action) for action in plan.actions],
            files=sorted(os.path.join(self._directory, name) for name, file in files.items() if file is not None),
            restarted=planner.restarts(plan) and self._params["service_manager"] != "none",
        )
        if self._params["service_manager"] == "none" and planner.restarts(plan):
            self.result["warnings"].append(
                "The service must be restarted to read its new configuration: service_manager is none"
            )
        if self._diff:
            self.result["diff"] = planner.diffs(plan, found)

    def _warn(self, plan: Plan, found: FileSet, final: FileSet) -> None:
        """Tell what a change does to the offsets from which records are read."""
        before = wanted.parsed(layout.CONSUMER_FILE, found.get(layout.CONSUMER_FILE))
        after = self._live_consumer
        if not before:
            return
        if before.get("group.id") != after.get("group.id"):
            start = after.get("auto.offset.reset", "latest")
            self.result["warnings"].append(
                f"The consumer group changes from {before.get('group.id')} to {after.get('group.id')}: "
                f"without offsets of its own it starts at the {start} record"
            )
        if before.get("bootstrap.servers") != after.get("bootstrap.servers"):
            self.result["warnings"].append(
                "The bootstrap servers change. If that is another Kafka cluster with topics of the same names: "
                "OnlineFS keeps its offsets by topic name, so it may skip records there, or read them again"
            )

    def _facts(self, final: FileSet) -> t.Dict[str, t.Any]:
        consumer = wanted.parsed(layout.CONSUMER_FILE, final.get(layout.CONSUMER_FILE))
        site = final.get(layout.SITE_FILE)
        facts = {
            "service_version": self._params["service_version"],
            "bootstrap_servers": consumer.get("bootstrap.servers"),
        }
        return {**facts, **(site_xml.read(site.content, layout.SITE_FILE) if site and self._params["topics"] else {})}

    def _finish(self, generation: t.Optional[int]) -> Result:
        known = self._generations.all()
        self.result["generations"] = [g.shown() for g in known]
        if generation is None and known:
            generation = known[-1].number
        self.result["generation"] = generation
        return self.result


def _on_host(location: str, inside: str, directory: str) -> str:
    """A path as the service sees it, on the host."""
    return os.path.join(directory, os.path.basename(location)) if os.path.dirname(location) == inside else location


def _service(params: Params) -> Service:
    if params["service_manager"] == "systemd":
        return SystemdUnit(params["service_name"], params["service_timeout"])
    if params["service_manager"] == "command":
        commands = params["service_commands"] or {}
        return CommandService(
            params["service_name"],
            commands.get("restart") or "",
            commands.get("status") or "",
            params["service_timeout"],
        )
    return NoService()


def _ownership(params: Params) -> wanted.Ownership:
    """Owner, group and mode from the options.

    :raises InputError: this host has no such user or group, or the mode is none.
    """
    uid = gid = None
    if params["owner"]:
        try:
            uid = int(params["owner"]) if params["owner"].isdigit() else pwd.getpwnam(params["owner"]).pw_uid
        except KeyError:
            cause = f"this host has no user {params['owner']}"
            raise InputError(
                "option owner", cause, "Install OnlineFS first, or name the user that its service runs as"
            ) from None
    if params["group"]:
        try:
            gid = int(params["group"]) if params["group"].isdigit() else grp.getgrnam(params["group"]).gr_gid
        except KeyError:
            cause = f"this host has no group {params['group']}"
            raise InputError(
                "option group", cause, "Install OnlineFS first, or name the group that its service runs as"
            ) from None
    try:
        mode = int(params["mode"], 8)
    except ValueError:
        raise InputError("option mode", f"not octal digits: {params['mode']}", "For example '0640'") from None
    if not 0 <= mode <= 0o7777 or mode & 0o002:
        raise InputError("option mode", f"{params['mode']} lets everybody write, or is no mode", "For example '0640'")
    return wanted.Ownership(uid, gid, mode)


def _secrets_in(found: FileSet) -> t.Set[str]:
    """The secrets of the files that are there: an old password is one too."""
    secrets: t.Set[str] = set()
    for name, file in found.items():
        if name.endswith(".properties"):
            secrets |= kafka_client.secrets_of(wanted.parsed(name, file))
    return secrets
