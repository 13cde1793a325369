# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kafka's Java clients of one release, in one process that answers many questions."""

from __future__ import annotations

import base64
import pathlib
import subprocess
import threading
import typing as t

from tests.kafka import jars

#: What Hopsworks 3.x has, and the newest.
RELEASES = ("3.4.1", jars.NEWEST)
CLIENTS = ("consumer", "producer", "admin")

#: The clients, and what OAuth needs beside them.
_ARTIFACTS = (
    "kafka-clients",
    "com.fasterxml.jackson.core:jackson-databind:2.17.2",
    "com.fasterxml.jackson.datatype:jackson-datatype-jdk8:2.17.2",
    "org.bitbucket.b_c:jose4j:0.9.6",
)
_PROGRAM = pathlib.Path(__file__).parent / "Judge.java"
_SECONDS = 300
#: What is asked within that time.
_AT_ONCE = 200
_END_SECONDS = 10


class Verdict(t.NamedTuple):
    """What a client said to one file: its exceptions, empty where it took the file."""

    refusal: str

    @property
    def accepted(self) -> bool:
        return not self.refusal


class Judge:
    """The clients of one release. Start it once and close it.

    :param token_file: a token that file:// URLs may name.
    """

    def __init__(self, release: str, token_file: pathlib.Path) -> None:
        self.release = release
        self._late = False
        command = [
            jars.java(),
            "-XX:TieredStopAtLevel=1",
            "-Dorg.apache.logging.log4j.level=OFF",
            "-cp",
            jars.classpath(release, _ARTIFACTS),
        ]
        self._process = subprocess.Popen(
            [*command, str(_PROGRAM), token_file.as_uri()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
        )
        #: Its OAuth token endpoint.
        self.token_url = self._line()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def ask(self, questions: t.Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """The verdicts on files, each with the client that reads it. A Java that takes too long is ended."""
        return [
            verdict
            for first in range(0, len(questions), _AT_ONCE)
            for verdict in self._ask(questions[first:][:_AT_ONCE])
        ]

    def _ask(self, questions: t.Sequence[tuple[str, bytes]]) -> list[Verdict]:
        lines = [f"{client} {base64.b64encode(file).decode('ascii') or '-'}\n" for client, file in questions]
        watchdog = threading.Timer(_SECONDS, self._give_up)
        writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
        watchdog.start()
        writer.start()
        try:
            return [_verdict(self._line()) for _line in lines]
        finally:
            watchdog.cancel()

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _write(self, lines: list[str]) -> None:
        assert self._process.stdin
        self._process.stdin.writelines(lines)
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        if not line:
            what = (
                f"did not answer within {_SECONDS} s"
                if self._late
                else f"ended with {self._process.wait(_END_SECONDS)}"
            )
            raise jars.HarnessError(f"The Java clients of Kafka {self.release} {what}")
        return line


def _verdict(line: str) -> Verdict:
    word, _blank, text = line.partition(" ")
    if word == "ok":
        return Verdict("")
    return Verdict(base64.b64decode(text).decode("utf-8") or "refused")
