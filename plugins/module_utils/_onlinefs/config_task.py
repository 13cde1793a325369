# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Do the work of the module ``onlinefs_config``.

``read`` the host, ``prepare`` what to do (pure), carry it out, and return one result. The plan is prepared once to see
whether there is anything to do, and again under the lock, as another run may have finished in between.
"""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean, public_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options, Result
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import secrets_of

from . import desired_files, file_checks, host_planner, onlinefs_versions, options, proof
from .files import Attributes, File
from .generations import APPLIED, REVERTED, FileSet, Generations
from .health_check import Health, HealthCheck, last_lines
from .host_error import HostError
from .journal import Journal
from .manifest import Generation
from .options import ConfigRequest
from .service import Service
from .transaction import Host

#: The number of seconds to wait for another run on the same host.
_LOCK_SECONDS = 60.0

_SITE = onlinefs_versions.SITE_FILE
_CONSUMER = onlinefs_versions.CONSUMER_FILE


@dataclasses.dataclass(frozen=True)
class Current:
    """What a host has.

    :param files: its configuration.
    :param directory: the attributes of the configuration directory.
    :param others: the content of the other files there.
    :param generations: the configurations that are kept.
    :param journal: a change that was interrupted.
    :param number: the number that the next generation will get.
    :param site: the ``onlinefs-site.xml`` to set topics in.
    :param moved: a move to another Kafka is recorded, and the rows left in the old one can be counted.
    :param kept: the files of the generation to go back to; empty unless this is a revert.
    :param desired_number: the number of that generation.
    """

    files: FileSet
    directory: Attributes
    others: t.Tuple[bytes, ...]
    generations: t.Tuple[Generation, ...]
    journal: t.Optional[Journal]
    number: int
    site: t.Optional[File]
    moved: bool
    kept: FileSet
    desired_number: int = 0


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What a run is going to do.

    :param plan: the actions.
    :param current: what the plan was made from.
    :param files: the files that the host should have; ``None`` for one that it should not have.
    :param warnings: what to tell the user.
    :param secrets: texts that must not be shown.
    """

    plan: Plan
    current: Current
    files: FileSet
    warnings: t.Tuple[str, ...]
    secrets: t.FrozenSet[str]

    @property
    def target(self) -> FileSet:
        """The host's configuration once the plan is carried out."""
        return {**self.current.files, **self.files}

    @property
    def consumer(self) -> t.Dict[str, str]:
        """The consumer's properties once the plan is carried out."""
        return desired_files.parsed(_CONSUMER, self.target.get(_CONSUMER))

    @property
    def idle(self) -> bool:
        """Whether there is nothing to write, not even the end of an interrupted change."""
        return not (self.plan.actions or self.current.journal)


def run(params: Options, check: bool, diff: bool, secrets: t.Set[str], service: t.Optional[Service] = None) -> Result:
    """Do what the options say.

    :param params: the options.
    :param check: change nothing.
    :param diff: return the differences of the files.
    :param secrets: receives the texts that no message may show. It is complete when this raises an error, too.
    :param service: replaces the service that the options name.
    :returns: the module's result, with ``warnings``.
    :raises InputError: an option is wrong. Nothing was written.
    :raises HostError: the host does not allow the change, or the change did not work and was rolled back.
    """
    secrets |= options.secrets(params)
    request = options.request(params)
    host = _host(request, service or options.service(params), secrets)
    host.service.check()
    prepared = prepare(request, read(request, host), time.time())
    secrets |= prepared.secrets
    if prepared.plan.actions:
        host.check_writable(prepared.plan, prepared.current.files, kept=request.declaration is None)
    probe = _probe(request, prepared)
    host = _with_checks(host, request, prepared, secrets, probe)
    if check or prepared.idle:
        health = None
        if params["health_check"] == "always" and not host_planner.restarts(prepared.plan):
            health = host.health_check.wait(prepared.target)
        number = prepared.current.number if prepared.plan.changed else None
        if params["rollout"] and not check:
            with host.generations.locked(_LOCK_SECONDS):
                host.note_rollout(prepared.current.files, params["rollout"])
        return _result(request, host, prepared, diff, probe, health, number)
    with host.generations.locked(_LOCK_SECONDS):
        prepared = prepare(request, read(request, host), time.time())
        secrets |= prepared.secrets
        host = _with_checks(host, request, prepared, secrets, probe)
        return _apply(request, host, prepared, diff, probe)


