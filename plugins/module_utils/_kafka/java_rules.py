# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Know which properties Kafka's Java clients refuse when they are made: their values, and values that contradict.

The rules are those of ``ConfigDef`` with the clients' own validators, and the checks in the code of the clients, of the
releases :data:`java_configs.OLDEST` and :data:`java_configs.NEWEST`. tests/field compares them with the clients.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from .java_configs import NEWEST, OLDEST, SETTINGS, Setting

RELEASES = (OLDEST, NEWEST)
#: The releases that Hopsworks runs: OnlineFS on its hosts, and Spark.
HOPSWORKS = (OLDEST,)
CLIENTS = "cpa"

#: What Java's ``String.trim`` removes.
BLANKS = "".join(map(chr, range(0x21)))

_NAMES = {"c": "consumers", "p": "producers", "a": "admin clients"}
#: The bits of Java's types.
_BITS = {"short": 16, "int": 32, "long": 64}
_INTEGER = re.compile(r"[+-]?\d{1,40}")
_DOUBLE = re.compile(r"([+-]?)(NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)")
_HEX_DOUBLE = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+[fFdD]?")
_COMMA = re.compile(r"\s*,\s*")
_RESETS = ("latest", "earliest", "none")
_BY_DURATION = "by_duration"
_MAX_INT = 2147483647
_GZIP_LEVELS = (-1, *range(1, 10))
_IDEMPOTENT_IN_FLIGHT = 5
_LINGER = {OLDEST: 0, NEWEST: 5}
_REQUEST_TIMEOUT = 30000
_HEARTBEAT, _SESSION = 3000, 45000
_NEW_GROUPS = ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy")
_SHARE_GROUPS = ("share.acquire.mode", "share.acknowledgement.mode")
_CLASSIC_GROUPS = ("group.remote.assignor",)
#: What Kafka takes for a topic's name, and for a static member's.
_LEGAL = re.compile(r"[a-zA-Z0-9._-]{1,249}")
#: librdkafka's names of what Java names by a class.
_ASSIGNORS = ("range", "roundrobin", "cooperative-sticky", "sticky")
_CLASSES = ("partition.assignment.strategy", "interceptor.classes", "metric.reporters")
_GONE_PARTITIONERS = tuple(
    f"org.apache.kafka.clients.producer.{way}" for way in ("UniformStickyPartitioner", "internals.DefaultPartitioner")
)

Properties = t.Mapping[str, str]


class Refusal(t.NamedTuple):
    """What some clients refuse.

    :param name: the property.
    :param error: the subject, the cause and the remedy.
    :param clients: the clients that refuse it: ``c`` consumers, ``p`` producers, ``a`` admin clients.
    :param releases: the releases whose clients do.
    """

    name: str
    error: InputError
    clients: str
    releases: t.Tuple[str, ...]

    def note(self) -> str:
        """Return it as a warning that names who refuses and who does not."""
        others = [release for release in RELEASES if release not in self.releases]
        who = f"{_who(self.clients)} of Kafka {' and '.join(self.releases)}"
        who += f", not those of {others[0]}, refuse" if others else " refuse"
        return f"{self.error.subject}: {self.error.cause} ({who} it). {self.error.remedy}".rstrip(". ")


def judge(
    properties: Properties, clients: str = "", releases: t.Tuple[str, ...] = RELEASES, whole: bool = True
) -> t.Tuple[str, ...]:
    """Check properties as Java's clients do.

    :param clients: the clients that are to use them. If not given, those that the names belong to, or any.
    :param releases: the releases of these clients.
    :param whole: false if others may still add properties, such as ``group.id``.
    :returns: warnings: what other clients or releases refuse.
    :raises InputError: these clients refuse them, in each of the releases.
    """
    wanted = clients or meant(properties)
    notes = []
    for found in refusals(properties, whole):
        concerned = wanted or SETTINGS[found.name].clients
        if not wanted and not set(concerned) <= set(found.clients):
            concerned = ""
        if set(releases) <= set(found.releases) and set(concerned) & set(found.clients):
            error = found.error
            who = "" if len(found.clients) == len(CLIENTS) else f" ({_who(found.clients)} refuse it)"
            raise InputError(error.subject, f"{error.cause}{who}", error.remedy, error.reason)
        notes.append(found.note())
    return tuple(notes)


