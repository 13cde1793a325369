# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kafka_probe says to a properties file, before it connects to anything."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.argument_spec import probe_spec

from .judge import Verdict

_SPEC = probe_spec()["argument_spec"]
_OPTIONS: dict[str, t.Any] = {name: entry.get("default") for name, entry in _SPEC.items()}


class Said(t.NamedTuple):
    """The verdict, and the notes of a file that was taken."""

    verdict: Verdict
    notes: str

    @property
    def text(self) -> str:
        """Everything that was said."""
        return self.verdict.refusal or self.notes


def ask(file: bytes, scratch: pathlib.Path) -> Said:
    """The verdict on a file. {scratch} is a folder for it."""
    path = scratch / "client.properties"
    path.write_bytes(file)
    options = {**_OPTIONS, "properties_file": str(path), "until": "config", "timeout": 20}
    try:
        result = probe_task.run(options).result
    except Exception as error:  # what a user would see as a traceback
        return Said(Verdict(f"{type(error).__name__}: {error}"), "")
    [stage] = [entry for entry in result["stages"] if entry["stage"] == "config"]
    if stage["ok"]:
        return Said(Verdict(""), stage["detail"])
    return Said(Verdict(f"{stage['target']}: {stage['detail']}. {stage['remedy']}"), "")
