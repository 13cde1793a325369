"""The code of a forked process: run a module as ``python -m`` would. Imports the modules beforehand."""

from __future__ import annotations

import importlib
import os
import pathlib
import sys

from tests.conftest import link_collection

link_collection()

for _module in ("kafka_connector", "kafka_connector_info", "hopsworks_variable"):
    importlib.import_module(f"ansible_collections.hopsworks.kafka.plugins.modules.{_module}")


def run(module: str, folder: str, environment: dict[str, str]) -> None:
    """Run a module with the files ``in``, ``out`` and ``err`` of a folder as its streams, then end the process."""
    os.environ.clear()
    os.environ.update(environment)
    for stream, name, mode in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT),
        (2, "err", os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(pathlib.Path(folder, name), mode, 0o600), stream)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = [module]
    importlib.import_module(module).main()
