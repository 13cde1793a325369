# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The options of the module ``onlinefs_config`` as the objects that the rest of this room works with."""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_client

from . import desired_files, onlinefs_versions
from .service import CommandService, NoService, Service, SystemdUnit

Params = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Paths:
    """Where things are on the host.

    :param directory: the configuration directory, without symbolic links.
    :param inside: the same as the service sees it.
    :param state: where the host's configurations are kept.
    :param log: the log of the service.
    """

    directory: str
    inside: str
    state: str
    log: str

    def on_host(self, location: str) -> str:
        """A path of a file as the service sees it, on the host."""
        inside = os.path.dirname(location) == self.inside
        return os.path.join(self.directory, os.path.basename(location)) if inside else location


def paths(params: Params) -> Paths:
    """The places, from ``home`` where nothing else is given."""
    home = params["home"]
    config_dir = params["config_dir"] or os.path.join(home, "etc")
    return Paths(
        directory=os.path.realpath(config_dir),
        inside=onlinefs_versions.container_directory(config_dir, home, params["container_home"]),
        state=params["state_dir"] or os.path.join(home, ".kafka_generations"),
        log=params["log_file"] or os.path.join(home, "logs", "onlinefs.log"),
    )


def declaration(params: Params) -> desired_files.OnlinefsDeclaration:
    """What the user declares.

    :raises InputError: whatever cannot work, in version, properties and stores alike.
    """
    truststore, keystore = (_store(role, params[role]) for role in ("truststore", "keystore"))
    client = kafka_client.declare(params["properties"], truststore, keystore)
    clients, overrides = {}, {}
    for file in onlinefs_versions.properties_files(onlinefs_versions.version(params["service_version"])):
        own = params[file.option] or {}
        # What is given for one file alone must make a client that can work, too.
        clients[file.name] = (
            kafka_client.declare({**params["properties"], **own}, truststore, keystore) if own else client
        )
        overrides[file.option] = {k: None if v is None else kafka_client.text(k, v) for k, v in own.items()}
    return desired_files.OnlinefsDeclaration(
        client=client,
        consumer=clients[onlinefs_versions.CONSUMER_FILE],
        version=onlinefs_versions.version(params["service_version"]),
        overrides=overrides,
        topics=params["topics"],
        topic_pattern=params["topic_pattern"],
        container_dir=paths(params).inside,
        client_id=params["client_id"] or "",
    )


def _store(role: str, given: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[kafka_client.StoreOption]:
    if not given:
        return None
    option = dict(given)
    option["remote"] = option.pop("remote_src", None)
    return kafka_client.store_option(role, option)


def secrets(params: Params) -> t.Set[str]:
    """Every secret text in the options."""
    found = kafka_client.secrets_of(params["properties"] or {}, params["truststore"], params["keystore"])
    for option in ("consumer_properties", "vector_db_properties", "producer_properties"):
        found |= kafka_client.secrets_of(params[option] or {})
    return found


def service(params: Params) -> Service:
    """How the service is restarted and looked at."""
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


def ownership(params: Params) -> desired_files.Ownership:
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
    if not 0 <= mode <= 0o7777 or mode & 0o007:
        raise InputError("option mode", "it lets everybody at passwords, or is none", "For example '0640'")
    return desired_files.Ownership(uid, gid, mode)