def read(request: ConfigRequest, host: Host) -> Current:
    """Read a host.

    :raises HostError: something cannot be read.
    :raises InputError: the generation to go back to is not kept.
    """
    directory = host.directory_attributes()
    files = host.found()
    known = tuple(host.generations.all())
    reverts = request.params["state"] == "reverted"
    desired_number = options.generation_number(request.params["generation"], known) if reverts else 0
    return Current(
        files=files,
        directory=directory,
        others=tuple(host.others()),
        generations=known,
        journal=host.generations.journal(),
        number=host.number(files),
        site=desired_files.site_to_edit(files, known, host.generations.files),
        moved=host.generations.counts_rows,
        kept=host.generations.files(desired_number) if reverts else {},
        desired_number=desired_number,
    )


def prepare(request: ConfigRequest, current: Current, now: float) -> Prepared:
    """Decide what to do. Reads and writes nothing.

    :param now: seconds since 1970, for the validity of certificates.
    :raises InputError: the declaration does not suit this host.
    """
    params = request.params
    files: FileSet
    if request.declaration is not None:
        files = desired_files.declared(
            request.declaration, current.files, request.ownership, current.directory, current.number, current.site
        )
        file_checks.check_certificates(request.declaration.client, current.files, params["min_days_valid"], now)
        file_checks.check_files(files)
    else:
        # Imported only here: most runs go back to nothing.
        from . import reverted_files  # noqa: PLC0415

        files = reverted_files.reverted(current.desired_number, current.kept, current.generations, current.files)
    superseded = desired_files.superseded(current.files, files, current.others)
    interrupted = bool(current.journal and current.journal.restart)
    managed = params["service_manager"] != "none"
    client_id = request.declaration.client_id if request.declaration else ""
    plan = host_planner.plan_host(files, current.files, superseded, interrupted, managed, client_id)
    return Prepared(plan, current, files, _warnings(request, current, files, plan), _secrets(request, current, files))


def _warnings(request: ConfigRequest, current: Current, files: FileSet, plan: Plan) -> t.Tuple[str, ...]:
    warnings = [*(request.declaration.client.notes if request.declaration else ()), *plan.notes]
    if files.get(_SITE) and desired_files.malformed_site(current.files.get(_SITE)):
        warnings.append(f"{_SITE} is not well-formed XML: a file that was kept replaces it, with all of its content")
    before = desired_files.parsed(_CONSUMER, current.files.get(_CONSUMER))
    after = desired_files.parsed(_CONSUMER, {**current.files, **files}.get(_CONSUMER))
    if before and after and before.get("group.id") != after.get("group.id"):
        start = after.get("auto.offset.reset", "latest")
        warnings.append(
            f"The consumer group changes from {public_name(str(before.get('group.id')))} to "
            f"{public_name(str(after.get('group.id')))}. "
            f"If the new group has no offsets yet, it starts at the {public_name(start)} record"
        )
    if before and after and before.get("bootstrap.servers") != after.get("bootstrap.servers"):
        warnings.append(
            "The bootstrap servers change. OnlineFS keeps its offsets by topic name: if this is another Kafka cluster "
            "with topics of the same names, OnlineFS may skip records there, or read them again"
        )
    return tuple(warnings)


def _secrets(request: ConfigRequest, current: Current, files: FileSet) -> t.FrozenSet[str]:
    """Return the secrets of the new configuration, and of the old one: a password that is no longer used is one too."""
    found: t.Set[str] = set()
    if request.declaration:
        found |= secrets_of({}, request.declaration.client.truststore, request.declaration.client.keystore)
    for name, file in (*current.files.items(), *files.items()):
        if name.endswith(".properties"):
            found |= secrets_of(desired_files.parsed(name, file))
    return frozenset(found)


def _host(request: ConfigRequest, service: Service, secrets: t.Set[str]) -> Host:
    """Return the host, with checks that know nothing of a declared configuration: enough for a rollback."""
    generations = Generations(request.paths.state, request.paths.earlier)
    health_check = _health_check(request, generations, service, {}, secrets)
    diagnose = functools.partial(_diagnose, request, service, secrets, None)
    return Host(request.paths.directory, generations, service, health_check, diagnose, request.params["generations"])


def _with_checks(
    host: Host,
    request: ConfigRequest,
    prepared: Prepared,
    secrets: t.Set[str],
    probe: t.Optional[t.Mapping[str, t.Any]],
) -> Host:
    """Return the host with checks that know the declared configuration."""
    target = prepared.target.items() if request.declaration else ()
    declared = {name: desired_files.parsed(name, file) for name, file in target}
    return dataclasses.replace(
        host,
        health_check=_health_check(
            request, host.generations, host.service, declared if request.declaration else {}, secrets
        ),
        diagnose=functools.partial(_diagnose, request, host.service, secrets, probe),
    )


