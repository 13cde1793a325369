# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A child that has given up root cannot read the module's own files any more: they are in a directory of root's.

So nothing of the collection may be imported in it. What functions import is found here by reading the sources.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import COLLECTIONS

#: Prints what functions of the loaded modules would import, and is not loaded when root is given up.
PROGRAM = """
import ast, json, sys, types
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import user_rights
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_child, cluster_reader

OURS = "ansible_collections.hopsworks.kafka.plugins.module_utils."
left = []
user_rights.os = types.SimpleNamespace(
    setgroups=left.append, setresgid=lambda *ids: None, setresuid=lambda *ids: None,
    getresuid=lambda: (65534,) * 3, getresgid=lambda: (65534,) * 3,
    environ={}, chdir=lambda path: None,
)
rights = user_rights.UserRights(65534, 65534, (), "/")
cluster_reader.give_up_root_for(cluster_reader.ClusterSource(lambda: None, rights))
assert left, "root was not given up"
missing = set()
for name in [name for name in sys.modules if name.startswith(OURS)]:
    module = sys.modules[name]
    if not getattr(module, "__file__", None) or module.__file__.endswith("__init__.py"):
        continue
    with open(module.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for found in (node for function in functions for node in ast.walk(function)):
        if not isinstance(found, ast.ImportFrom):
            continue
        where = found.module or ""
        if found.level:
            where = ".".join([*name.split(".")[: -found.level], *([found.module] if found.module else [])])
        if not where.startswith(OURS.rstrip(".")):
            continue
        for alias in found.names:
            of_room = where.count(".") == OURS.count(".")
            target = f"{where}.{alias.name}" if of_room else where
            if target not in sys.modules:
                missing.add(f"{name.removeprefix(OURS)} imports {target.removeprefix(OURS)}")
print(json.dumps(sorted(missing)))
"""


def test_everything_is_imported_before_root_is_given_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(COLLECTIONS), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
