# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A child process with the rights of the user who owns the service's directories.

Root does nothing itself in a directory that another user owns: each link there leads where that user wants. A child
that has given up root for good does it, so that no link leads further than the user could go without this collection.

The two talk over a pair of sockets. A message is a line of JSON with a bounded length, then as many bytes of content as
the line says, and may carry open files. Every answer has a deadline: the user may stop or kill the child, as it is a
process of its own.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import os
import pwd
import signal
import socket
import struct
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError

from .bounded_read import read_file
from .host_error import HostError, os_failure
from .path_owner import path_owner

#: Seconds in which the child must have answered. Its work is a few small files.
ANSWER_SECONDS = 30.0

_MAX_HEADER = 1024 * 1024
_MAX_CONTENT = 64 * 1024 * 1024
_MAX_DESCRIPTORS = 4
_NOBODY = 65534
_LENGTHS = struct.Struct("!II")

Arguments = t.Dict[str, t.Any]


class Answer(t.NamedTuple):
    """What the child sends back.

    :param value: plain data.
    :param content: bytes of a file.
    :param descriptors: open files. Whoever takes them closes them.
    """

    value: t.Any
    content: bytes
    descriptors: t.Tuple[int, ...]


#: Does the work of one request in the child: its arguments and content, to an answer.
Handler = t.Callable[[Arguments, bytes], Answer]


class OwnerProcess:
    """A child with the rights of a user.

    :param uid: of the user.
    :param gid: the group where the system knows no user of that id.
    :param handlers: what the child can be asked for, by name.
    """

    def __init__(self, uid: int, gid: int, handlers: t.Mapping[str, Handler]) -> None:
        self.uid = uid
        self.gid, self.groups = _groups(uid, gid)
        ours, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            _serve(theirs, ours, uid, self.gid, self.groups, handlers)
        theirs.close()
        self._socket = ours
        self._maker = os.getpid()
        atexit.register(self.close)

    def call(self, name: str, content: bytes = b"", **arguments: t.Any) -> Answer:
        """Have the child do something.

        :raises HostError: it could not be done, or the child did not answer in time.
        """
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            _send(self._socket, {"call": name, "arguments": arguments}, content, (), deadline)
            header, answer, descriptors = _receive(self._socket, deadline)
        except (OSError, ValueError, EOFError) as error:
            self.close()
            cause = "the process that works with the rights of its owner did not answer"
            remedy = f"See whether processes of user {self.uid} are killed or stopped, then run the task again"
            raise HostError(str(arguments.get("path", "host")), cause, remedy) from error
        failure = header.get("failure")
        if failure is not None:
            for descriptor in descriptors:
                os.close(descriptor)
            subject, cause, remedy = (str(part) for part in failure)
            raise HostError(subject, cause, remedy)
        return Answer(header.get("value"), answer, descriptors)

    @property
    def alive(self) -> bool:
        """Whether it can be asked: by the process that made it, and not after a failure."""
        return self._pid > 0 and self._maker == os.getpid()

    def close(self) -> None:
        """End the child."""
        if not self.alive:
            return
        pid, self._pid = self._pid, 0
        self._socket.close()
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def read_bounded(path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of a regular file, read with the rights of the user who decides where its path leads.

    Use it for every file of the service's user that is not a part of its configuration: logs, stores on the host.

    :param limit: most bytes to read.
    :param tail: return the last ``limit`` bytes of a longer file instead of refusing it.
    :raises HostError: there is no such file, it cannot be read, is not a regular file, or is too long.
    """
    owner = process_for(path)
    if owner is None:
        return read_file(path, limit, tail)
    return owner.call("read_file", path=path, limit=limit, tail=tail).content


def process_for(path: str) -> t.Optional[OwnerProcess]:
    """Return the process that works on ``path``, or ``None`` where this one may do it itself: not as root, or where
    only root can change the way.

    :raises HostError: the path cannot be trusted, and no user can be told who decides.
    """
    if os.geteuid() != 0:
        return None
    uid = path_owner(path)
    if uid is None:
        return None
    found = _processes.get(uid)
    if found is None or not found.alive:
        found = _processes[uid] = OwnerProcess(uid, _NOBODY, HANDLERS)
    return found


def _read_file(arguments: Arguments, _content: bytes) -> Answer:
    content = read_file(arguments["path"], arguments["limit"], arguments["tail"])
    return Answer(None, content, ())


#: What every child can be asked for.
HANDLERS: t.Dict[str, Handler] = {"read_file": _read_file}

#: One for each user; a run needs one as a rule.
_processes: t.Dict[int, OwnerProcess] = {}


def _groups(uid: int, gid: int) -> t.Tuple[int, t.List[int]]:
    """The user's own group, and all of them."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return gid, [gid]
    return user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid)


