# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Restart the service of a host and read its state, with systemd or with the user's own commands."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import signal
import subprocess
import tempfile
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean_end

from .host_error import HostError

_STATE_SECONDS = 20.0
_POLL_SECONDS = 0.05
_KILL_SECONDS = 2.0
#: A command that writes more than this is ended.
MAX_OUTPUT = 16 * 1024 * 1024
#: Of that, the end is read, and the end of that is shown.
_READ_OUTPUT = 64 * 1024
_SHOWN_OUTPUT = 2000
_UNIT_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "NRestarts", "ExecMainStatus")


@dataclasses.dataclass(frozen=True)
class State:
    """The state of a service at one moment.

    :param running: it is up.
    :param failed: it is down, or systemd is about to start it again; waiting longer is of no use.
    :param identity: differs if the service was started again between two looks.
    :param text: for people: ``active (running), pid 4711, 0 restarts``.
    :param down: it does not run, and nothing is about to start it. False if that is not known.
    """

    running: bool
    failed: bool
    identity: str
    text: str
    down: bool = False


class Service(t.Protocol):
    """What the transaction needs of a service."""

    name: str

    def check(self) -> None:
        """Check that this host has the service.

        :raises InputError: it has not.
        """

    def restart(self) -> None:
        """Restart the service.

        :raises HostError: it did not restart in time.
        """

    def check_can_stop(self) -> None:
        """Check that the service can be stopped and started.

        :raises InputError: the options do not say how.
        """

    def stop(self) -> None:
        """Stop the service. One that does not run stays as it is.

        :raises HostError: it did not stop in time.
        """

    def start(self) -> None:
        """Start the service. One that runs stays as it is.

        :raises HostError: it did not start in time.
        """

    def state(self) -> State:
        """Return the service's state.

        :raises HostError: it cannot be read.
        """


class SystemdUnit:
    """A unit of systemd.

    :param name: the unit's name, with or without ``.service``.
    :param timeout: the number of seconds that a restart may take.
    """

    def __init__(self, name: str, timeout: float) -> None:
        self.name = name
        self._timeout = timeout

    def check(self) -> None:
        if self._show()["LoadState"] != "loaded":
            cause = f"systemd has no unit {self.name}, or cannot load it"
            raise InputError(
                "option service_name", cause, "Give the name of OnlineFS's unit, or another service_manager"
            )

    def restart(self) -> None:
        # systemd refuses to start a unit that was started too often, until its counter is reset.
        # https://github.com/systemd/systemd/blob/v257/man/systemd.unit.xml (StartLimitIntervalSec=)
        _run(["systemctl", "reset-failed", self.name], _STATE_SECONDS)
        self._do("restart")

    def check_can_stop(self) -> None:
        pass

    def stop(self) -> None:
        self._do("stop")

    def start(self) -> None:
        _run(["systemctl", "reset-failed", self.name], _STATE_SECONDS)
        self._do("start")

    def _do(self, verb: str) -> None:
        status, output = _run(["systemctl", verb, self.name], self._timeout)
        if status != 0:
            shown = clean_end(output, (), _SHOWN_OUTPUT)
            raise HostError(f"service {self.name}", f"it did not {verb}: {shown or f'exit status {status}'}")

    def state(self) -> State:
        shown = self._show()
        active, sub = shown["ActiveState"], shown["SubState"]
        text = f"{active} ({sub}), pid {shown['MainPID']}, {shown['NRestarts']} restarts, result {shown['Result']}"
        failed = active in ("failed", "inactive") or sub == "auto-restart"
        down = active in ("failed", "inactive")
        return State(active == "active", failed, f"{shown['MainPID']} {shown['NRestarts']}", text, down)

    def _show(self) -> t.Dict[str, str]:
        properties = ",".join(_UNIT_PROPERTIES)
        status, output = _run(["systemctl", "show", "--property", properties, self.name], _STATE_SECONDS)
        if status != 0:
            cause = f"systemctl show failed: {clean_end(output, (), _SHOWN_OUTPUT)}"
            raise HostError(f"service {self.name}", cause, "Set service_manager if this host does not run systemd")
        shown = dict.fromkeys(_UNIT_PROPERTIES, "")
        for line in output.splitlines():
            name, _equals, value = line.partition("=")
            shown[name] = value
        return shown


