# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an archive are compiled once each, and run as before."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import textwrap
import zipfile

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import compile_once

#: Counts what is compiled, by file, and imports from the archive.
MAIN = """
import collections, sys
sys.path.insert(0, sys.argv[1])
import one.first
compiled = collections.Counter()
sys.addaudithook(lambda event, arguments: compiled.update([arguments[1]]) if event == "compile" else None)
if sys.argv[2] == "once":
    import compile_once
    compile_once.install()
    compiled.clear()
from one import second
import two.third, two.third
try:
    import two.missing
except ImportError:
    print("missing")
try:
    second.fail()
except ValueError:
    import traceback
    print(traceback.format_exc().splitlines()[-2].strip(), second.__file__ == f"{sys.argv[1]}/one/second.py")
print(sorted((name.rpartition("/")[2], count) for name, count in compiled.items() if ".zip/" in str(name)))
"""


def run(folder: pathlib.Path, how: str) -> list[str]:
    archive = folder / "payload.zip"
    with zipfile.ZipFile(archive, "w") as payload:
        for name in ("one/__init__.py", "one/first.py", "two/__init__.py", "two/third.py"):
            payload.writestr(name, f"here = {name!r}\n")
        payload.writestr("one/second.py", "def fail():\n    raise ValueError\n")
        payload.write(str(compile_once.__file__), "compile_once.py")
    command = [sys.executable, "-c", textwrap.dedent(MAIN), str(archive), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_each_file_is_compiled_once_and_runs_as_before(tmp_path: pathlib.Path) -> None:
    missing, source, compiled = run(tmp_path, "once")
    assert (missing, source) == ("missing", "raise ValueError True")
    assert compiled == "[('__init__.py', 1), ('second.py', 1), ('third.py', 1)]"


def test_without_it_python_compiles_each_file_twice(tmp_path: pathlib.Path) -> None:
    """If this fails, zipimport has been improved, and :mod:`compile_once` can go."""
    missing, source, compiled = run(tmp_path, "twice")
    assert (missing, source) == ("missing", "raise ValueError True")
    assert compiled == "[('__init__.py', 2), ('second.py', 2), ('third.py', 2)]"
