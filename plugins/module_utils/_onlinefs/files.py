# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Represent a file with its attributes, and read and write the files of this collection's own state.

Permission bits, owner, access control list and security label belong to a file. The setuid, setgid and sticky bits are
never copied.
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

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.regular_files import OPEN_FLAGS

from .bounded_read import read_descriptor
from .host_error import os_failure

#: Files of OnlineFS are far smaller.
MAX_FILE = 16 * 1024 * 1024
#: Of those that are parsed, by the end of their names. The service's user may write anything that takes long.
_MAX_PARSED = ((".properties", 512 * 1024), (".xml", 4 * 1024 * 1024))

#: Permission bits that a file may carry.
MODE_BITS = 0o777

#: Only root can set the label; the owner can set the access control list.
LABEL = "security.selinux"
ACCESS_LIST = "system.posix_acl_access"
_KEPT_XATTRS = (LABEL, ACCESS_LIST)
#: More is not read of a file, as a manifest has those of many files; of a manifest, what earlier versions have written.
_MAX_XATTR = 4096
_MAX_XATTR_IN_MANIFEST = 64 * 1024
_MAX_ID = 2**32 - 2
_NO_XATTRS = frozenset(
    {errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENOENT, getattr(errno, "ENODATA", errno.ENOENT)}
)


@dataclasses.dataclass(frozen=True)
class Attributes:
    """Owner, group, permission bits and extended attributes of a file.

    Comparisons ignore the extended attributes, because a new file gets those of its directory.
    """

    uid: int
    gid: int
    mode: int
    xattrs: t.Tuple[t.Tuple[str, bytes], ...] = dataclasses.field(default=(), compare=False)

    @classmethod
    def of(cls, descriptor: int) -> Attributes:
        """Read the attributes of an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_uid, status.st_gid, status.st_mode & MODE_BITS, _read_xattrs(descriptor))

    def as_json(self) -> t.Dict[str, t.Any]:
        """Return the attributes for a manifest."""
        xattrs = {name: base64.b64encode(value).decode("ascii") for name, value in self.xattrs}
        return {"uid": self.uid, "gid": self.gid, "mode": f"{self.mode:04o}", "xattrs": xattrs}

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Attributes:
        """Read what :meth:`as_json` returned.

        :raises ValueError: it cannot have come from there.
        """
        uid, gid, mode, xattrs = (data.get(key) for key in ("uid", "gid", "mode", "xattrs"))
        for number in (uid, gid):
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_ID:
                raise ValueError("an invalid owner or group")
        if not isinstance(mode, str) or not 3 <= len(mode) <= 4 or mode.strip("01234567"):
            raise ValueError("an invalid mode")
        if int(mode, 8) & ~MODE_BITS:
            raise ValueError(f"the mode {mode}, which no file of OnlineFS has")
        if not isinstance(xattrs, dict):
            raise ValueError("invalid extended attributes")
        read = []
        for name, value in xattrs.items():
            if name not in _KEPT_XATTRS or not isinstance(value, str) or len(value) > _MAX_XATTR_IN_MANIFEST:
                raise ValueError("an invalid extended attribute")
            try:
                read.append((name, base64.b64decode(value, validate=True)))
            except binascii.Error:
                raise ValueError("an invalid extended attribute") from None
        return cls(t.cast(int, uid), t.cast(int, gid), int(mode, 8), tuple(read))


@dataclasses.dataclass(frozen=True)
class File:
    """The content and attributes of a file. The content may be secret."""

    content: bytes = dataclasses.field(repr=False)
    attributes: Attributes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def max_size(name: str) -> int:
    """Return the largest size of a file in the configuration directory, in bytes."""
    return next((size for end, size in _MAX_PARSED if name.endswith(end)), MAX_FILE)


def set_attributes(descriptor: int, attributes: Attributes) -> None:
    """Set owner, group, mode and extended attributes of an open file."""
    # In an order in which no step undoes another: a new owner clears mode bits, and an access control list sets some.
    for name, value in attributes.xattrs:
        set_xattr(descriptor, name, value)
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (attributes.uid, attributes.gid):
        os.fchown(descriptor, attributes.uid, attributes.gid)
    os.fchmod(descriptor, attributes.mode & MODE_BITS)


def set_xattr(descriptor: int, name: str, value: bytes) -> None:
    """Set an extended attribute. If that is impossible or not permitted, the directory's default remains."""
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
    """Make renames and removals in a directory survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- files of this collection's own state, in a directory where nobody else writes ------------------------------------


def read_private(path: str, limit: int = MAX_FILE) -> t.Optional[bytes]:
    """Return the content of a file of the state; ``None`` if there is no such file.

    :raises HostError: it cannot be read, is not a regular file, or is too long.
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
    """Replace a file of the state durably. Only its owner can read it."""
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
    """Remove a file of the state durably, if it exists."""
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
            sync_directory(os.path.dirname(path))
    except OSError as error:
        raise os_failure(path, error) from error


def clear(path: str) -> None:
    """Remove what a path of the state leads to: a file, a link or a directory."""
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
    if any(len(value) > _MAX_XATTR for _name, value in found):
        raise OSError(errno.E2BIG, "its access control list is too long")
    return tuple(found)


@contextlib.contextmanager
def _optional_xattrs() -> t.Iterator[None]:
    """Ignore a file system without extended attributes, and a user who may not use them."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_XATTRS:
            raise
