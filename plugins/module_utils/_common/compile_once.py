# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Install this before a module imports its other files: Python then compiles each of them once, and not twice.

Ansible sends a module as a zip archive of source files. ``zipimport`` compiles a file to tell its name, throws the code
away, and compiles it again to run it:
https://github.com/python/cpython/blob/v3.11.7/Lib/zipimport.py (``get_filename``, called by ``spec_from_loader``).
"""

from __future__ import annotations

import sys
import types
import typing as t
import zipimport


class _Importer(zipimport.zipimporter):
    """An importer that keeps the code of a file from the first of the two times to the second."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._kept: t.Dict[str, types.CodeType] = {}

    def get_filename(self, fullname: str) -> str:
        code = self._kept[fullname] = super().get_code(fullname)
        return code.co_filename

    def get_code(self, fullname: str) -> types.CodeType:
        return self._kept.pop(fullname, None) or super().get_code(fullname)


def install() -> None:
    """Use that importer for every archive which this process imports from. In other processes, there is none."""
    archives = [
        path for path, importer in sys.path_importer_cache.items() if importer.__class__ is zipimport.zipimporter
    ]
    if archives:
        sys.path_importer_cache.update({path: _Importer(path) for path in archives})
        sys.path_hooks.insert(0, _Importer)
