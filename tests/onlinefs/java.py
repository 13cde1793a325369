# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Java consumer, built once: build() returns a folder that runs wherever a Java runtime is.

python -m tests.onlinefs.java        builds it and prints the folder
ONLINEFS_HOME=DIR FOLDER/onlinefs    runs it over a home; what else it is given only names the process
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from tests.kafka import jars

HERE = pathlib.Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "onlinefs"
RELEASE = "17"
_COMPILE_SECONDS = 120

#: Started from any place; java takes it from there, so what ends the process ends the service. Its options make a
#: process that starts quickly: the tests start very many.
_LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec java -Xms16m -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \\
  -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$here/classes:$here/lib/*" Consumer "$@"
"""


def build(version: str = jars.NEWEST) -> pathlib.Path:
    """The folder with the consumer, built when it is not there. Raises HarnessError without a Java compiler or Maven.

    :param version: of Kafka's client library.
    """
    source = (HERE / "Consumer.java").read_bytes() + (HERE / "log4j2.properties").read_bytes() + _LAUNCHER.encode()
    target = CACHE / f"{version}-{hashlib.sha256(source).hexdigest()[:12]}"
    if target.is_dir():
        return target
    compiler = shutil.which("javac")
    if not compiler:
        raise jars.HarnessError("No Java compiler here. On Debian: apt-get install openjdk-17-jdk-headless")
    libraries = jars.jars(version, ("kafka-clients",))
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".build-") as scratch:
        made = pathlib.Path(scratch, "onlinefs")
        made.mkdir(mode=0o755)
        classes = ["-d", str(made / "classes"), "-cp", f"{libraries}/*", "--release", RELEASE, "-Xlint:all", "-Werror"]
        subprocess.run([compiler, *classes, str(HERE / "Consumer.java")], check=True, timeout=_COMPILE_SECONDS)
        shutil.copytree(libraries, made / "lib")
        shutil.copy(HERE / "log4j2.properties", made)
        launcher = made / "onlinefs"
        launcher.write_text(_LAUNCHER)
        launcher.chmod(0o755)
        try:
            os.rename(made, target)
        except OSError:
            if not target.is_dir():  # another process may have built it meanwhile
                raise
    return target


if __name__ == "__main__":
    print(build())