def _health_check(
    request: ConfigRequest,
    generations: Generations,
    service: Service,
    declared: t.Mapping[str, t.Mapping[str, str]],
    secrets: t.Set[str],
) -> HealthCheck:
    params = request.params
    group = None
    if params["verify_consumer_group"]:
        # Imported only here: with the client for it, it takes 60 ms of CPU time.
        from . import group_check  # noqa: PLC0415

        group = group_check.GroupCheck(request, generations, declared, secrets)
    return HealthCheck(service, params["metrics_url"] or "", params["service_timeout"], params["service_settle"], group)


def _diagnose(
    request: ConfigRequest, service: Service, secrets: t.Set[str], probe: t.Optional[t.Mapping[str, t.Any]]
) -> t.Dict[str, t.Any]:
    """Return what can be seen of a service that does not work."""
    try:
        state = service.state().text
    except HostError as error:
        state = str(error)
    return {"service": clean(state, secrets), "log": last_lines(request.paths.log, secrets), "probe": probe}


def _probe(request: ConfigRequest, prepared: Prepared) -> t.Optional[t.Dict[str, t.Any]]:
    """Try the declared Kafka from this host, if the options ask for it."""
    mode = request.params["probe"]
    asked = mode == "always" or (mode == "changed" and host_planner.restarts(prepared.plan))
    if request.declaration is None or not asked:
        return None
    return file_checks.reach_kafka(
        request.declaration.consumer,
        prepared.consumer.get("group.id", ""),
        request.declaration.topics or (),
        request.params["probe_timeout"],
    )


def _apply(
    request: ConfigRequest, host: Host, prepared: Prepared, diff: bool, probe: t.Optional[t.Dict[str, t.Any]]
) -> Result:
    if not prepared.plan.actions:
        host.tidy()
        return _result(request, host, prepared, diff, probe, None, None)
    facts = {
        "service_version": request.params["service_version"],
        "bootstrap_servers": prepared.consumer.get("bootstrap.servers"),
    }
    origin = APPLIED if request.params["state"] == "present" else REVERTED
    rollout = request.params["rollout"] or ""
    outcome = host.apply(prepared.plan, prepared.current.files, origin, facts, rollout)
    result = _result(request, host, prepared, diff, probe, outcome.health, outcome.generation)
    result["warnings"] += outcome.warnings
    return result


def _result(
    request: ConfigRequest,
    host: Host,
    prepared: Prepared,
    diff: bool,
    probe: t.Optional[t.Dict[str, t.Any]],
    health: t.Optional[Health],
    number: t.Optional[int],
) -> Result:
    """Return the result of a run that worked.

    :param number: the live generation; ``None`` for the last one that is kept.
    """
    plan = prepared.plan
    known = host.generations.all()
    warnings = list(prepared.warnings)
    if health is not None:
        warnings += [*_another_cluster(prepared.current.generations, health.cluster_id), *health.doubts()]
    client = request.declaration.client if request.declaration else None
    certificates = proof.certificates(client, health, probe, time.time())
    warnings += proof.warnings(certificates, request.params["min_days_valid"])
    result: Result = {
        "changed": plan.changed,
        "warnings": warnings,
        "changes": [change.to_result() for change in plan.changes],
        "actions": [str(action) for action in plan.actions],
        "files": sorted(f"{request.paths.directory}/{name}" for name, file in prepared.files.items() if file),
        "restarted": host_planner.restarts(plan),
        "generations": [generation.to_result() for generation in known],
        "generation": known[-1].number if number is None and known else number,
        "move_recorded": prepared.current.moved,
        "certificates": certificates,
        **proof.to_result(health),
    }
    if prepared.current.journal:
        result["interrupted"] = True
    if diff:
        result["diff"] = host_planner.diffs(plan, prepared.current.files)
    if probe is not None:
        result["probe"] = probe
    if health is not None:
        result["health"] = health.to_result()
    return result


def _another_cluster(known: t.Sequence[Generation], now: t.Optional[str]) -> t.List[str]:
    """Return a warning if the cluster's id differs from the one that the service was last seen with."""
    before = next((generation.cluster_id for generation in reversed(known) if generation.cluster_id), None)
    if not before or not now or before == now:
        return []
    return [
        f"This is another Kafka cluster: its id is {now}, and it was {before}. OnlineFS keeps its offsets by topic "
        "name, so it may start at the wrong place in topics of the same names"
    ]
