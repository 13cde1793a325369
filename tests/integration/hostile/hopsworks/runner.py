# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tasks of the modules that talk to Hopsworks: ``{task, options}`` to its result, seconds and megabytes."""

from __future__ import annotations

import pathlib
import resource
import sys
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import (
    connector_info,
    connector_task,
    reach_task,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables_task

from tests.integration.hostile.forks import Job, Stopwatch, run_jobs


def _reach(options: Job) -> t.Any:
    """Run hopsworks_projects_info. That it is not known who is left behind is no failure of the task: here it is."""
    result = reach_task.run(options)
    return {**result, "failed": result["failed"] or result["left_behind"] is None}


TASKS: dict[str, t.Callable[[Job], t.Any]] = {
    "kafka_connector": lambda options: connector_task.run(options, False, True),
    "kafka_connector_info": connector_info.read_projects,
    "hopsworks_projects_info": _reach,
    "hopsworks_variable": lambda options: variables_task.run(options, False, True),
}


def peak() -> float:
    """The most megabytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def do(job: Job) -> Job:
    watch, before = Stopwatch(), peak()
    try:
        result = TASKS[job["task"]](job["options"])
    except HopsworksKafkaError as error:
        result = {"failed": True, "msg": str(error), "reason": error.reason}
    except Exception as error:
        result = {"failed": True, "msg": "", "raw": f"{type(error).__name__}: {error}"}
    return {"result": result, "seconds": watch.seconds(), "megabytes": peak() - before}


if __name__ == "__main__":
    run_jobs(do, pathlib.Path(sys.argv[1]), int(sys.argv[2]))