def meant(properties: Properties) -> str:
    """Return the clients that the names of properties belong to alone; empty where every name is for all of them."""
    own = {SETTINGS[name].clients for name in properties if name in SETTINGS}
    return "".join(client for client in CLIENTS if client in own)


def refusals(properties: Properties, whole: bool = True) -> t.Iterator[Refusal]:
    """Yield what one of the clients of one of the releases refuses."""
    values = {name: value.strip(BLANKS) for name, value in properties.items()}
    wrong = set()
    for name, value in values.items():
        setting = SETTINGS.get(name)
        if setting is not None:
            for found in _value(name, setting, value):
                wrong.add(name)
                yield found
    sound = {name: value for name, value in values.items() if name not in wrong}
    yield from _consumer(sound, whole)
    yield from _producer(sound)
    yield from _admin(sound)


def _who(clients: str) -> str:
    return "clients" if len(clients) == len(CLIENTS) else " and ".join(_NAMES[client] for client in clients)


def _refusal(
    name: str, cause: str, remedy: str, clients: str = CLIENTS, releases: t.Tuple[str, ...] = RELEASES
) -> Refusal:
    return Refusal(name, InputError(f"property {name}", cause, remedy), clients, releases)


# --- single values ---------------------------------------------------------------------------------------------------


def _known(setting: Setting) -> t.Tuple[str, ...]:
    """Return the releases that know a configuration. Others ignore it."""
    return (OLDEST,) if setting.until else (NEWEST,) if setting.since else RELEASES


def _value(name: str, setting: Setting, value: str) -> t.Iterator[Refusal]:
    releases = _known(setting)

    def refusal(cause: str, remedy: str, of: t.Tuple[str, ...] = releases) -> Refusal:
        return _refusal(name, cause, remedy, setting.clients, of)

    if setting.kind in _BITS or setting.kind == "double":
        cause = _number_fault(name, setting, value)
        if cause:
            yield refusal(*cause)
    elif setting.kind == "boolean" and value.lower() not in ("true", "false"):
        yield refusal("the value is neither true nor false", "Give true or false")
    elif setting.kind == "list" and value:
        if "" in _COMMA.split(value):
            of = releases if name in _CLASSES else (NEWEST,)
            yield refusal("an entry of the list is empty", "Remove the extra comma", of)
    elif setting.kind == "class" and not value:
        yield refusal("no class is named", "Name a class, or omit it")
    elif setting.not_empty and not value:
        yield refusal("the value is empty", "Give a value, or omit it")
    elif name == "auto.offset.reset":
        yield from _reset(value)
    elif setting.values:
        yield from _allowed(name, setting, value, refusal)


def _allowed(name: str, setting: Setting, value: str, refusal: t.Callable[..., Refusal]) -> t.Iterator[Refusal]:
    folded = {text.upper(): text for text in setting.values}
    found = folded.get(value.upper())
    remedy = f"Give one of {', '.join(setting.values)}"
    if found is None or (found != value and not setting.ignore_case):
        yield refusal("Kafka's clients refuse the value", remedy)
    elif name == "security.protocol" and found != value:
        yield refusal("the value must be in capitals", f"Give {found}", (OLDEST,))


