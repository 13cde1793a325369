# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what Kafka's Java clients can be told, from the ``ConfigDef`` in their jars."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

from tests.conftest import ROOT
from tests.kafka import jars

FILE = ROOT / "plugins" / "module_utils" / "_kafka" / "java_configs.py"
#: The release line that OnlineFS and Spark in Hopsworks use, the last of 3.x, and the newest.
RELEASES = ("3.4.1", "3.9.1", jars.NEWEST)

_PROGRAM = pathlib.Path(__file__).parent / "Configs.java"
_SECONDS = 120
_WIDTH = 121  # with the newline
_LETTERS = {"consumer": "c", "producer": "p", "admin": "a"}
#: Validators of single configurations that print a plain list, and those of them that ignore case.
_OWN_LIST = re.compile(r"\[[a-z_]+(, [a-z_]+)*\]")
_IGNORE_CASE = ("share.acquire.mode",)
_RANGE = re.compile(r"\[([^,\]]*),\.\.\.(?:,([^,\]]*))?\]")

_HEAD = '''# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The configurations that Apache Kafka's Java clients define, of the releases {releases}.

Written by ``python -m tests.configs`` from the ``ConfigDef`` of ``ConsumerConfig``, ``ProducerConfig`` and
``AdminClientConfig``. Do not edit it: a unit test compares it with the jars.
"""

from __future__ import annotations

import typing as t


class Setting(t.NamedTuple):
    """What Kafka defines for one configuration.

    :param kind: its type in the ``ConfigDef``, in lower case; ``password`` where Kafka hides the value.
    :param clients: the clients that know it: ``c`` consumer, ``p`` producer, ``a`` admin.
    :param low: the lowest number that one of the releases accepts; ``high`` the highest. None where there is no bound.
    :param values: the only texts that one of the releases accepts. Empty where there is no such list.
    :param ignore_case: whether ``values`` may be written in upper and lower case.
    :param not_empty: whether the empty text is refused.
    :param since: the first of the releases that knows it; empty if all before ``until`` do.
    :param until: the last of the releases that knows it; empty if the newest does.
    """

    kind: str
    clients: str
    low: t.Optional[float] = None
    high: t.Optional[float] = None
    values: t.Tuple[str, ...] = ()
    ignore_case: bool = False
    not_empty: bool = False
    since: str = ""
    until: str = ""


#: The releases whose clients judge: the line that OnlineFS and Spark in Hopsworks use, and the newest.
OLDEST, NEWEST = "{oldest}", "{newest}"

SETTINGS: t.Dict[str, Setting] = {{
'''


class Definition(t.NamedTuple):
    """One line of Configs.java's output."""

    client: str
    name: str
    kind: str
    validator_class: str
    validator: str


def generate() -> str:
    """The text of the module."""
    found: dict[str, list[Definition]] = {}
    known: dict[str, list[str]] = {}
    for release in RELEASES:
        for definition in definitions(release):
            found.setdefault(definition.name, []).append(definition)
            known.setdefault(definition.name, []).append(release)
    head = _HEAD.format(
        releases=f"{', '.join(RELEASES[:-1])} and {RELEASES[-1]}",
        oldest=_line(RELEASES[0]),
        newest=_line(RELEASES[-1]),
    )
    return head + "".join(_entry(name, found[name], known[name]) for name in sorted(found)) + "}\n"


def definitions(release: str) -> list[Definition]:
    """Every configuration of a release's clients."""
    command = [jars.java(), "-cp", jars.classpath(release, ("kafka-clients",)), str(_PROGRAM)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    return [Definition(*line.split("\t")) for line in done.stdout.splitlines()]


def _line(release: str) -> str:
    """The line of a release: 3.4 of 3.4.1."""
    return ".".join(release.split(".")[:2])


def _entry(name: str, definitions: list[Definition], releases: list[str]) -> str:
    """The lines of one name. It accepts what any client of any release accepts."""
    kinds = {definition.kind.lower() for definition in definitions}
    assert len(kinds) == 1, f"the type of {definitions[0].name} differs between clients or releases"
    clients = {_LETTERS[definition.client] for definition in definitions}
    texts = [_quoted(kinds.pop()), _quoted("".join(letter for letter in "cpa" if letter in clients))]
    low, high = _bounds(definitions)
    texts += [f"low={low}"] if low is not None else []
    texts += [f"high={high}"] if high is not None else []
    values, ignore_case = _values(definitions)
    if values:
        texts.append(f"values=({', '.join(map(_quoted, values))}{',' if len(values) == 1 else ''})")
    texts += ["ignore_case=True"] if ignore_case else []
    texts += ["not_empty=True"] if any("NonEmptyString" in each.validator_class for each in definitions) else []
    texts += [f"since={_quoted(_line(releases[0]))}"] if releases[0] != RELEASES[0] else []
    texts += [f"until={_quoted(_line(releases[-1]))}"] if releases[-1] != RELEASES[-1] else []
    arguments = ", ".join(texts)
    entry = f'    "{name}": Setting({arguments}),\n'
    return entry if len(entry) <= _WIDTH else f'    "{name}": Setting(\n        {arguments}\n    ),\n'


def _quoted(text: str) -> str:
    """Quote a text as the formatter does."""
    return f'"{text}"'


def _bounds(definitions: list[Definition]) -> tuple[str | None, str | None]:
    if any(definition.validator_class != "Range" for definition in definitions):
        return None, None
    lows, highs = [], []
    for definition in definitions:
        match = _RANGE.fullmatch(definition.validator)
        assert match, definition
        lows.append(match.group(1) or None)
        highs.append(match.group(2))
    return _extreme(lows, min), _extreme(highs, max)


def _extreme(bounds: list[str | None], choose: t.Callable[..., str]) -> str | None:
    """The widest of these bounds; None where one of them is open."""
    given = [bound for bound in bounds if bound is not None]
    return choose(given, key=float) if len(given) == len(bounds) else None


def _values(definitions: list[Definition]) -> tuple[list[str], bool]:
    kinds = {definition.validator_class for definition in definitions}
    listing = {"ValidString", "CaseInsensitiveValidString"}
    if not kinds <= listing and not all(_OWN_LIST.fullmatch(each.validator) for each in definitions):
        return [], False
    values: set[str] = set()
    for definition in definitions:
        values.update(definition.validator[definition.validator.index("[") + 1 : -1].split(", "))
    return sorted(values), "CaseInsensitiveValidString" in kinds or definitions[0].name in _IGNORE_CASE
