# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A file with its attributes, and the files of this collection's own state.

Permission bits, owner, access control list and security label go with a file. The bits that change who a program runs
as (setuid, setgid, sticky) are never carried.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import errno
import hashlib
import os
import shutil
import typing as t

from .bounded_read import OPEN_FLAGS, read_descriptor
from .host_error import os_failure

#: No file that this collection replaces is near this size; a larger one is not what it seems to be.
MAX_FILE = 16 * 1024 * 1024

#: Permission bits that a file may carry.
MODE_BITS = 0o777

#: The label is for root to set, the access control list for the owner.
LABEL = "security.selinux"
ACCESS_LIST = "system.posix_acl_access"
_KEPT_XATTRS = (LABEL, ACCESS_LIST)
_MAX_XATTR = 64 * 1024
_MAX_ID = 2**32 - 2
_NO_XATTRS = frozenset(
    {errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENOENT, getattr(errno, "ENODATA", errno.ENOENT)}
)


@dataclasses.dataclass(frozen=True)
class Attributes:
    """Who may do what with a file: numeric owner and group, permission bits, and the extended attributes that are kept.

    Two files count as the same whatever their extended attributes: a new file gets those of its directory.
    """

    uid: int
    gid: int
    mode: int
    xattrs: t.Tuple[t.Tuple[str, bytes], ...] = dataclasses.field(default=(), compare=False)

    @classmethod
    def of(cls, descriptor: int) -> Attributes:
        """Read them from an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_uid, status.st_gid, status.st_mode & MODE_BITS, _read_xattrs(descriptor))

    def as_json(self) -> t.Dict[str, t.Any]:
        """For a manifest; :meth:`from_json` reads it back."""
        xattrs = {name: base64.b64encode(value).decode("ascii") for name, value in self.xattrs}
        return {"uid": self.uid, "gid": self.gid, "mode": f"{self.mode:04o}", "xattrs": xattrs}

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Attributes:
        """Raises ValueError where the data cannot have come from :meth:`as_json`."""
        uid, gid, mode, xattrs = (data.get(key) for key in ("uid", "gid", "mode", "xattrs"))
        for number in (uid, gid):
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_ID:
                raise ValueError("an owner or group that cannot be")
        if not isinstance(mode, str) or not 3 <= len(mode) <= 4 or mode.strip("01234567"):
            raise ValueError("a mode that cannot be")
        if int(mode, 8) & ~MODE_BITS:
            raise ValueError(f"the mode {mode}, which no file of OnlineFS has")
        if not isinstance(xattrs, dict):
            raise ValueError("extended attributes that cannot be")
        read = []
        for name, value in xattrs.items():
            if name not in _KEPT_XATTRS or not isinstance(value, str) or len(value) > _MAX_XATTR:
                raise ValueError("an extended attribute that cannot be")
            try:
                read.append((name, base64.b64decode(value, validate=True)))
            except binascii.Error:
                raise ValueError("an extended attribute that cannot be") from None
        return cls(t.cast(int, uid), t.cast(int, gid), int(mode, 8), tuple(read))


@dataclasses.dataclass(frozen=True)
class File:
    """A file's whole content and attributes. The content may be secret."""

    content: bytes = dataclasses.field(repr=False)
    attributes: Attributes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def set_attributes(descriptor: int, attributes: Attributes) -> None:
    """Set owner, group, mode and extended attributes of an open file.

    The order is one in which none undoes another: a new owner drops bits, an access control list sets some.
    """
    for name, value in attributes.xattrs:
        set_xattr(descriptor, name, value)
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (attributes.uid, attributes.gid):
        os.fchown(descriptor, attributes.uid, attributes.gid)
    os.fchmod(descriptor, attributes.mode & MODE_BITS)


def set_xattr(descriptor: int, name: str, value: bytes) -> None:
    """Set an extended attribute; where that is not possible or not allowed, the directory's default stands."""
    with _optional_xattrs():
        if os.getxattr(descriptor, name) == value:
            return
    with _optional_xattrs():
        os.setxattr(descriptor, name, value)


def write_all(descriptor: int, content: bytes) -> None:
    """Write the whole content."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_directory(path: str) -> None:
    """Make renames and removals in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- files of this collection's own, in a directory where nobody else writes ------------------------------------------


def read_private(path: str, limit: int = MAX_FILE) -> t.Optional[bytes]:
    """Return the content of the state's file at ``path``, ``None`` where there is none.

    :raises HostError: it cannot be read, is no regular file, or is too long.
    """
    try:
        descriptor = os.open(path, OPEN_FLAGS | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_failure(path, error) from error
    try:
        return read_descriptor(descriptor, path, limit)
    finally:
        os.close(descriptor)


def write_private(path: str, content: bytes) -> None:
    """Replace a file of the state durably, readable by its owner alone."""
    staged = path + ".new"
    try:
        clear(staged)
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                write_all(descriptor, content)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(staged, path)
        except BaseException:
            clear(staged)
            raise
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise os_failure(path, error) from error


def remove_private(path: str) -> None:
    """Remove a file of the state durably; nothing where there is none."""
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
            sync_directory(os.path.dirname(path))
    except OSError as error:
        raise os_failure(path, error) from error


def clear(path: str) -> None:
    """Remove whatever stands at a path in the state: a file, a link or a directory."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        shutil.rmtree(path)


def _read_xattrs(descriptor: int) -> t.Tuple[t.Tuple[str, bytes], ...]:
    if not hasattr(os, "getxattr"):
        return ()
    found = []
    for name in _KEPT_XATTRS:
        with _optional_xattrs():
            found.append((name, os.getxattr(descriptor, name)))
    return tuple(found)


@contextlib.contextmanager
def _optional_xattrs() -> t.Iterator[None]:
    """Pass over a file system that has no extended attributes, and a user who may not use them."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_XATTRS:
            raise