class CommandService:
    """A service that commands restart and check. They run without a shell.

    :param name: for messages.
    :param restart: stops the old process and starts the new one; an exit status other than 0 means that it failed.
    :param status: exits with status 0 while the service runs. Empty: the service counts as running.
    :param timeout: the number of seconds that a restart may take.
    :param secrets: texts that must not be shown, for example passwords in the commands.
    :param stop: stops the process; needed only when OnlineFS moves to another Kafka.
    :param start: starts the process; the same.
    """

    def __init__(
        self,
        name: str,
        restart: str,
        status: str,
        timeout: float,
        secrets: t.Collection[str] = frozenset(),
        stop: str = "",
        start: str = "",
    ) -> None:
        self.name = name
        self._restart = _words("restart", restart)
        self._status = _words("status", status)
        self._others = {"stop": _words("stop", stop), "start": _words("start", start)}
        self._timeout = timeout
        self._secrets = secrets

    def check(self) -> None:
        if not self._restart:
            raise InputError("option service_commands", "restart is missing", "Give the command that restarts OnlineFS")

    def restart(self) -> None:
        self._do("restart", self._restart)

    def stop(self) -> None:
        self._do("stop", self._given("stop"))

    def start(self) -> None:
        self._do("start", self._given("start"))

    def check_can_stop(self) -> None:
        for verb in self._others:
            self._given(verb)
        if not self._status:
            cause = "status is missing, and a move to another Kafka needs it"
            raise InputError("option service_commands", cause, "Give the command that tells whether OnlineFS runs")

    def _given(self, verb: str) -> t.List[str]:
        if not self._others[verb]:
            cause = f"{verb} is missing, and a move to another Kafka needs it"
            raise InputError("option service_commands", cause, f"Give the command that can {verb} OnlineFS")
        return self._others[verb]

    def _do(self, verb: str, command: t.List[str]) -> None:
        status, output = _run(command, self._timeout)
        if status != 0:
            cause = f"it did not {verb}: exit status {status}: {self._shown(output)}"
            raise HostError(f"service {self.name}", cause)

    def state(self) -> State:
        if not self._status:
            return State(True, False, "", "not checked, as service_commands has no status")
        status, output = _run(self._status, _STATE_SECONDS)
        text = self._shown(output) or ("running" if status == 0 else f"not running, exit status {status}")
        return State(status == 0, False, "", text, status != 0)

    def _shown(self, output: str) -> str:
        return clean_end(output, self._secrets, _SHOWN_OUTPUT)


class NoService:
    """The service of a host on which somebody else restarts it."""

    name = ""

    def check(self) -> None:
        pass

    def restart(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def start(self) -> None:
        pass

    def check_can_stop(self) -> None:
        pass

    def state(self) -> State:
        return State(True, False, "", "not checked, as service_manager is none")


def _words(option: str, command: str) -> t.List[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InputError(f"option service_commands, {option}", f"not a command: {error}", "Close the quotes") from error


def _run(command: t.List[str], seconds: float) -> t.Tuple[int, str]:
    """Return the exit status of a command and the end of its output.

    The output goes to a file. With a pipe, a service that the command leaves running would keep it open for ever. Only
    the command's name is shown in errors, as its arguments may hold a password.

    :raises HostError: it cannot be run, takes too long, or writes too much.
    """
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, as words
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
            )
        except OSError as error:
            raise HostError(f"command {command[0]}", f"cannot be run: {error.strerror}", "Check its path") from error
        except ValueError as error:
            raise HostError("option service_commands", "a command holds a null character", "Remove it") from error
        deadline = time.monotonic() + seconds
        while True:
            try:
                status = process.wait(_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                late = time.monotonic() > deadline
                if late or os.fstat(output.fileno()).st_size > MAX_OUTPUT:
                    _kill(process)
                    cause = f"not finished after {seconds:.0f} s" if late else f"it wrote more than {MAX_OUTPUT} bytes"
                    remedy = "Raise service_timeout if it needs longer" if late else "Have it write less"
                    raise HostError(f"command {command[0]}", cause, remedy) from None
        return status, _end_of(output)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a command with everything that it started.

    Do not wait for long: one that has become another user and waits for a file system of that user cannot be killed.
    """
    os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_SECONDS)


def _end_of(output: t.IO[bytes]) -> str:
    """Return the end of a file, from the beginning of a line: half a secret would not be recognised."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _READ_OUTPUT))
    text = output.read(_READ_OUTPUT).decode("utf-8", "replace")
    if size > _READ_OUTPUT:
        text = text.partition("\n")[2]
    return text.strip()
