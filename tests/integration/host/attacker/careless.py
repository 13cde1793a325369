# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How root must not work in a directory of another user: by path, as root, and with names that can be guessed."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.files import Attributes, File, set_attributes
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.live_files import Room

_PREFIX = ".hopsworks_kafka."


class CarelessFiles:
    """The files in a directory, as ``live_files.ConfigFiles`` describes them, without any care."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def attributes(self) -> Attributes:
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            return Attributes.of(descriptor)
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        return sorted(os.listdir(self.directory))

    def read(self, name: str, staged: str = "") -> File | None:
        try:
            descriptor = os.open(os.path.join(self.directory, staged or name), os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            return File(os.read(descriptor, 100_000), Attributes.of(descriptor))
        finally:
            os.close(descriptor)

    def stage(self, name: str, file: File) -> str:
        staged = f"{_PREFIX}{name}.0123456789abcdef.new"
        path = os.path.join(os.path.dirname(self._path(name)), staged)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, file.content)
            set_attributes(descriptor, file.attributes)
        finally:
            os.close(descriptor)
        return staged

    def swap(self, name: str, staged: str) -> None:
        os.replace(os.path.join(self.directory, staged), self._path(name))

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def discard(self, keep: t.Collection[str] = ()) -> None:
        for name in self.names():
            if name.startswith(_PREFIX) and name not in keep:
                path = os.path.join(self.directory, name)
                with contextlib.suppress(OSError):
                    (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)

    def room(self, _names: t.Sequence[str]) -> list[Room]:
        return []

    def may_own(self, name: str, attributes: Attributes) -> None:
        """Everybody may own anything."""

    def _path(self, name: str) -> str:
        return os.path.realpath(os.path.join(self.directory, name))


def read_anything(path: str, limit: int, tail: bool = False) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()[-limit:]
