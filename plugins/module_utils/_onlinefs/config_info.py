# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Do the work of the module ``onlinefs_config_info``: list the configurations that a host keeps. Nothing is written."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import Result

from . import host_planner
from .generations import FileSet, Generations, same
from .owned_files import open_files
from .state_directory import HOME_STATE, default_directory
from .transaction import read_configuration

_COLUMNS = ("generation", "rollout", "time (UTC)", "cluster", "proved", "changed")
_MAX_CHANGES = 3


def run(params: t.Mapping[str, t.Any]) -> Result:
    """Return the generations of a host, and the same as a table.

    :raises HostError: something cannot be read.
    """
    home = params["home"]
    earlier = "" if params["state_dir"] else os.path.join(home, HOME_STATE)
    kept = Generations(params["state_dir"] or default_directory(home), earlier)
    live = read_configuration(open_files(params["config_dir"] or os.path.join(home, "etc")))
    rows: t.List[Result] = []
    before: FileSet = {}
    for generation in kept.all():
        try:
            files = kept.files(generation.number)
        except InputError:  # another run has just removed it
            continue
        changes = [change.to_result()["what"] for change in host_planner.differences(files, before)] if rows else []
        rows.append({**generation.to_result(), "changes": changes, "current": same(files, live)})
        before = files
    current = max((row["number"] for row in rows if row["current"]), default=None)
    for row in rows:
        row["current"] = row["number"] == current
    return {"changed": False, "generations": rows, "generation": current, "table": table(rows)}


def table(rows: t.Sequence[Result]) -> t.List[str]:
    """Return a line of titles and a line for each generation, the newest first. A star marks the live one."""
    lines = [_COLUMNS, *(_cells(row) for row in reversed(rows))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def _cells(row: Result) -> t.Tuple[str, ...]:
    changes = row["changes"][:_MAX_CHANGES]
    if len(row["changes"]) > _MAX_CHANGES:
        changes.append(f"and {len(row['changes']) - _MAX_CHANGES} more")
    return (
        f"{row['number']}{' *' if row['current'] else ''}",
        row["rollouts"][-1] if row["rollouts"] else "-",
        row["created"],
        row["cluster_id"] or "not known",
        row["proved"] or "no",
        ", ".join(changes) or row["origin"],
    )
