# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run a function in a child process, so that a crash, a hang or a leak of a C library does no harm here.

The child is a fork: it has all that was imported and prepared before, and shares nothing afterwards. It reports by
messages (dictionaries, sent as lines of JSON), so what it found before it died is not lost. It leaves with
``os._exit``: no exit handler, no buffer and no callback of the parent runs in it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import select
import signal
import threading
import time
import typing as t

from . import defects
from .ended_child import reap
from .user_rights import close_all_but

Message = t.Dict[str, t.Any]
Send = t.Callable[[Message], None]

#: The longest message that is read; a child that sends a longer one is ended.
MAX_MESSAGE_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024
#: How often to check the time that the child has left, and the memory that it uses.
_LOOK_SECONDS = 0.02
#: How long to let messages gather: reading them one by one would cost both processes more than the work itself.
_BATCH_SECONDS = 0.004
#: The memory that a child may use in addition to that of this process, in megabytes.
MAX_MEGABYTES = 100
_DEFECT = "defect"


class ChildExit(t.NamedTuple):
    """How a child ended.

    :param signal: the name of the signal that ended it, such as ``SIGSEGV``; empty if none did.
    :param defect: type and place of an exception that ended it; empty if none did.
    :param overdue: this process ended it because its time was up.
    :param too_large: this process ended it because it used too much memory or sent too much.
    """

    signal: str = ""
    defect: str = ""
    overdue: bool = False
    too_large: bool = False


def run_in_child(
    work: t.Callable[[Send], None],
    receive: t.Callable[[Message], None],
    seconds_left: t.Callable[[], float],
    max_bytes: int = 64 * 1024 * 1024,
    max_megabytes: int = MAX_MEGABYTES,
) -> ChildExit:
    """Call ``work`` in a child process and ``receive`` here with each message that it sends.

    :param work: gets a function that sends a message; it may call it from any of its threads.
    :param receive: called in this process, in the order of the messages.
    :param seconds_left: returns how long the child may still run; called repeatedly.
    :param max_bytes: the largest size of all its messages together.
    :param max_megabytes: the memory that it may use in addition to that of this process.
    """
    reading, writing = os.pipe()
    max_memory = _memory(os.getpid()) + max_megabytes * 1024 * 1024
    pid = os.fork()
    if pid == 0:
        _child(work, writing)
    os.close(writing)
    try:
        complete = _receive_all(reading, receive, seconds_left, max_bytes, lambda: _memory(pid) > max_memory)
    except BaseException:
        _end(pid)
        raise
    finally:
        os.close(reading)
    if complete.overdue or complete.too_large:
        _end(pid)
        return complete
    return complete._replace(signal=_signal_name(reap(pid)))


# --- in the child ----------------------------------------------------------------------------------------------------


def _child(work: t.Callable[[Send], None], writing: int) -> t.NoReturn:
    status = 1
    try:
        close_all_but(writing)
        _detach()
        send = _sender(writing)
        try:
            work(send)
            status = 0
        except BaseException as error:
            send({_DEFECT: defects.where(error)})
    finally:
        os._exit(status)


def _detach() -> None:
    """Give up the streams and signal handlers of the parent, and disable core files, which would contain secrets."""
    faulthandler.disable()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    with contextlib.suppress(OSError, ValueError):
        # A limit of 1 also keeps the kernel from piping a core to a handler (core(5), fs/coredump.c).
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def _sender(writing: int) -> Send:
    lock = threading.Lock()

    def send(message: Message) -> None:
        data = json.dumps(message).encode() + b"\n"
        with lock:
            while data:
                try:
                    data = data[os.write(writing, data) :]
                except OSError:  # the parent no longer listens
                    os._exit(1)

    return send


# --- in the parent ---------------------------------------------------------------------------------------------------


def _receive_all(
    reading: int,
    receive: t.Callable[[Message], None],
    seconds_left: t.Callable[[], float],
    max_bytes: int,
    too_large: t.Callable[[], bool],
) -> ChildExit:
    """Receive until the child closes its end, or its time or its bytes are used up."""
    poll = select.poll()
    poll.register(reading, select.POLLIN | select.POLLHUP)
    pending, total, defect, next_look = b"", 0, "", 0.0
    while True:
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + _LOOK_SECONDS
            if seconds_left() <= 0:
                return ChildExit(defect=defect, overdue=True)
            if too_large():
                return ChildExit(defect=defect, too_large=True)
        if not poll.poll(_LOOK_SECONDS * 1000):
            continue
        data = os.read(reading, _READ_BYTES)
        if not data:
            return ChildExit(defect=defect)
        total += len(data)
        *lines, pending = (pending + data).split(b"\n")
        if total > max_bytes or len(pending) > MAX_MESSAGE_BYTES:
            return ChildExit(defect=defect, too_large=True)
        for line in lines:
            message = json.loads(line)
            if _DEFECT in message:
                defect = str(message[_DEFECT])
            else:
                receive(message)
        time.sleep(_BATCH_SECONDS)


def _memory(pid: int) -> int:
    """Return the memory that a process uses, in bytes; 0 if the system does not show it."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    reap(pid)


def _signal_name(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return ""
    number = os.WTERMSIG(status)
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
