# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jars of one Kafka release, resolved by Maven once and kept in a cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile
import typing as t

NEWEST = "4.4.0"
# The first release in which KRaft is for production. It knows no SCRAM in KRaft; that came with 3.5.
OLDEST = "3.3.2"
SCRAM_SINCE = (3, 5)

_ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
_MAVEN_SECONDS = 300
# The broker's own jars bring no logging: without this binding a broker does not even say why it refused.
_LOGGING = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5")

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka-jars</artifactId><version>1</version>
  <dependencies>{dependencies}
  </dependencies>
</project>
"""
_DEPENDENCY = """
    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"""


class HarnessError(Exception):
    """The broker for tests cannot run; the text says why and what to do."""


def cache_dir() -> pathlib.Path:
    """Where jars are kept: HOPSWORKS_KAFKA_CACHE, or .cache/kafka in the checkout."""
    given = os.environ.get("HOPSWORKS_KAFKA_CACHE")
    return pathlib.Path(given) if given else _ROOT / ".cache" / "kafka"


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version: (4, 4, 0)."""
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))


def java() -> str:
    """The java program. HarnessError when there is none."""
    home = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if not found:
        raise HarnessError(
            "No Java here, and the tests with a real Kafka need one (17 or newer). "
            "On Debian: apt-get install openjdk-17-jre-headless maven"
        )
    return found


def jars(version: str = NEWEST, artifacts: tuple[str, ...] = ("kafka_2.13",)) -> pathlib.Path:
    """The folder with the jars of `artifacts`, fetched by Maven when missing.

    An artifact is the name of one of org.apache.kafka in `version`, or group:artifact:version.
    """
    java()
    name = version if artifacts == ("kafka_2.13",) else f"{version}-{'-'.join(_short(each) for each in artifacts)}"
    target = cache_dir() / name
    if target.is_dir():
        return target
    maven = shutil.which("mvn")
    if not maven:
        raise HarnessError(
            f"The jars of Kafka {version} are not in {cache_dir()}, and Maven, which fetches them, is not here. "
            "On Debian: apt-get install maven"
        )
    with _lock(target.parent):
        if not target.is_dir():  # somebody else may have fetched them meanwhile
            _fetch(maven, version, artifacts, target)
    return target


def _short(artifact: str) -> str:
    return "-".join(artifact.split(":")[1:]) or artifact


@contextlib.contextmanager
def _lock(folder: pathlib.Path) -> t.Iterator[None]:
    """One at a time, for Maven's own folder is not made for two."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(maven: str, version: str, artifacts: tuple[str, ...], target: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
        given = [tuple(each.split(":")) if ":" in each else ("org.apache.kafka", each, version) for each in artifacts]
        wanted = [*given, _LOGGING]
        pom = pathlib.Path(scratch, "pom.xml")
        pom.write_text(_POM.format(dependencies="".join(_DEPENDENCY.format(*item) for item in wanted)))
        fetched = pathlib.Path(scratch, "jars")
        command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_MAVEN_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"Maven did not fetch Kafka {version} within {_MAVEN_SECONDS} s") from None
        if done.returncode != 0:
            raise HarnessError(f"Maven could not fetch Kafka {version}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        fetched.rename(target)


def classpath(version: str = NEWEST, artifacts: tuple[str, ...] = ("kafka_2.13",)) -> str:
    """What `java -cp` wants for these jars."""
    return f"{jars(version, artifacts)}/*"
