# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system of the attacker's own that does not answer, as any user can mount one with fusermount.

Who waits for its answer cannot be killed: https://github.com/torvalds/linux/blob/v6.12/fs/fuse/dev.c
(request_wait_answer). Layouts: https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/fuse.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pathlib
import signal
import stat
import struct
import typing as t

DEVICE = "/dev/fuse"

_NOSUID_NODEV = 2 | 4
_DETACH = 2
_MAX_REQUEST = 135_168
#: Length, code, number, node, user, group, process.
_REQUEST = struct.Struct("=IIQQIII4x")
_ANSWER = struct.Struct("=IiQ")
#: Version 7.31 and its defaults.
_INIT_ANSWER = struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 12, 9, 65536, 1, 0, 0, 0)

_LOOKUP, _FORGET, _GETATTR, _SETATTR, _OPEN, _WRITE, _STATFS, _RELEASE = 1, 2, 3, 4, 14, 16, 17, 18
_FSYNC, _FLUSH, _INIT, _OPENDIR, _RELEASEDIR, _CREATE, _TMPFILE = 20, 25, 26, 27, 29, 35, 51
_ROOT_NODE, _FILE_NODE = 1, 2


@contextlib.contextmanager
def hanging(
    directory: pathlib.Path, uid: int, gid: int, only_for_root: bool = False, others: bool = False
) -> t.Iterator[None]:
    """Mount it over a directory, as that user would. Whoever waits for it goes on at the end.

    :param only_for_root: it answers its own user, with an empty directory in which files can be created.
    :param others: mount it with allow_other, as users may where ``/etc/fuse.conf`` says so.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    more = ",allow_other" if others else ""
    options = f"fd={device},rootmode=40000,user_id={uid},group_id={gid}{more}".encode()
    if libc.mount(b"hanging", bytes(directory), b"fuse", _NOSUID_NODEV, options):
        raise OSError(ctypes.get_errno(), "mount")
    server = os.fork()
    if server == 0:
        _serve(device, uid, gid, only_for_root)
    os.close(device)
    try:
        yield
    finally:
        libc.umount2(bytes(directory), _DETACH)
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def _serve(device: int, uid: int, gid: int, only_for_root: bool) -> t.NoReturn:
    try:
        while True:
            request = os.read(device, _MAX_REQUEST)
            _length, code, number, node, asker, _group, _pid = _REQUEST.unpack_from(request)
            if code == _FORGET or (code != _INIT and not (only_for_root and asker)):
                continue
            try:
                answer, error = _answer(code, node, request, uid, gid), 0
            except OSError as failure:
                answer, error = b"", -(failure.errno or errno.EIO)
            with contextlib.suppress(OSError):  # who asked was killed
                os.write(device, _ANSWER.pack(_ANSWER.size + len(answer), error, number) + answer)
    finally:
        os._exit(0)


def _answer(code: int, node: int, request: bytes, uid: int, gid: int) -> bytes:
    if code == _INIT:
        return _INIT_ANSWER
    if code in (_OPEN, _OPENDIR):
        return struct.pack("=QII", 0, 0, 0)
    if code in (_CREATE, _TMPFILE):
        return _entry(_FILE_NODE, uid, gid) + struct.pack("=QII", 0, 0, 0)
    if code in (_GETATTR, _SETATTR):
        return struct.pack("=QII", 0, 0, 0) + _attributes(node, uid, gid)
    if code == _WRITE:
        _handle, _offset, size = struct.unpack_from("=QQI", request, _REQUEST.size)
        return struct.pack("=II", size, 0)
    if code == _STATFS:
        return struct.pack("=QQQQQIIII24x", 1 << 20, 1 << 20, 1 << 20, 0, 0, 4096, 255, 4096, 0)
    if code in (_RELEASE, _RELEASEDIR, _FLUSH, _FSYNC):
        return b""
    raise OSError(errno.ENOENT if code == _LOOKUP else errno.ENOSYS, "not known")


def _entry(node: int, uid: int, gid: int) -> bytes:
    return struct.pack("=QQQQII", node, 0, 0, 0, 0, 0) + _attributes(node, uid, gid)


def _attributes(node: int, uid: int, gid: int) -> bytes:
    mode = stat.S_IFDIR | 0o700 if node == _ROOT_NODE else stat.S_IFREG | 0o600
    return struct.pack("=QQQQQQIIIIIIIIII", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, uid, gid, 0, 4096, 0)
