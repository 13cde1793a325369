# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Handle the requests to the child that works with the rights of another user."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.path_walk import O_PATH

from .bounded_read import read_file
from .files import ACCESS_LIST, MODE_BITS, set_xattr
from .host_error import os_failure
from .live_files import LiveFiles
from .owner_channel import Answer, Arguments, Handler

#: The directories that this child has opened, by path.
_open: t.Dict[str, LiveFiles] = {}


def _files(arguments: Arguments) -> LiveFiles:
    path = arguments["path"]
    if path not in _open:
        _open[path] = LiveFiles(path)
    return _open[path]


def _as_path(descriptor: int) -> int:
    """Return another descriptor of an open file, which can be handed over."""
    return os.open(f"/proc/self/fd/{descriptor}", O_PATH | os.O_CLOEXEC)


def _handed_over(descriptor: int) -> int:
    """Return another descriptor of an open file, which can be handed over, and close the first one."""
    try:
        return _as_path(descriptor)
    finally:
        os.close(descriptor)


def _read_file(arguments: Arguments, _content: bytes) -> Answer:
    return Answer(content=read_file(arguments["path"], arguments["limit"], arguments["tail"]))


def _open_path(arguments: Arguments, _content: bytes) -> Answer:
    """Open a path without reading it, and without following a link at its end."""
    try:
        descriptor = os.open(arguments["path"], O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return Answer()
    return Answer(descriptors=(descriptor,))


def _remove_empty_directory(arguments: Arguments, _content: bytes) -> Answer:
    os.rmdir(arguments["path"])
    return Answer()


def _attributes(arguments: Arguments, _content: bytes) -> Answer:
    return Answer(_files(arguments).attributes().as_json())


def _names(arguments: Arguments, _content: bytes) -> Answer:
    # As content, as there may be more than a header can hold.
    return Answer(content=json.dumps(_files(arguments).names()).encode("ascii"))


def _read(arguments: Arguments, _content: bytes) -> Answer:
    """Read a file. Of one that this user may not read, hand over the directory, for root to decide about it."""
    files, name, staged = _files(arguments), arguments["name"], arguments["staged"]
    try:
        probe = files.open(name, staged, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.EACCES:
            raise os_failure(os.path.join(files.directory, name), error) from error
        directory, there = files.place(name)
        return Answer({"unreadable": staged or there}, b"", (_as_path(directory),))
    if probe is None:
        return Answer()
    os.close(probe)
    file = files.read(name, staged)
    return Answer() if file is None else Answer(file.attributes.as_json(), file.content)


def _create(arguments: Arguments, content: bytes) -> Answer:
    """Write a new file durably beside its place, and hand it over, for root to complete it."""
    files, name, staged = _files(arguments), arguments["name"], arguments["staged"]
    new = not files.exists(name)
    descriptor = files.create(name, staged, content)
    access_list = arguments["access_list"]
    if access_list is not None:
        set_xattr(descriptor, ACCESS_LIST, bytes.fromhex(access_list))
    os.fchmod(descriptor, arguments["mode"] & MODE_BITS)
    os.fsync(descriptor)
    return Answer({"new": new, "path": files.real_path(name)}, b"", (_handed_over(descriptor),))


def _create_unnamed(arguments: Arguments, _content: bytes) -> Answer:
    descriptor, directory = _files(arguments).create_unnamed(arguments["name"])
    return Answer(None, b"", (_handed_over(descriptor), _handed_over(directory)))


def _swap(arguments: Arguments, _content: bytes) -> Answer:
    _files(arguments).swap(arguments["name"], arguments["staged"])
    return Answer()


def _remove(arguments: Arguments, _content: bytes) -> Answer:
    _files(arguments).remove(arguments["name"])
    return Answer()


def _discard(arguments: Arguments, _content: bytes) -> Answer:
    _files(arguments).discard(arguments["keep"])
    return Answer()


def _discard_one(arguments: Arguments, _content: bytes) -> Answer:
    _files(arguments).discard_one(arguments["name"], arguments["staged"])
    return Answer()


def _room(arguments: Arguments, _content: bytes) -> Answer:
    return Answer([dataclasses.asdict(room) for room in _files(arguments).room(arguments["names"])])


HANDLERS: t.Mapping[str, Handler] = {
    "read_file": _read_file,
    "open_path": _open_path,
    "remove_empty_directory": _remove_empty_directory,
    "attributes": _attributes,
    "names": _names,
    "read": _read,
    "create": _create,
    "create_unnamed": _create_unnamed,
    "swap": _swap,
    "remove": _remove,
    "discard": _discard,
    "discard_one": _discard_one,
    "room": _room,
}
