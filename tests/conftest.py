"""Makes the checkout importable as `ansible_collections.hopsworks.kafka`, wherever it was cloned to."""

from __future__ import annotations

import contextlib
import pathlib
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".build" / "collections"


def link_collection() -> pathlib.Path:
    """A collection path in which this checkout stands as hopsworks.kafka. Several processes may call it at once."""
    link = COLLECTIONS / "ansible_collections" / "hopsworks" / "kafka"
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(ROOT, target_is_directory=True)
    return COLLECTIONS


sys.path.insert(0, str(link_collection()))
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


def pytest_addoption(parser: t.Any) -> None:
    """The option of `make soak`; fixtures read it by tests.soak. Pytest itself is not imported: the demo has none."""
    parser.addoption("--soak", action="store_true", help="repeat often where a test draws lots or time matters")


def pytest_configure(config: t.Any) -> None:
    """Say what the markers mean."""
    config.addinivalue_line("markers", "long: a test of `make soak` alone")


def pytest_collection_modifyitems(config: t.Any, items: list[t.Any]) -> None:
    """Leave out what is for `make soak` alone, and let pytest say how many tests that are."""
    long = [item for item in items if item.get_closest_marker("long")]
    if long and not config.getoption("--soak"):
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
