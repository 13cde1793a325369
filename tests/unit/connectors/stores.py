"""Store files of tests, made of their content."""

from __future__ import annotations

from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import StoreFile


def store_file(path: str, content: bytes) -> StoreFile:
    return StoreFile(path, len(content), lambda: content)
