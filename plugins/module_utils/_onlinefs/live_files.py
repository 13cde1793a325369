# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write the files in the service's configuration directory with the rights of this process.

Files are read whole, written beside their place and moved into it by a rename, so that none is ever half-written. The
directory is opened once, and all later work is done in the opened directory. A file may be a symbolic link: the link
remains, and its target is replaced. A link with the name of a store is never followed, as this collection creates none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import re
import secrets
import stat
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.regular_files import OPEN_FLAGS

from . import onlinefs_versions
from .bounded_read import read_descriptor
from .files import LABEL, Attributes, File, max_size, set_attributes, set_xattr, write_all
from .host_error import HostError, NotAFile, os_failure
from .path_owner import path_owner
from .security_labels import default_label

#: Names of staged files, before they are moved into place. One that is left over comes from a killed run.
STAGED_PREFIX = ".hopsworks_kafka."
STAGED_NAME = re.compile(r"\.hopsworks_kafka\.[^/]{1,120}\.[0-9a-f]{16}\.new", re.DOTALL)
_STAGED_STEM = 100

#: Files that may refer to a store, in addition to those that this collection writes.
OTHER_FILES = (".properties", ".xml", ".conf", ".yml", ".yaml")

_MAX_LINKS = 40
_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclasses.dataclass(frozen=True)
class Room:
    """The free space of a directory to write to.

    :param path: for messages.
    :param read_only: its file system is read-only.
    :param writable: this user may write to it.
    :param free: the number of bytes that this user can still write; ``None`` if no further file fits.
    """

    path: str
    read_only: bool
    writable: bool
    free: t.Optional[int]


class ConfigFiles(t.Protocol):
    """The files in the service's configuration directory, as a transaction needs them.

    Every method raises HostError if it fails.
    """

    directory: str

    def attributes(self) -> Attributes:
        """Return owner and mode of the directory."""

    def names(self) -> t.List[str]:
        """Return the names of stores, and of files that may refer to one, sorted. There may be any number of others."""

    def read(self, name: str, staged: str = "") -> t.Optional[File]:
        """Return a file, or the one staged for it; ``None`` if it does not exist."""

    def stage(self, name: str, file: File) -> str:
        """Write a file durably beside its place, with its final attributes. Return the name of the staged file."""

    def swap(self, name: str, staged: str) -> None:
        """Move a staged file into its place. Readers see either the old file or the new one."""

    def remove(self, name: str) -> None:
        """Remove a file durably. Of a link, remove the target too, unless the link has the name of a store."""

    def discard(self, keep: t.Collection[str] = ()) -> None:
        """Remove the staged files that were not moved into place, except those named in ``keep``."""

    def room(self, names: t.Sequence[str]) -> t.List[Room]:
        """Return the free space of the directories in which these files are written."""

    def may_own(self, name: str, attributes: Attributes) -> None:
        """Check that a new file can and may get this owner and group."""


class _Place(t.NamedTuple):
    """The place of a file: an open directory and a name in it. It may be the target of a link."""

    descriptor: int
    name: str
    behind_link: bool


