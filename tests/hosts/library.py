"""confluent-kafka for the hosts' own Python, as an operator would install it there: fetched once, then kept."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

import confluent_kafka

from tests.hosts import image
from tests.hosts.system import HostsError, run


def ensure() -> Path:
    """The folder with the library, for the Python of the image and in the version of the controller's."""
    version = _python(image.ensure())
    target = image.CACHE / f"confluent-kafka-{confluent_kafka.__version__}-python{version}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch, "library")
        run(
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--target", str(made), "--python-version", version, "--only-binary", ":all:"),
            f"confluent-kafka=={confluent_kafka.__version__}",
            timeout=180,
        )
        if not target.is_dir():
            made.rename(target)
    return target


def install(root: Path) -> None:
    """Put the library where the system Python of a host looks for what its administrator adds."""
    place = root / "usr/local/lib" / f"python{_python(image.ensure())}" / "dist-packages"
    shutil.copytree(ensure(), place, dirs_exist_ok=True)


def _python(root: Path) -> str:
    found = [entry.name for entry in (root / "usr/lib").iterdir() if re.fullmatch(r"python3\.\d+", entry.name)]
    if len(found) != 1:
        raise HostsError(f"{root}: one Python 3 was expected in usr/lib, found: {', '.join(sorted(found)) or 'none'}")
    return found[0][len("python") :]
