# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run a child process with the rights of the user who owns the service's directories.

Root never works in a directory that another user owns, as that user decides where each link in it leads. A child that
has given up root for good does the work, so a link gives that user access to nothing new.

Every answer has a deadline, because the user can stop or kill the child.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.ended_child import reap
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.path_walk import mounting_user
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import (
    UserRights,
    close_all_but,
    give_up_root,
    rights_of,
)

from .bounded_read import read_file
from .host_error import HostError, NotAFile, os_failure
from .owner_channel import Answer, Handler, receive, send
from .owner_handlers import HANDLERS
from .path_owner import path_owner

#: The number of seconds in which the child must answer. It only handles a few small files.
ANSWER_SECONDS = 20.0
#: The number of times that the children of a user may fail in one run, and the seconds that all of their answers may
#: take together, so that the user cannot delay the run for long. One who stops a child can let it go on, too.
_MAX_FAILURES = 3
_MAX_SECONDS = 180.0

_NOBODY = 65534


class OwnerProcess:
    """A child with the rights of a user.

    :param uid: the id of the user.
    :param gid: the group to use if the system does not know the user.
    :param handlers: the requests that the child can handle, by name.
    """

    def __init__(self, uid: int, gid: int, handlers: t.Mapping[str, Handler]) -> None:
        self.uid = uid
        rights = rights_of(uid, gid)
        ours, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            _serve(theirs, ours, rights, handlers)
        theirs.close()
        self._socket = ours
        self._maker = os.getpid()
        atexit.register(self.close)

    def call(self, what: str, content: bytes = b"", **arguments: t.Any) -> Answer:
        """Send the child a request and return its answer.

        :raises HostError: the request failed, or the child did not answer in time.
        """
        began, waited = time.monotonic(), _waited.get(self.uid, 0.0)
        deadline = began + min(ANSWER_SECONDS, max(0.0, _MAX_SECONDS - waited))
        try:
            send(self._socket, {"call": what, "arguments": arguments}, content, (), deadline)
            header, answer, descriptors = receive(self._socket, deadline)
        except (OSError, ValueError, EOFError) as error:
            self.close()
            _failures[self.uid] = _failures.get(self.uid, 0) + 1
            cause = "the process that works with the rights of its owner did not answer"
            remedy = f"Find out what kills or stops processes of user {self.uid}, then run the task again"
            raise HostError(str(arguments.get("path", "host")), cause, remedy) from error
        finally:
            _waited[self.uid] = waited + time.monotonic() - began
        failure = header.get("failure")
        if failure is None:
            _check_mounts(str(arguments.get("path", "host")), descriptors)
        else:
            for descriptor in descriptors:
                os.close(descriptor)
            kind, subject, cause, remedy = (str(part) for part in failure)
            raise (NotAFile if kind == NotAFile.__name__ else HostError)(subject, cause, remedy)
        return Answer(header.get("value"), answer, descriptors)

    @property
    def alive(self) -> bool:
        """Tell whether the child can be used: by the process that started it, and only until it fails."""
        return self._pid > 0 and self._maker == os.getpid()

    def close(self) -> None:
        """End the child."""
        if not self.alive:
            return
        pid, self._pid = self._pid, 0
        self._socket.close()
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        reap(pid)


def read_bounded(path: str, limit: int, tail: bool = False) -> bytes:
    """Return the content of a regular file, read with the rights of the user who decides where its path leads.

    Use it for every file of the service's user outside its configuration, such as logs and stores.

    :param limit: the largest size, in bytes.
    :param tail: return the last ``limit`` bytes of a longer file instead of refusing it.
    :raises HostError: the file does not exist, cannot be read, is not a regular file, or is too long.
    """
    owner = process_for(path)
    if owner is None:
        return read_file(path, limit, tail)
    return owner.call("read_file", path=path, limit=limit, tail=tail).content


def process_for(path: str) -> t.Optional[OwnerProcess]:
    """Return the process to access ``path`` with; ``None`` if this process may access it itself.

    It may if it does not run as root, or if only root can change where the path leads.

    :raises HostError: several users can change where the path leads.
    """
    uid = path_owner(path) if os.geteuid() == 0 else None
    return None if uid is None else process_of(uid)


def process_of(uid: int) -> OwnerProcess:
    """Return the process of a user. It is started once in a run, and again if it was killed."""
    found = _processes.get(uid)
    if found is None or not found.alive:
        if _failures.get(uid, 0) >= _MAX_FAILURES:
            raise HostError(
                f"user {uid}",
                "the processes that work with this user's rights did not answer",
                "Find out what kills or stops processes of that user, then run the task again",
            )
        found = _processes[uid] = OwnerProcess(uid, _NOBODY, HANDLERS)
    return found


#: One for each user. Most runs need only one.
_processes: t.Dict[int, OwnerProcess] = {}
#: The number of times that the children of a user did not answer.
_failures: t.Dict[int, int] = {}
#: The seconds that the answers of a user's children have taken.
_waited: t.Dict[int, float] = {}


def _check_mounts(path: str, descriptors: t.Sequence[int]) -> None:
    """Check that no open file lies on a file system that a user has mounted: root would wait for it.

    :raises HostError: one does. All of them are closed.
    """
    try:
        user = next((user for user in map(mounting_user, descriptors) if user is not None), None)
        if user is None:
            return
        failure = HostError(
            path, f"user {user} has mounted a file system there, and root changes nothing on it", "Unmount it"
        )
    except OSError as error:
        failure = os_failure(path, error)
    for descriptor in descriptors:
        os.close(descriptor)
    raise failure


def _serve(
    connection: socket.socket,
    others: socket.socket,
    rights: UserRights,
    handlers: t.Mapping[str, Handler],
) -> None:
    """Answer requests until the other end is closed. This is all that the child does."""
    try:
        others.close()
        close_all_but(connection.fileno())
        null = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(null, standard)
        give_up_root(rights)
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
        # Do not run or flush anything that belongs to the parent.
        os._exit(0)
