# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A child process with the rights of the user who owns the service's directories.

Root does nothing itself in a directory that another user owns: each link there leads where that user wants. A child
that has given up root for good does it, so that no link leads further than the user could go without this collection.

Every answer has a deadline: the user may stop or kill the child, as it is a process of that user.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import signal
import socket
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError

from .bounded_read import read_file
from .host_error import HostError, NotAFile, os_failure
from .owner_channel import Answer, Handler, receive, send
from .owner_handlers import HANDLERS
from .path_owner import path_owner

#: Seconds in which the child must have answered. Its work is a few small files.
ANSWER_SECONDS = 20.0
#: How often a child may fail in one run. Its user cannot hold up a run for longer than this many times its deadline.
_MAX_FAILURES = 3

_NOBODY = 65534


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

    def call(self, what: str, content: bytes = b"", **arguments: t.Any) -> Answer:
        """Have the child do something.

        :raises HostError: it could not be done, or the child did not answer in time.
        """
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            send(self._socket, {"call": what, "arguments": arguments}, content, (), deadline)
            header, answer, descriptors = receive(self._socket, deadline)
        except (OSError, ValueError, EOFError) as error:
            self.close()
            _failures[self.uid] = _failures.get(self.uid, 0) + 1
            cause = "the process that works with the rights of its owner did not answer"
            remedy = f"See whether processes of user {self.uid} are killed or stopped, then run the task again"
            raise HostError(str(arguments.get("path", "host")), cause, remedy) from error
        failure = header.get("failure")
        if failure is not None:
            for descriptor in descriptors:
                os.close(descriptor)
            kind, subject, cause, remedy = (str(part) for part in failure)
            raise (NotAFile if kind == NotAFile.__name__ else HostError)(subject, cause, remedy)
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
    uid = path_owner(path) if os.geteuid() == 0 else None
    return None if uid is None else process_of(uid)


def process_of(uid: int) -> OwnerProcess:
    """Return the process of a user. It is started once in a run, and again where it was killed."""
    found = _processes.get(uid)
    if found is None or not found.alive:
        if _failures.get(uid, 0) >= _MAX_FAILURES:
            raise HostError(
                f"user {uid}",
                "the process that works with this user's rights did not answer, and neither did its successors",
                "See whether processes of that user are killed or stopped, then run the task again",
            )
        found = _processes[uid] = OwnerProcess(uid, _NOBODY, HANDLERS)
    return found


#: One for each user; a run needs one as a rule.
_processes: t.Dict[int, OwnerProcess] = {}
#: How often the child of a user did not answer.
_failures: t.Dict[int, int] = {}


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
            request, content, _descriptors = receive(connection, None)
            try:
                try:
                    answer = handlers[request["call"]](request["arguments"], content)
                except OSError as error:
                    raise os_failure(str(request["arguments"].get("path", "host")), error) from error
            except HopsworksKafkaError as error:
                failure = [type(error).__name__, error.subject, error.cause, error.remedy]
                send(connection, {"failure": failure}, b"", (), None)
            else:
                send(connection, {"value": answer.value}, answer.content, answer.descriptors, None)
                for descriptor in answer.descriptors:
                    os.close(descriptor)
    finally:
        # Nothing of the parent's is run or flushed here.
        os._exit(0)