def _reset(value: str) -> t.Iterator[Refusal]:
    if value in _RESETS:
        return
    from .durations import is_duration  # noqa: PLC0415  (rarely needed)

    kind, colon, text = value.partition(":")
    if kind != _BY_DURATION or not colon or not is_duration(text):
        remedy = f"Give one of {', '.join(_RESETS)}, or from Kafka 4.0 on by_duration:PnDTnHnMnS"
        yield _refusal("auto.offset.reset", "Kafka's clients refuse the value", remedy, "c")
    else:
        remedy = f"Give one of {', '.join(_RESETS)}"
        yield _refusal("auto.offset.reset", "clients before Kafka 4.0 refuse a duration", remedy, "c", (OLDEST,))


def _number_fault(name: str, setting: Setting, value: str) -> t.Optional[t.Tuple[str, str]]:
    low, high = setting.low, setting.high
    number: float
    if setting.kind == "double":
        plain, in_hex = _DOUBLE.fullmatch(value), _HEX_DOUBLE.fullmatch(value)
        if not plain and not in_hex:
            return "the value is not a number of Kafka's type double", "Give a number"
        digits = value.rstrip("fFdD") if plain and plain.group(2) not in ("NaN", "Infinity") else value
        number = float.fromhex(value.rstrip("fFdD")) if in_hex else float(digits)
    else:
        if not _INTEGER.fullmatch(value):
            return f"the value is not a number of Kafka's type {setting.kind}", "Give a number"
        number = int(value)
        half = 1 << (_BITS[setting.kind] - 1)
        low, high = -half if low is None else low, half - 1 if high is None else high
        if not -half <= number < half:
            high = min(high, half - 1)
    if (low is not None and number < low) or (high is not None and number > high):
        return "Kafka's clients refuse the number", f"Give a number between {low} and {high}"
    if name == "compression.gzip.level" and number not in _GZIP_LEVELS:
        return "Kafka's clients refuse the number", "Give a number between 1 and 9, or -1"
    return None


# --- values that contradict each other -------------------------------------------------------------------------------


def _consumer(values: Properties, whole: bool) -> t.Iterator[Refusal]:
    group = values.get("group.id")
    if values.get("enable.auto.commit", "").lower() == "true" and group is None and whole:
        yield _refusal("enable.auto.commit", "true, and group.id is missing", "Give group.id, or omit it", "c")
    if group == "":
        yield _refusal("group.id", "the value is empty", "Give a name, or omit it", "c", (NEWEST,))
    new_groups = values.get("group.protocol", "").upper() == "CONSUMER"
    for name in _SHARE_GROUPS + (_NEW_GROUPS if new_groups else _CLASSIC_GROUPS):
        if values.get(name):
            protocol = "consumer" if new_groups else "classic (the default)"
            cause = f"it cannot be set where group.protocol is {protocol}"
            yield _refusal(name, cause, "Omit it, or use the other group.protocol", "c", (NEWEST,))
    instance = values.get("group.instance.id", "a")
    if not _LEGAL.fullmatch(instance) or instance in (".", ".."):
        yield _refusal("group.instance.id", "the name is not valid", "Use 1 to 249 letters, digits, dots, _ and -", "c")
    heartbeat, session = values.get("heartbeat.interval.ms"), values.get("session.timeout.ms")
    if group is not None and int(heartbeat or _HEARTBEAT) < 0:
        yield _refusal("heartbeat.interval.ms", "the number is negative", "Give 3000, or omit it", "c")
    elif group is not None and int(heartbeat or _HEARTBEAT) >= int(session or _SESSION):
        named = "heartbeat.interval.ms" if heartbeat else "session.timeout.ms"
        cause = f"heartbeat.interval.ms ({int(heartbeat or _HEARTBEAT)}) must be lower than session.timeout.ms"
        cause += f" ({int(session or _SESSION)})"
        remedy = "Give a third of session.timeout.ms as heartbeat.interval.ms"
        yield _refusal(named, cause, remedy, "c", (OLDEST,) if new_groups else RELEASES)
    assignors = [name for name in _COMMA.split(values.get("partition.assignment.strategy", "")) if name]
    if len(set(assignors)) != len(assignors):
        yield _refusal("partition.assignment.strategy", "a class is named twice", "Name it once", "c", (OLDEST,))
    for name in assignors:
        if name in _ASSIGNORS:
            remedy = "Give the class, such as org.apache.kafka.clients.consumer.RangeAssignor"
            yield _refusal("partition.assignment.strategy", f"{name} is librdkafka's name", remedy, "c")