def _drop_root(uid: int, gid: int, groups: t.Sequence[int]) -> None:
    """Become the user for good."""
    os.setgroups(list(groups))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid) or uid == 0:
        raise RuntimeError("root was not given up")


def _serve(
    connection: socket.socket,
    others: socket.socket,
    uid: int,
    gid: int,
    groups: t.Sequence[int],
    handlers: t.Mapping[str, Handler],
) -> None:
    """The child's whole life: answers until the other end is closed."""
    try:
        others.close()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(null, standard)
        os.chdir("/")
        _drop_root(uid, gid, groups)
        os.umask(0o077)
        while True:
            request, content, _descriptors = _receive(connection, None)
            try:
                answer = handlers[request["call"]](request["arguments"], content)
            except HopsworksKafkaError as error:
                failure = {"failure": [error.subject, error.cause, error.remedy]}
                _send(connection, failure, b"", (), None)
            except OSError as error:
                named = os_failure(str(request["arguments"].get("path", "host")), error)
                _send(connection, {"failure": [named.subject, named.cause, named.remedy]}, b"", (), None)
            else:
                _send(connection, {"value": answer.value}, answer.content, answer.descriptors, None)
                for descriptor in answer.descriptors:
                    os.close(descriptor)
    finally:
        # Nothing of the parent's is run or flushed here.
        os._exit(0)


def _send(
    connection: socket.socket,
    header: t.Mapping[str, t.Any],
    content: bytes,
    descriptors: t.Sequence[int],
    deadline: t.Optional[float],
) -> None:
    text = json.dumps(header).encode("ascii")
    message = memoryview(_LENGTHS.pack(len(text), len(content)) + text + content)
    ancillary = []
    if descriptors:
        ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors)))
    _limit(connection, deadline)
    sent = connection.sendmsg([message[: _LENGTHS.size]], ancillary)
    while sent < len(message):
        _limit(connection, deadline)
        sent += connection.send(message[sent:])


def _receive(
    connection: socket.socket, deadline: t.Optional[float]
) -> t.Tuple[t.Dict[str, t.Any], bytes, t.Tuple[int, ...]]:
    """Raises OSError, EOFError or ValueError where no well-formed message arrives in time."""
    descriptors = array.array("i")
    _limit(connection, deadline)
    room = socket.CMSG_SPACE(_MAX_DESCRIPTORS * descriptors.itemsize)
    head, ancillary, _flags, _address = connection.recvmsg(_LENGTHS.size, room)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    try:
        head += _receive_exactly(connection, _LENGTHS.size - len(head), deadline)
        length, size = _LENGTHS.unpack(head)
        if length > _MAX_HEADER or size > _MAX_CONTENT:
            raise ValueError("a message of an impossible length")
        header = json.loads(_receive_exactly(connection, length, deadline))
        if not isinstance(header, dict):
            raise ValueError("a message of another form")
        content = _receive_exactly(connection, size, deadline)
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return header, content, tuple(descriptors)


def _receive_exactly(connection: socket.socket, size: int, deadline: t.Optional[float]) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        _limit(connection, deadline)
        piece = connection.recv(min(size - len(pieces), 1024 * 1024))
        if not piece:
            raise EOFError("the other end is closed") from None
        pieces += piece
    return bytes(pieces)


def _limit(connection: socket.socket, deadline: t.Optional[float]) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    connection.settimeout(left)
