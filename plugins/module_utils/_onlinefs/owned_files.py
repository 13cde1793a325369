# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write the files in a directory that another user owns, through a child with that user's rights.

Root itself only uses files and directories that the child has opened, and checks them first: to set a security label or
a group that the user is not in, and to handle files of root that an installer left there.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from .files import ACCESS_LIST, MODE_BITS, Attributes, File
from .host_error import HostError, os_failure
from .live_files import ConfigFiles, LiveFiles, Room, staged_name
from .owner_channel import Answer
from .owner_process import process_of
from .path_owner import path_owner


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
        return [str(name) for name in json.loads(self._call("names").content)]

    def read(self, name: str, staged: str = "") -> t.Optional[File]:
        answer = self._call("read", name=name, staged=staged)
        if answer.descriptors:
            from . import root_files  # noqa: PLC0415

            with _closing(answer) as [directory]:
                return root_files.read(self._path(name), self.uid, directory, str(answer.value["unreadable"]))
        if answer.value is None:
            return None
        return File(answer.content, _attributes(answer.value, self._path(name)))

    def stage(self, name: str, file: File) -> str:
        staged = staged_name(name)
        try:
            self._stage(name, staged, file)
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

    def _stage(self, name: str, staged: str, file: File) -> None:
        # Imported only here, and in read(): most runs change nothing.
        from . import root_files  # noqa: PLC0415

        path, desired = self._path(name), file.attributes
        if desired.uid != self.uid:
            with _closing(self._call("create_unnamed", name=name)) as descriptors:
                root_files.write(path, self.uid, descriptors, staged, file)
            return
        xattrs = dict(desired.xattrs)
        access_list = xattrs[ACCESS_LIST].hex() if ACCESS_LIST in xattrs else None
        answer = self._call(
            "create", file.content, name=name, staged=staged, mode=desired.mode & MODE_BITS, access_list=access_list
        )
        with _closing(answer) as [descriptor]:
            new_at = str(answer.value["path"]) if answer.value["new"] else ""
            root_files.complete(path, self.uid, descriptor, desired, new_at)


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
