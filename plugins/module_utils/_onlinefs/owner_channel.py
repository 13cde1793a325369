# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Exchange messages between root and the child that works with the rights of another user.

A message has two lengths, a JSON object of the first length and content of the second. It may carry open files
(SCM_RIGHTS in unix(7)).
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import time
import typing as t

_MAX_HEADER = 1024 * 1024
_MAX_CONTENT = 64 * 1024 * 1024
_MAX_DESCRIPTORS = 4
_LENGTHS = struct.Struct("!II")

Arguments = t.Dict[str, t.Any]


class Answer(t.NamedTuple):
    """The answer of the child.

    :param value: plain data.
    :param content: the bytes of a file.
    :param descriptors: files opened with ``O_PATH``. The receiver closes them. Closing any other may wait for ever for
        a file system of the user, see :mod:`path_walk`.
    """

    value: t.Any = None
    content: bytes = b""
    descriptors: t.Tuple[int, ...] = ()


#: Handles a request in the child: takes its arguments and content, and returns an answer.
Handler = t.Callable[[Arguments, bytes], Answer]


def send(
    connection: socket.socket,
    header: t.Mapping[str, t.Any],
    content: bytes,
    descriptors: t.Sequence[int],
    deadline: t.Optional[float],
) -> None:
    """Send a message.

    :param deadline: when to give up, by the monotonic clock.
    :raises OSError: it could not be sent in time.
    """
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


def receive(
    connection: socket.socket, deadline: t.Optional[float]
) -> t.Tuple[t.Dict[str, t.Any], bytes, t.Tuple[int, ...]]:
    """Return the header, the content and the open files of a message.

    :raises OSError: no message arrived in time.
    :raises EOFError: the other end is closed.
    :raises ValueError: the message is malformed.
    """
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
