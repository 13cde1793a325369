# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Files of a host: read whole, written beside their place and moved into it by a rename, so that none is ever
half-written.

A path may be a symbolic link, and so may its directory (the service's ``etc`` is one): the link stays, what it points
to
is replaced. Permission, owner, access control list and security context go with a file.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import errno
import hashlib
import os
import shutil
import stat
import subprocess
import typing as t

from .host_error import HostError, os_failure

#: Names of the files that are written before they are moved into place. A leftover one belongs to a run that was
#: killed.
STAGED_PREFIX = ".hopsworks_kafka."
STAGED_SUFFIX = ".new"

#: No file that this collection replaces is near this size; a larger one is not what it seems to be.
LARGEST_FILE = 16 * 1024 * 1024

_NO_XATTRS = frozenset(
    {errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENOENT, getattr(errno, "ENODATA", errno.ENOENT)}
)
_CONTEXT_SECONDS = 10
_KEPT_XATTRS = ("security.selinux", "system.posix_acl_access")


@dataclasses.dataclass(frozen=True)
class Attributes:
    """Who may do what with a file: numeric owner and group, permission bits, and the extended attributes that are kept.

    Two files count as the same whatever their extended attributes: a new file gets those of its directory.
    """

    uid: int
    gid: int
    mode: int
    xattrs: t.Tuple[t.Tuple[str, bytes], ...] = dataclasses.field(default=(), compare=False)

    def as_json(self) -> t.Dict[str, t.Any]:
        """For a manifest; :meth:`from_json` reads it back."""
        xattrs = {name: base64.b64encode(value).decode("ascii") for name, value in self.xattrs}
        return {"uid": self.uid, "gid": self.gid, "mode": f"{self.mode:04o}", "xattrs": xattrs}

    @classmethod
    def from_json(cls, data: t.Mapping[str, t.Any]) -> Attributes:
        xattrs = tuple((name, base64.b64decode(value)) for name, value in data["xattrs"].items())
        return cls(data["uid"], data["gid"], int(data["mode"], 8), xattrs)


@dataclasses.dataclass(frozen=True)
class File:
    """A file's whole content and attributes. The content may be secret."""

    content: bytes = dataclasses.field(repr=False)
    attributes: Attributes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read(path: str) -> t.Optional[File]:
    """The file at ``path``, symbolic links followed; ``None`` where there is none.

    :raises HostError: it cannot be read, is not a regular file, or is larger than :data:`LARGEST_FILE`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if os.path.islink(path):
            raise HostError(
                path, "a symbolic link to something that does not exist", "Remove or repair the link"
            ) from None
        return None
    except OSError as error:
        raise os_failure(path, error) from error
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise HostError(path, "not a regular file", "Move it out of the way")
        if status.st_size > LARGEST_FILE:
            raise HostError(path, f"larger than {LARGEST_FILE} bytes, so not a file of OnlineFS", "Check the path")
        try:
            content = stream.read()
        except OSError as error:
            raise os_failure(path, error) from error
        mode = stat.S_IMODE(status.st_mode)
        return File(content, Attributes(status.st_uid, status.st_gid, mode, _read_xattrs(descriptor)))


def stage(path: str, file: File) -> str:
    """Write ``file`` durably beside ``path``, with its final attributes.

    :returns: the path of the new file, for :func:`swap`.
    :raises HostError: it cannot be written; what was written of it is gone again.
    """
    target = os.path.realpath(path)
    staged = staged_path(target)
    try:
        _unlink(staged)
        # The directory may belong to the service's user: never write through a link that it could put there.
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(file.content)
                stream.flush()
                _apply(descriptor, file.attributes)
                os.fsync(descriptor)
        except BaseException:
            _unlink(staged)
            raise
    except OSError as error:
        raise os_failure(staged, error) from error
    return staged


def staged_path(path: str) -> str:
    """Where :func:`stage` writes the file that will be moved to ``path`` (a path without symbolic links)."""
    directory, name = os.path.split(path)
    return os.path.join(directory, f"{STAGED_PREFIX}{name}{STAGED_SUFFIX}")


def swap(staged: str, path: str) -> None:
    """Move a staged file into its place: readers see the old file or the new one, nothing between."""
    target = os.path.realpath(path)
    try:
        os.replace(staged, target)
        sync_directory(os.path.dirname(target))
    except OSError as error:
        raise os_failure(path, error) from error


def remove(path: str) -> None:
    """Remove a file, durably; nothing where there is none. Of a symbolic link the file goes and the link too."""
    try:
        target = os.path.realpath(path)
        _unlink(target)
        if target != path:
            _unlink(path)
        sync_directory(os.path.dirname(target))
    except OSError as error:
        raise os_failure(path, error) from error


def discard_staged(directory: str) -> None:
    """Remove what a killed run staged in ``directory`` and did not move into place."""
    try:
        for name in sorted(os.listdir(directory)):
            if name.startswith(STAGED_PREFIX) and name.endswith(STAGED_SUFFIX):
                _unlink(os.path.join(directory, name))
    except OSError as error:
        raise os_failure(directory, error) from error


def write_private(path: str, content: bytes) -> None:
    """Replace a file of this collection's own (a manifest, the journal) durably, readable by its owner alone."""
    swap(stage(path, File(content, Attributes(os.geteuid(), os.getegid(), 0o600))), path)


def sync_directory(path: str) -> None:
    """Make renames and removals in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore_context(path: str) -> None:
    """Give a new file the security context that the policy has for its place, on a host with SELinux."""
    tool = shutil.which("restorecon") if os.path.isdir("/sys/fs/selinux") else None
    if tool is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([tool, path], check=False, timeout=_CONTEXT_SECONDS, capture_output=True)  # noqa: S603


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _apply(descriptor: int, attributes: Attributes) -> None:
    """Set attributes, in an order in which none undoes another: a new owner drops bits, an access list sets some."""
    for name, value in attributes.xattrs:
        _write_xattr(descriptor, name, value)
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (attributes.uid, attributes.gid):
        os.fchown(descriptor, attributes.uid, attributes.gid)
    os.fchmod(descriptor, attributes.mode)


def _read_xattrs(descriptor: int) -> t.Tuple[t.Tuple[str, bytes], ...]:
    if not hasattr(os, "getxattr"):
        return ()
    found = []
    for name in _KEPT_XATTRS:
        try:
            found.append((name, os.getxattr(descriptor, name)))
        except OSError as error:
            if error.errno not in _NO_XATTRS:
                raise
    return tuple(found)


def _write_xattr(descriptor: int, name: str, value: bytes) -> None:
    """Set an extended attribute; where that is not possible or not allowed, the directory's default stands."""
    try:
        os.setxattr(descriptor, name, value)
    except OSError as error:
        if error.errno not in _NO_XATTRS:
            raise
