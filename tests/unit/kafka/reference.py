"""The Java platform as the other side of differential tests: one process for all tests, asked line by line."""

from __future__ import annotations

import base64
import pathlib
import shutil
import subprocess
import threading

SOURCE = pathlib.Path(__file__).parent / "java" / "Reference.java"
ANSWER_SECONDS = 30

Field = str | bytes


class ReferenceError(Exception):
    """Java refused; its exception's text."""


class Reference:
    """Java's answers. Start it once and close it."""

    def __init__(self) -> None:
        java = shutil.which("java")
        if java is None:
            raise RuntimeError("these tests compare with the Java platform: install a JDK, 17 or newer, with keytool")
        self.process = subprocess.Popen(
            [java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(SOURCE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
        )

    def close(self) -> None:
        if self.process.stdin and self.process.stdout:
            self.process.stdin.close()
            self.process.stdout.close()
        self.process.wait(timeout=ANSWER_SECONDS)

    def ask(self, command: str, *fields: Field) -> list[bytes]:
        """The fields of Java's answer. A Java that does not answer in time is ended, and the test fails."""
        assert self.process.stdin and self.process.stdout
        request = " ".join([command, *map(_encode, fields)])
        watchdog = threading.Timer(ANSWER_SECONDS, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(f"{request}\n")
            self.process.stdin.flush()
            verdict, *answer = self.process.stdout.readline().split()
        finally:
            watchdog.cancel()
        decoded = [b"" if field == "-" else base64.b64decode(field) for field in answer]
        if verdict != "ok":
            raise ReferenceError(_text(decoded[0]))
        return decoded

    def ask_texts(self, command: str, *fields: Field) -> list[str]:
        return [_text(field) for field in self.ask(command, *fields)]

    def load(self, properties: Field) -> dict[str, str]:
        """A properties text (str) or file (bytes) as Java reads it."""
        command = "load-bytes" if isinstance(properties, bytes) else "load-text"
        answer = self.ask_texts(command, properties)
        return dict(zip(answer[::2], answer[1::2], strict=True))

    def store(self, properties: dict[str, str]) -> bytes:
        """A properties file as Java writes it."""
        return self.ask("store", *(field for pair in properties.items() for field in pair))[0]

    def tokens(self, text: str) -> list[tuple[str, str]]:
        """Kind and text of each token of a JAAS text."""
        answer = self.ask_texts("tokens", text)
        return list(zip(answer[::2], answer[1::2], strict=True))

    def open(self, file: bytes, kind: str, password: str, key_password: str) -> list[tuple[str, bytes, bytes]]:
        """Alias, certificates one after another, key of each entry of a store."""
        answer = self.ask("open", file, kind, password, key_password)
        return [(_text(answer[i]), answer[i + 1], answer[i + 2]) for i in range(0, len(answer), 3)]

    def make(self, kind: str, password: str, key_password: str, entries: list[tuple[str, bytes, bytes]]) -> bytes:
        """A store as Java writes it, of alias, certificate and key (empty for none)."""
        return self.ask("make", kind, password, key_password, *(field for entry in entries for field in entry))[0]


def _encode(field: Field) -> str:
    data = field if isinstance(field, bytes) else field.encode("utf-16-be", "surrogatepass")
    return base64.b64encode(data).decode("ascii") or "-"


def _text(field: bytes) -> str:
    return field.decode("utf-16-be", "surrogatepass")
