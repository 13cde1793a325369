# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write the files in a directory that another user owns, through a child with that user's rights.

Root itself only uses descriptors that the child has opened, and checks them first: to set a security label or a group
that the user is not in, and to handle files of root that an installer left there.
"""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from . import files
from .bounded_read import read_descriptor
from .files import ACCESS_LIST, LABEL, MAX_FILE, MODE_BITS, Attributes, File
from .host_error import HostError, NotAFile, os_failure
from .live_files import ConfigFiles, LiveFiles, Room, staged_name
from .owner_channel import Answer
from .owner_process import process_of
from .path_owner import path_owner
from .security_labels import default_label

_PROTECTED_LINKS = "/proc/sys/fs/protected_hardlinks"


def open_files(directory: str) -> ConfigFiles:
    """Return the files of a configuration directory, accessed with the rights of its owner.

    :raises HostError: the directory does not exist, or several users can replace it.
    """
    if os.geteuid() != 0:
        return LiveFiles(directory)
    uid = path_owner(directory)
    return LiveFiles(directory, root=True) if uid is None else OwnedFiles(directory, uid)


class OwnedFiles:
    """The files in a directory of the user with this id."""

    def __init__(self, directory: str, uid: int) -> None:
        self.directory = directory
        self.uid = uid

    def attributes(self) -> Attributes:
        return _attributes(self._call("attributes").value, self.directory)

    def names(self) -> t.List[str]:
        return [str(name) for name in self._call("names").value]

    def read(self, name: str, staged: str = "") -> t.Optional[File]:
        answer = self._call("read", name=name, staged=staged)
        if answer.descriptors:
            with _closing(answer) as [descriptor]:
                return self._read_of_root(name, descriptor)
        if answer.value is None:
            return None
        return File(answer.content, _attributes(answer.value, self._path(name)))

    def stage(self, name: str, file: File) -> str:
        staged = staged_name(name)
        try:
            if file.attributes.uid == self.uid:
                self._stage_as_user(name, staged, file)
            else:
                self._stage_as_root(name, staged, file)
        except BaseException as error:
            with contextlib.suppress(HostError):
                self._call("discard_one", name=name, staged=staged)
            if isinstance(error, OSError):
                raise os_failure(self._path(name), error) from error
            raise
        return staged

    def swap(self, name: str, staged: str) -> None:
        self._call("swap", name=name, staged=staged)

    def remove(self, name: str) -> None:
        self._call("remove", name=name)

    def discard(self, keep: t.Collection[str] = ()) -> None:
        self._call("discard", keep=sorted(keep))

    def room(self, names: t.Sequence[str]) -> t.List[Room]:
        return [Room(**room) for room in self._call("room", names=list(names)).value]

    def may_own(self, name: str, attributes: Attributes) -> None:
        if 0 in (attributes.uid, attributes.gid):
            raise HostError(
                name,
                f"it should belong to root, but user {self.uid} owns {self.directory} and could replace it",
                "Give owner and group of the service's user, or give the directory and its parents to root",
            )

    def _call(self, what: str, content: bytes = b"", **arguments: t.Any) -> Answer:
        return process_of(self.uid).call(what, content, path=self.directory, **arguments)

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _stage_as_user(self, name: str, staged: str, file: File) -> None:
        desired = file.attributes
        xattrs = dict(desired.xattrs)
        access_list = xattrs[ACCESS_LIST].hex() if ACCESS_LIST in xattrs else None
        answer = self._call(
            "create", file.content, name=name, staged=staged, mode=desired.mode & MODE_BITS, access_list=access_list
        )
        with _closing(answer) as [descriptor]:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != self.uid or status.st_nlink != 1:
                raise HostError(self._path(name), "another process changed it in the meantime", "Run the task again")
            label = xattrs.get(LABEL)
            if label is None and answer.value["new"]:
                label = default_label(str(answer.value["path"]))
            if label is not None:
                files.set_xattr(descriptor, LABEL, label)
            if status.st_gid != desired.gid:
                os.fchown(descriptor, -1, desired.gid)
            os.fsync(descriptor)

    def _stage_as_root(self, name: str, staged: str, file: File) -> None:
        """Write a file that does not belong to the user, for example one that an installer created as root.

        The file gets its name last, so that the user cannot open it before it has its owner.
        """
        answer = self._call("create_unnamed", name=name)
        with _closing(answer) as [descriptor, directory]:
            status, place = os.fstat(descriptor), os.fstat(directory)
            unnamed = stat.S_ISREG(status.st_mode) and status.st_nlink == 0 and status.st_uid == self.uid
            if not unnamed or not stat.S_ISDIR(place.st_mode) or place.st_uid != self.uid:
                cause = f"user {self.uid} is not the owner of its directory, so root writes no file there"
                raise HostError(self._path(name), cause, "Replace the link with the file itself")
            files.set_attributes(descriptor, file.attributes)
            files.write_all(descriptor, file.content)
            os.fsync(descriptor)
            os.link(f"/proc/self/fd/{descriptor}", staged, dst_dir_fd=directory, follow_symlinks=True)
            os.fsync(directory)

    def _read_of_root(self, name: str, descriptor: int) -> File:
        """Read a file that the user may not read, if it is a regular file of root."""
        path = self._path(name)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(path, "not a regular file", "Move it out of the way")
        if status.st_uid != 0 or status.st_nlink != 1 or not _links_are_protected():
            raise HostError(
                path,
                f"user {self.uid} owns its directory, but cannot read it",
                f"If it is a file of the service, give it to that user: chown {self.uid} {path}",
            )
        try:
            opened = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise os_failure(path, error) from error
        try:
            return File(read_descriptor(opened, path, MAX_FILE), Attributes.of(opened))
        finally:
            os.close(opened)


def _links_are_protected() -> bool:
    """Tell whether users cannot create hard links to files of others.

    See protected_hardlinks in https://github.com/torvalds/linux/blob/v6.12/Documentation/admin-guide/sysctl/fs.rst
    """
    try:
        with open(_PROTECTED_LINKS, "rb") as stream:
            return stream.read(8).strip() == b"1"
    except OSError:
        return False


def _attributes(value: t.Any, path: str) -> Attributes:
    try:
        return Attributes.from_json(value)
    except (ValueError, AttributeError) as error:
        raise HostError(path, "its attributes cannot be read") from error


@contextlib.contextmanager
def _closing(answer: Answer) -> t.Iterator[t.Sequence[int]]:
    try:
        yield answer.descriptors
    finally:
        for descriptor in answer.descriptors:
            os.close(descriptor)
