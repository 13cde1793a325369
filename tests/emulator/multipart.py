"""Reads multipart/form-data, of which the standard library has no reader any more."""

from __future__ import annotations

import dataclasses
import re

from tests.emulator.messages import Request

BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
NAME = re.compile(rb'[; ]name="([^"]*)"')


@dataclasses.dataclass
class Form:
    parts: dict[str, bytes]

    def text(self, name: str) -> str:
        return self.parts.get(name, b"").decode("utf-8", "replace")

    def number(self, name: str) -> int:
        """A whole number; -1 for one that is missing or none, as the server reads it."""
        text = self.text(name)
        return int(text) if text.isdigit() else -1

    def file(self, name: str) -> bytes | None:
        return self.parts.get(name)


def form_parts(request: Request) -> Form:
    boundary = BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary is None:
        return Form({})
    parts: dict[str, bytes] = {}
    mark = b"\r\n--" + boundary.group(1).encode()
    for part in (b"\r\n" + request.body).split(mark)[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = NAME.search(head)
        if separator and name is not None:
            parts[name.group(1).decode()] = content
    return Form(parts)
