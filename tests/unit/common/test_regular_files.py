# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file whose path a user gives: regular, of a bounded size, whatever stands there."""

from __future__ import annotations

import errno
import os
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files


@pytest.mark.parametrize("content", [b"", b"\x00\xffbinary\r\n", b"x" * 10])
def test_the_content_is_read_as_it_is(tmp_path: pathlib.Path, content: bytes) -> None:
    path = tmp_path / "store"
    path.write_bytes(content)
    (tmp_path / "link").symlink_to(path)
    assert regular_files.read(str(path), 10) == content
    assert regular_files.read(str(tmp_path / "link"), 10) == content


def make_directory(path: pathlib.Path) -> None:
    path.mkdir()


def make_pipe(path: pathlib.Path) -> None:
    os.mkfifo(path)


def make_device(path: pathlib.Path) -> None:
    path.symlink_to("/dev/zero")


def make_large(path: pathlib.Path) -> None:
    path.write_bytes(b"x" * 11)


def make_endless(path: pathlib.Path) -> None:
    """The system tells no size of a file in /proc."""
    path.symlink_to("/proc/self/maps")


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (make_directory, errno.EISDIR),
        (make_pipe, errno.EINVAL),
        (make_device, errno.EINVAL),
        (make_large, errno.EFBIG),
        (make_endless, errno.EFBIG),
    ],
)
def test_what_is_no_file_or_too_large_is_refused_by_name(
    tmp_path: pathlib.Path, make: t.Callable[[pathlib.Path], None], number: int
) -> None:
    path = tmp_path / "store"
    make(path)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError) as raised:
        regular_files.read(str(path), 10)
    assert (raised.value.errno, raised.value.filename) == (number, str(path))
    assert raised.value.strerror
    assert os.listdir("/proc/self/fd") == before


def test_a_socket_and_a_missing_file_are_the_systems_errors(tmp_path: pathlib.Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "s"))
        for name, number in (("s", errno.ENXIO), ("missing", errno.ENOENT)):
            with pytest.raises(OSError) as raised:
                regular_files.read(str(tmp_path / name), 10)
            assert raised.value.errno == number


def test_what_is_opened_is_not_inherited(tmp_path: pathlib.Path) -> None:
    (tmp_path / "store").write_bytes(b"x")
    with regular_files.opened(str(tmp_path / "store"), 1) as descriptor:
        assert not os.get_inheritable(descriptor)
        assert os.read(descriptor, 2) == b"x"