class LiveFiles:
    """The files as this process itself can access them.

    :param directory: the configuration directory. Links in its path are followed.
    :param root: the process runs as root, and only root can change the directory. Links must not lead to a directory
        that others can change.
    """

    def __init__(self, directory: str, root: bool = False) -> None:
        self.directory = directory
        self._root = root
        self._places: t.Dict[str, _Place] = {}
        try:
            self._descriptor = os.open(directory, _DIRECTORY_FLAGS)
        except OSError as error:
            raise os_failure(directory, error) from error

    def __del__(self) -> None:
        opened = {place.descriptor for place in getattr(self, "_places", {}).values()}
        for descriptor in opened | {getattr(self, "_descriptor", -1)}:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def attributes(self) -> Attributes:
        return Attributes.of(self._descriptor)

    def names(self) -> t.List[str]:
        try:
            names = os.listdir(self._descriptor)
        except OSError as error:
            raise os_failure(self.directory, error) from error
        store = onlinefs_versions.STORE_NAME
        return sorted(name for name in names if name.endswith(OTHER_FILES) or store.fullmatch(name))

    def read(self, name: str, staged: str = "") -> t.Optional[File]:
        try:
            descriptor = self.open(name, staged, OPEN_FLAGS)
        except OSError as error:
            raise os_failure(self._path(name), error) from error
        if descriptor is None:
            return None
        try:
            content = read_descriptor(descriptor, self._path(name), max_size(name))
            return File(content, Attributes.of(descriptor))
        except OSError as error:
            raise os_failure(self._path(name), error) from error
        finally:
            os.close(descriptor)

    def open(self, name: str, staged: str, flags: int) -> t.Optional[int]:
        """Open a file; ``None`` if it does not exist.

        :raises OSError: it cannot be opened.
        """
        place = self._place(name)
        try:
            return os.open(_staged(staged) or place.name, flags | os.O_NOFOLLOW, dir_fd=place.descriptor)
        except FileNotFoundError:
            if place.behind_link and not staged:
                raise _dangling(self._path(name)) from None
            return None
        except OSError as error:
            # A link with the name of a store is not a store.
            if error.errno == errno.ELOOP and onlinefs_versions.STORE_NAME.fullmatch(name):
                return None
            raise

    def exists(self, name: str) -> bool:
        """Tell whether the place of a file is taken, by a file or anything else."""
        place = self._place(name)
        try:
            os.stat(place.name, dir_fd=place.descriptor, follow_symlinks=False)
        except OSError:
            return False
        return True

    def stage(self, name: str, file: File) -> str:
        staged = staged_name(name)
        new = not self.exists(name) and not any(key == LABEL for key, _value in file.attributes.xattrs)
        descriptor = self.create(name, staged, file.content)
        try:
            if new:
                label = default_label(self.real_path(name))
                if label is not None:
                    set_xattr(descriptor, LABEL, label)
            set_attributes(descriptor, file.attributes)
            os.fsync(descriptor)
        except OSError as error:
            self.discard_one(name, staged)
            raise os_failure(self._path(name), error) from error
        except BaseException:
            self.discard_one(name, staged)
            raise
        finally:
            os.close(descriptor)
        return staged

    def create(self, name: str, staged: str, content: bytes) -> int:
        """Write a new file beside the place of ``name``, readable by this user only.

        Return its descriptor; the caller syncs it.
        """
        place = self._place(name)
        try:
            descriptor = os.open(_staged(staged), _CREATE_FLAGS, 0o600, dir_fd=place.descriptor)
        except OSError as error:
            raise os_failure(self._path(name), error) from error
        try:
            write_all(descriptor, content)
        except OSError as error:
            os.close(descriptor)
            self.discard_one(name, staged)
            raise os_failure(self._path(name), error) from error
        return descriptor

    def create_unnamed(self, name: str) -> t.Tuple[int, int]:
        """Return the descriptors of a new file without a name, which nobody else can open, and of its directory."""
        place = self._place(name)
        flags = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(".", flags, 0o600, dir_fd=place.descriptor), os.dup(place.descriptor)
        except OSError as error:
            raise os_failure(self._path(name), error) from error

    def swap(self, name: str, staged: str) -> None:
        place = self._place(name)
        try:
            os.replace(_staged(staged), place.name, src_dir_fd=place.descriptor, dst_dir_fd=place.descriptor)
            os.fsync(place.descriptor)
        except OSError as error:
            raise os_failure(self._path(name), error) from error

    def remove(self, name: str) -> None:
        place = self._place(name)
        try:
            _unlink(place.name, place.descriptor)
            os.fsync(place.descriptor)
            if place.behind_link:
                _unlink(name, self._descriptor)
                os.fsync(self._descriptor)
                self._places.pop(name, None)
        except OSError as error:
            raise os_failure(self._path(name), error) from error

    def discard(self, keep: t.Collection[str] = ()) -> None:
        try:
            for descriptor in self._directories(onlinefs_versions.KNOWN_FILES):
                for name in sorted(os.listdir(descriptor)):
                    if STAGED_NAME.fullmatch(name) and name not in keep:
                        _discard(name, descriptor)
        except OSError as error:
            raise os_failure(self.directory, error) from error

    def discard_one(self, name: str, staged: str) -> None:
        """Remove one staged file, if it exists."""
        with contextlib.suppress(OSError):
            _unlink(_staged(staged), self._place(name).descriptor)

    def room(self, names: t.Sequence[str]) -> t.List[Room]:
        rooms = []
        for descriptor, name in self._directories(names).items():
            path = self.real_path(name) if name else os.path.realpath(self.directory)
            try:
                system = os.statvfs(descriptor)
                writable = os.access(".", os.W_OK | os.X_OK, dir_fd=descriptor)
            except OSError as error:
                raise os_failure(path, error) from error
            free = system.f_frsize * (system.f_bfree if os.geteuid() == 0 else system.f_bavail)
            full = bool(system.f_files and not system.f_favail)
            directory = os.path.dirname(path) if name else path
            rooms.append(Room(directory, bool(system.f_flag & os.ST_RDONLY), writable, None if full else free))
        return rooms

    def may_own(self, name: str, attributes: Attributes) -> None:
        if os.geteuid() == 0:
            return
        groups = {os.getegid(), *os.getgroups()}
        if attributes.uid != os.geteuid() or attributes.gid not in groups:
            raise HostError(
                name,
                f"it should belong to user {attributes.uid} and group {attributes.gid}, but the task runs as user"
                f" {os.geteuid()}",
                "Run the task as root (become: true), or leave the options owner and group out",
            )

    def place(self, name: str) -> t.Tuple[int, str]:
        """Return the directory of a file, open until this object goes, and the name of the file in it."""
        place = self._place(name)
        return place.descriptor, place.name

    def real_path(self, name: str) -> str:
        """Return the path of a file with its links resolved, for messages and labels."""
        place = self._place(name)
        try:
            return os.path.join(os.readlink(f"/proc/self/fd/{place.descriptor}"), place.name)
        except OSError:
            return self._path(name)

    def _directories(self, names: t.Iterable[str]) -> t.Dict[int, str]:
        """Return each directory of these files once, with one file in it, and the configuration directory."""
        seen = {_identity(self._descriptor): self._descriptor}
        found = {self._descriptor: ""}
        for name in names:
            try:
                place = self._place(name)
            except HostError:
                continue
            if seen.setdefault(_identity(place.descriptor), place.descriptor) == place.descriptor:
                found.setdefault(place.descriptor, name)
        return found

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _place(self, name: str) -> _Place:
        """Return a file's place, found only once: if its path leads elsewhere later, the place remains the same."""
        known = self._places.get(name)
        if known is not None:
            return known
        if name != os.path.basename(name) or name in ("", os.curdir, os.pardir):
            raise HostError(self._path(name), "not the name of a file in the configuration directory")
        place = _Place(self._descriptor, name, False)
        if not onlinefs_versions.STORE_NAME.fullmatch(name):
            if self._root and path_owner(self._path(name)) is not None:
                cause = "a link from a directory of root to one that another user can change"
                raise HostError(self._path(name), cause, "Replace the link with the file itself")
            try:
                place = _follow(place)
            except FileNotFoundError:
                raise _dangling(self._path(name)) from None
            except OSError as error:
                raise os_failure(self._path(name), error) from error
        self._places[name] = place
        return place


def staged_name(name: str) -> str:
    """Return a name for a staged file that cannot be predicted."""
    return f"{STAGED_PREFIX}{name[:_STAGED_STEM]}.{secrets.token_hex(8)}.new"


def _staged(name: str) -> str:
    if name and not STAGED_NAME.fullmatch(name):
        raise HostError(name, "not the name of a staged file")
    return name


def _follow(place: _Place) -> _Place:
    for _link in range(_MAX_LINKS):
        try:
            text = os.readlink(place.name, dir_fd=place.descriptor)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # not a link, or nothing there yet
                return place
            raise
        directory, name = os.path.split(text)
        if name in ("", os.curdir, os.pardir):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        descriptor = os.open(directory or os.curdir, _DIRECTORY_FLAGS, dir_fd=place.descriptor)
        place = _Place(descriptor, name, True)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _dangling(path: str) -> HostError:
    return NotAFile(path, "a symbolic link to something that does not exist", "Remove or repair the link")


def _identity(descriptor: int) -> t.Tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _unlink(name: str, directory: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)


def _discard(name: str, directory: int) -> None:
    """Remove what has the name of a staged file. A directory that is not empty stays: it does no harm."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=directory)
        else:
            os.unlink(name, dir_fd=directory)
