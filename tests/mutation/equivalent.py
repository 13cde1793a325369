"""Mutants that no test can notice, for they change nothing that can be seen: (module, function, change), and why."""

from __future__ import annotations

EQUIVALENT: dict[tuple[str, str, str], str] = {}
