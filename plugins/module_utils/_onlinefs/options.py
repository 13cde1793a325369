# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Turn the options of the module ``onlinefs_config`` into the objects that the rest of this room works with."""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd
import shlex
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import secret_name
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Options
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration as kafka_declaration

from . import desired_files, metrics_page, onlinefs_versions
from .manifest import ROLLOUT, Generation
from .owner_process import read_bounded
from .service import CommandService, NoService, Service, SystemdUnit
from .state_directory import HOME_STATE, default_directory

#: The largest id that chown(2) takes: -1 means "leave it".
_MAX_ID = 2**32 - 2
_MAX_STORE = 16 * 1024 * 1024
_FILE_OPTIONS = ("consumer_properties", "vector_db_properties", "producer_properties")


@dataclasses.dataclass(frozen=True)
class Paths:
    """The paths on the host.

    :param directory: the configuration directory.
    :param inside: the same as the service sees it.
    :param state: the directory in which the host's configurations are kept.
    :param earlier: where an earlier version of this collection kept them; empty if that is not to be looked for.
    :param log: the log of the service.
    """

    directory: str
    inside: str
    state: str
    earlier: str
    log: str

    def on_host(self, location: str) -> str:
        """Return the path on the host for a path as the service sees it."""
        inside = os.path.dirname(location) == self.inside
        return os.path.join(self.directory, os.path.basename(location)) if inside else location


@dataclasses.dataclass(frozen=True)
class ConfigRequest:
    """What a task asks for: its options, checked.

    :param params: the options as they were given.
    :param paths: the paths on the host.
    :param declaration: what the user declares; ``None`` for a revert.
    :param ownership: owner, group and mode of the files.
    """

    params: Options
    paths: Paths
    declaration: t.Optional[desired_files.OnlinefsDeclaration]
    ownership: desired_files.Ownership


def request(params: Options) -> ConfigRequest:
    """Check the options.

    :raises HopsworksKafkaError: something in them cannot work. Nothing was written.
    """
    declared = params["state"] == "present"
    if params["generations"] < 1:
        raise InputError("option generations", f"{params['generations']} is too few", "Give a number from 1 on")
    if params["rollout"] and not ROLLOUT.fullmatch(params["rollout"]):
        remedy = "Use up to 100 letters, digits and ._:+@-, and not digits alone, for example 2026-01-31T12:00:00Z"
        raise InputError("option rollout", "not the name of a rollout", remedy)
    if params["metrics_url"]:
        metrics_page.check(params["metrics_url"])
    return ConfigRequest(params, paths(params), declaration(params) if declared else None, ownership(params))


