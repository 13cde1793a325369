# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of librdkafka's properties, as the library inside each release of confluent-kafka prints it."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import typing as t
import zipfile

from tests.conftest import ROOT
from tests.kafka import jars

FILE = ROOT / "plugins" / "module_utils" / "_kafka" / "librdkafka_configs.py"
#: From the oldest release that a supported Hopsworks client installs to that of tests/requirements.
RELEASES = (
    "2.3.0",
    "2.4.0",
    "2.5.0",
    "2.6.0",
    "2.8.0",
    "2.10.0",
    "2.11.0",
    "2.12.0",
    "2.13.0",
    "2.14.0",
    "2.15.0",
    "2.16.0",
)

_SECONDS = 120
#: The wheels are read, not installed: one kind of wheel does on every machine that can load its library.
_WHEEL = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311"]
_PLATFORMS = ["--platform=manylinux_2_28_x86_64", "--platform=manylinux2014_x86_64"]
# rd_kafka_conf_properties_show(FILE *) is the function that writes librdkafka's CONFIGURATION.md.
_SHOW = """
import ctypes, sys
library, libc = ctypes.CDLL(sys.argv[1]), ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
library.rd_kafka_conf_properties_show(stream)
libc.fflush(stream)
"""

_HEAD = '''# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The properties of librdkafka {first} to {last}.

Written by ``python -m tests.configs`` from what each release prints of itself, the text of its CONFIGURATION.md. Do
not edit it: a unit test compares it with the libraries.
"""

from __future__ import annotations

import typing as t

Release = t.Tuple[int, ...]


class Property(t.NamedTuple):
    """A property of librdkafka.

    :param since: the first release that knows it; {first} stands for that and older ones.
    :param low: the lowest number that all of the releases accept; ``high`` the highest. None for what is no number.
    :param default: its default, where it is a number.
    """

    since: Release
    low: t.Optional[int] = None
    high: t.Optional[int] = None
    default: t.Optional[int] = None


PROPERTIES: t.Dict[str, Property] = {{
'''


class Row(t.NamedTuple):
    """One row of the printed table."""

    name: str
    range: str
    default: str


def generate() -> str:
    """The text of the module."""
    found: dict[str, dict[str, Row]] = {}
    for release in RELEASES:
        for row in rows(printed(release)):
            found.setdefault(row.name, {})[release] = row
    head = _HEAD.format(first=RELEASES[0], last=RELEASES[-1])
    return head + "".join(f'    "{name}": {_property(found[name])},\n' for name in sorted(found)) + "}\n"


def printed(release: str) -> str:
    """What a release prints of its properties; kept between runs."""
    kept = jars.cache_dir().parent / "librdkafka" / f"{release}.md"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            text = show(_library(release, pathlib.Path(scratch)))
            pathlib.Path(scratch, kept.name).write_text(text)
            pathlib.Path(scratch, kept.name).rename(kept)
    return kept.read_text()


def show(library: pathlib.Path) -> str:
    """What a library prints of its properties."""
    command = [sys.executable, "-c", _SHOW, str(library)]
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout


def _library(release: str, scratch: pathlib.Path) -> pathlib.Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", f"--dest={scratch}"]
    command = [*pip, *_WHEEL, *_PLATFORMS, f"confluent-kafka=={release}"]
    subprocess.run(command, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    [wheel] = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [member] = [name for name in archive.namelist() if "/librdkafka" in name and ".so" in name]
        return pathlib.Path(archive.extract(member, scratch))


def rows(text: str) -> t.Iterator[Row]:
    """The properties in a printed table. Of one that is global and a topic's, the global one, as in confluent-kafka.

    Callbacks and pointers, which no text can set, are left out.
    """
    seen: set[str] = set()
    for line in text.splitlines():
        columns = [column.strip() for column in line.split(" | ")]
        if len(columns) < 6 or columns[0] == "Property" or line.endswith("*Type: see dedicated API*"):
            continue
        name, range_, default = columns[0], columns[2], columns[3]
        if name not in seen:
            seen.add(name)
            yield Row(name, range_, default)


def _property(by_release: dict[str, Row]) -> str:
    texts = [f"({', '.join(next(iter(by_release)).split('.'))})"]
    ranges = [row.range.split(" .. ") for row in by_release.values()]
    if all(len(bounds) == 2 for bounds in ranges):
        texts.append(f"low={max(int(low) for low, _high in ranges)}")
        texts.append(f"high={min(int(high) for _low, high in ranges)}")
        texts.append(f"default={int(list(by_release.values())[-1].default)}")
    return f"Property({', '.join(texts)})"