def _producer(values: Properties) -> t.Iterator[Refusal]:
    yield from _idempotence(values)
    if "delivery.timeout.ms" in values:
        delivery = int(values["delivery.timeout.ms"])
        request = int(values.get("request.timeout.ms", _REQUEST_TIMEOUT))
        short = []
        for release in RELEASES:
            linger = min(int(values.get("linger.ms", _LINGER[release])), _MAX_INT)
            short += [release] if delivery < min(linger + request, _MAX_INT) else []
        if short:
            cause = f"{delivery} is less than linger.ms + request.timeout.ms ({request} ms if not given otherwise)"
            remedy = "Give more, or a lower request.timeout.ms"
            yield _refusal("delivery.timeout.ms", cause, remedy, "p", tuple(short))
    if values.get("transaction.two.phase.commit.enable", "").lower() == "true" and "transaction.timeout.ms" in values:
        cause = "it cannot be set where transaction.two.phase.commit.enable is true"
        yield _refusal("transaction.timeout.ms", cause, "Omit one of them", "p", (NEWEST,))
    if values.get("partitioner.rack.aware", "").lower() == "true" and not values.get("client.rack"):
        yield _refusal("partitioner.rack.aware", "it needs client.rack", "Give client.rack, or omit it", "p", (NEWEST,))
    if values.get("partitioner.class") in _GONE_PARTITIONERS:
        cause = "clients from Kafka 4.0 on do not have this class"
        yield _refusal("partitioner.class", cause, "Omit it", "p", (NEWEST,))


def _idempotence(values: Properties) -> t.Iterator[Refusal]:
    asked = values.get("enable.idempotence", "").lower()
    if asked == "false":
        if "transactional.id" in values:
            cause = "false, and transactional.id needs it"
            yield _refusal("enable.idempotence", cause, "Omit one of them", "p")
        return
    broken = [
        (name, cause, remedy)
        for name, bad, cause, remedy in (
            ("acks", values.get("acks", "all") not in ("all", "-1"), "acks=all", "Set acks to all"),
            ("retries", int(values.get("retries", "1")) == 0, "retries", "Omit it"),
        )
        if bad
    ]
    many = int(values.get("max.in.flight.requests.per.connection", "1")) > _IDEMPOTENT_IN_FLIGHT
    for name, needed, remedy in broken:
        if asked == "true":
            yield _refusal(name, f"enable.idempotence is true and needs {needed}", remedy, "p")
        elif "transactional.id" in values:
            yield _refusal(name, f"transactional.id is given and needs {needed}", remedy, "p")
    if many:
        strict = asked == "true" or "transactional.id" in values
        why = "transactional.id is given" if "transactional.id" in values else f"enable.idempotence is {asked}"
        yield _refusal(
            "max.in.flight.requests.per.connection",
            f"{why if strict else 'enable.idempotence is not false'} and allows {_IDEMPOTENT_IN_FLIGHT} at most",
            "Give a number between 1 and 5",
            "p",
            RELEASES if strict else (NEWEST,),
        )


def _admin(values: Properties) -> t.Iterator[Refusal]:
    if "default.api.timeout.ms" in values:
        least = int(values.get("request.timeout.ms", _REQUEST_TIMEOUT))
        if int(values["default.api.timeout.ms"]) < least:
            cause = f"less than request.timeout.ms ({least})"
            yield _refusal("default.api.timeout.ms", cause, "Give more", "a")
    if values.get("bootstrap.controllers") and values.get("bootstrap.servers"):
        yield _refusal("bootstrap.controllers", "bootstrap.servers is given as well", "Omit it", "a", (NEWEST,))
