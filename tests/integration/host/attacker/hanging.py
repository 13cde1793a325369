# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system of the attacker's own that answers nothing, as any user can mount one with fusermount.

Who waits for its answer cannot be killed: https://github.com/torvalds/linux/blob/v6.12/fs/fuse/dev.c
(request_wait_answer). Layouts: https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/fuse.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import signal
import struct
import typing as t

DEVICE = "/dev/fuse"

_NOSUID_NODEV = 2 | 4
_DETACH = 2
_INIT = 26
_MAX_REQUEST = 135_168
_REQUEST = struct.Struct("=IIQ")
_ANSWER = struct.Struct("=IiQ")
#: Version 7.31 and its defaults.
_INIT_ANSWER = struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 12, 9, 65536, 1, 0, 0, 0)


@contextlib.contextmanager
def hanging(directory: pathlib.Path, uid: int, gid: int) -> t.Iterator[None]:
    """Mount it over a directory, as that user would. Whoever waits for it goes on at the end."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id={uid},group_id={gid}".encode()
    if libc.mount(b"hanging", bytes(directory), b"fuse", _NOSUID_NODEV, options):
        raise OSError(ctypes.get_errno(), "mount")
    server = os.fork()
    if server == 0:
        _serve(device)
    os.close(device)
    try:
        yield
    finally:
        libc.umount2(bytes(directory), _DETACH)
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def _serve(device: int) -> t.NoReturn:
    try:
        while True:
            _length, code, number = _REQUEST.unpack_from(os.read(device, _MAX_REQUEST))
            if code == _INIT:
                os.write(device, _ANSWER.pack(_ANSWER.size + len(_INIT_ANSWER), 0, number) + _INIT_ANSWER)
    finally:
        os._exit(0)