def generation_number(given: t.Any, known: t.Sequence[Generation]) -> int:
    """Return the number of the generation that the option ``generation`` means: a number, or the name of a rollout.

    :raises InputError: it is neither, or this host has no configuration of that rollout.
    """
    text = str(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if text.isdecimal():
        return int(text)
    if not isinstance(given, str) or not ROLLOUT.fullmatch(text):
        raise InputError("option generation", "neither a number nor the name of a rollout", "Give one of the two")
    found = [each.number for each in known if text in each.rollouts]
    if not found:
        names = ", ".join(dict.fromkeys(name for each in known for name in each.rollouts)) or "none"
        raise InputError(f"rollout {text}", "this host has no configuration of it", f"Choose one of: {names}")
    return max(found)


def paths(params: Options) -> Paths:
    """Return the paths, derived from ``home`` unless an option gives them."""
    home = params["home"]
    config_dir = params["config_dir"] or os.path.join(home, "etc")
    return Paths(
        directory=config_dir,
        inside=onlinefs_versions.container_directory(config_dir, home, params["container_home"]),
        state=params["state_dir"] or default_directory(home),
        earlier="" if params["state_dir"] else os.path.join(home, HOME_STATE),
        log=params["log_file"] or os.path.join(home, "logs", "onlinefs.log"),
    )


def declaration(params: Options) -> desired_files.OnlinefsDeclaration:
    """Return what the user declares.

    :raises HopsworksKafkaError: something in version, properties or stores cannot work.
    """
    truststore, keystore = (store(role, params[role]) for role in ("truststore", "keystore"))
    client = kafka_declaration.declare(params["properties"], truststore, keystore)
    clients, overrides = {}, {}
    version = onlinefs_versions.version(params["service_version"])
    for file in onlinefs_versions.properties_files(version):
        own = params[file.option] or {}
        # The properties for one file must make a client that can work, too.
        clients[file.name] = (
            kafka_declaration.declare({**params["properties"], **own}, truststore, keystore) if own else client
        )
        overrides[file.option] = {k: None if v is None else kafka_declaration.text(k, v) for k, v in own.items()}
    return desired_files.OnlinefsDeclaration(
        client=client,
        consumer=clients[onlinefs_versions.CONSUMER_FILE],
        version=version,
        overrides=overrides,
        topics=params["topics"],
        topic_pattern=params["topic_pattern"],
        container_dir=paths(params).inside,
        client_id=params["client_id"] or "",
    )


def store(role: str, given: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[kafka_declaration.StoreOption]:
    """Return the option ``truststore`` or ``keystore``, with its content if it is a file of the host."""
    if not given:
        return None
    values = dict(given)
    values["remote"] = values.pop("remote_src", None)
    option = kafka_declaration.store_option(role, values)
    if option is None or not option.remote or option.path is None:
        return option
    try:
        content = read_bounded(os.path.expanduser(option.path), _MAX_STORE)
    except HopsworksKafkaError as error:
        raise InputError(option.subject, error.cause, error.remedy, "unreadable_file") from error
    return dataclasses.replace(option, content=content)


def secrets(params: Options) -> t.Set[str]:
    """Return every secret text in the options."""
    found = kafka_declaration.secrets_of(params["properties"] or {}, params["truststore"], params["keystore"])
    for option in _FILE_OPTIONS:
        found |= kafka_declaration.secrets_of(params[option] or {})
    for command in (params["service_commands"] or {}).values():
        found |= _secrets_in_command(command or "")
    return found


def _secrets_in_command(command: str) -> t.Set[str]:
    """Return the passwords among a command's words: ``--password X``, ``--password=X``, ``TOKEN=X``, ``//user:X@``."""
    try:
        words = shlex.split(command)
    except ValueError:
        # Not a command, and refused later on. Until then, all of it may be secret.
        return {command}
    found = set()
    before = ""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and _names_secret(name):
            found.add(value)
        elif before.startswith("-") and _names_secret(before):
            found.add(word)
        if "://" in word and "@" in word:
            login = word.partition("://")[2].rpartition("@")[0]
            found |= {login, login.partition(":")[2]}
        before = word
    return {text for text in found if text}


def _names_secret(word: str) -> bool:
    """Tell whether an option or a variable of a command names a secret. ``-p`` is a password as often as a port."""
    return word == "-p" or secret_name(word.replace("-", ".").replace("_", "."))


def service(params: Options) -> Service:
    """Return the host's service.

    :raises InputError: a command of ``service_commands`` is not a command.
    """
    if params["service_manager"] == "systemd":
        return SystemdUnit(params["service_name"], params["service_timeout"])
    if params["service_manager"] == "command":
        commands = params["service_commands"] or {}
        return CommandService(
            params["service_name"],
            commands.get("restart") or "",
            commands.get("status") or "",
            params["service_timeout"],
            secrets(params),
            commands.get("stop") or "",
            commands.get("start") or "",
        )
    return NoService()


def ownership(params: Options) -> desired_files.Ownership:
    """Return owner, group and mode of the files.

    :raises InputError: this host has no such user or group, or the mode is wrong.
    """
    uid = _number("owner", params["owner"], lambda name: pwd.getpwnam(name).pw_uid)
    gid = _number("group", params["group"], lambda name: grp.getgrnam(name).gr_gid)
    try:
        mode = int(params["mode"], 8)
    except ValueError:
        raise InputError("option mode", f"not octal digits: {params['mode']}", "For example '0640'") from None
    if not 0 <= mode <= 0o777 or mode & 0o007:
        cause = "the files contain passwords, so it must be within 0000 to 0770 and give others no access"
        raise InputError("option mode", cause, "For example '0640'")
    return desired_files.Ownership(uid, gid, mode)


def _number(option: str, given: t.Optional[str], number: t.Callable[[str], int]) -> t.Optional[int]:
    """Return the id of a user or a group that is given by name or by number."""
    if not given:
        return None
    try:
        found = int(given) if given.isdecimal() else number(given)
    except KeyError:
        kind = "user" if option == "owner" else option
        cause = f"this host has no {kind} {given}"
        raise InputError(
            f"option {option}", cause, f"Install OnlineFS first, or give the {kind} that its service runs as"
        ) from None
    if found > _MAX_ID:
        raise InputError(f"option {option}", f"{given} is too large", f"Give a number up to {_MAX_ID}, or a name")
    return found
