# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The service on a host: restarted and looked at, by systemd or by commands that the user names."""

from __future__ import annotations

import dataclasses
import os
import shlex
import signal
import subprocess
import tempfile
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from .host_error import HostError

_LOOK_SECONDS = 20.0
_SHOWN_OUTPUT = 2000
_UNIT_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "NRestarts", "ExecMainStatus")


@dataclasses.dataclass(frozen=True)
class State:
    """What a look at the service saw.

    :param running: it is up now.
    :param failed: it is down, or between two attempts to start it, and waiting longer is of no use.
    :param identity: differs when the service was started anew between two looks.
    :param text: for people: ``active (running), pid 4711, 0 restarts``.
    """

    running: bool
    failed: bool
    identity: str
    text: str


class Service(t.Protocol):
    """What the transaction needs of a service."""

    name: str

    def check(self) -> None:
        """Raises InputError where this host has no such service."""

    def restart(self) -> None:
        """Raises HostError where it did not restart in time."""

    def state(self) -> State:
        """Raises HostError where it cannot be looked at."""


class SystemdUnit:
    """A unit of systemd.

    :param name: of the unit, with or without ``.service``.
    :param timeout: seconds that a restart may take.
    """

    def __init__(self, name: str, timeout: float) -> None:
        self.name = name
        self._timeout = timeout

    def check(self) -> None:
        if self._show()["LoadState"] != "loaded":
            cause = f"systemd knows no unit {self.name}, or cannot load it"
            raise InputError(
                "option service_name", cause, "Name the unit of OnlineFS, or choose another service_manager"
            )

    def restart(self) -> None:
        # A unit that failed often within a short time is not started again before its counter is reset.
        _run(["systemctl", "reset-failed", self.name], _LOOK_SECONDS)
        status, output = _run(["systemctl", "restart", self.name], self._timeout)
        if status != 0:
            raise HostError(f"service {self.name}", f"it did not restart: {output or f'exit status {status}'}")

    def state(self) -> State:
        shown = self._show()
        active, sub = shown["ActiveState"], shown["SubState"]
        text = f"{active} ({sub}), pid {shown['MainPID']}, {shown['NRestarts']} restarts, result {shown['Result']}"
        failed = active in ("failed", "inactive") or sub == "auto-restart"
        return State(active == "active", failed, f"{shown['MainPID']} {shown['NRestarts']}", text)

    def _show(self) -> t.Dict[str, str]:
        properties = ",".join(_UNIT_PROPERTIES)
        status, output = _run(["systemctl", "show", "--property", properties, self.name], _LOOK_SECONDS)
        if status != 0:
            raise HostError(f"service {self.name}", f"systemctl show failed: {output}", "Is systemd this host's init?")
        shown = dict.fromkeys(_UNIT_PROPERTIES, "")
        for line in output.splitlines():
            name, _equals, value = line.partition("=")
            shown[name] = value
        return shown


class CommandService:
    """A service that is restarted and looked at by commands. No shell reads them.

    :param name: for messages.
    :param restart: ends the old process and starts the new one; its exit status is not 0 where that failed.
    :param status: its exit status is 0 where the service runs. Empty: the service is taken to run.
    :param timeout: seconds that a restart may take.
    """

    def __init__(self, name: str, restart: str, status: str, timeout: float) -> None:
        self.name = name
        self._restart = _words("restart", restart)
        self._status = _words("status", status)
        self._timeout = timeout

    def check(self) -> None:
        if not self._restart:
            raise InputError("option service_commands", "it has no restart", "Say how the service is restarted")

    def restart(self) -> None:
        status, output = _run(self._restart, self._timeout)
        if status != 0:
            raise HostError(f"service {self.name}", f"it did not restart: exit status {status}: {output}")

    def state(self) -> State:
        if not self._status:
            return State(True, False, "", "not looked at, as no status command is given")
        status, output = _run(self._status, _LOOK_SECONDS)
        return State(
            status == 0, False, "", output or ("running" if status == 0 else f"not running, exit status {status}")
        )


class NoService:
    """Where somebody else restarts the service."""

    name = ""

    def check(self) -> None:
        pass

    def restart(self) -> None:
        pass

    def state(self) -> State:
        return State(True, False, "", "not looked at, as service_manager is none")


def _words(option: str, command: str) -> t.List[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InputError(f"option service_commands, {option}", f"not a command: {error}", "Close its quotes") from error


def _run(command: t.List[str], seconds: float) -> t.Tuple[int, str]:
    """Exit status and output of a command, bounded in time.

    Its output goes to a file: a service that it leaves running holds the other end of a pipe open for ever.
    """
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, as words
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
            )
        except OSError as error:
            raise HostError(f"command {command[0]}", f"cannot be run: {error.strerror}", "Check its path") from error
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise HostError(
                f"command {' '.join(command[:2])}",
                f"not done after {seconds:.0f} s",
                "Raise service_timeout if it needs longer",
            ) from None
        output.seek(0)
        return status, output.read(_SHOWN_OUTPUT).decode("utf-8", "replace").strip()
