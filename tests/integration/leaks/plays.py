# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks with a secret in every place that can hold one. Most stand under names that are on no list."""

from __future__ import annotations

import pathlib
import secrets
import sys
import typing as t

from tests.emulator.fixtures import Emulator
from tests.integration.leaks.canaries import Canaries, spellings
from tests.integration.projects.conftest import LOGIN
from tests.unit.kafka import pki
from tests.unit.onlinefs.support import Home

Task = dict[str, t.Any]

#: Around the random part of a secret: characters that JSON and URLs escape.
HARD = 'a"b\\c/é {} z'
#: Names from the field that end like no password.
FIELD = (
    "aws.secret.access.key",
    "vault.private.key",
    "x.pwd",
    "custom.accesskey",
    "encryption.key",
    "db.pass",
    "http.basic.auth",
    "connection.string",
)


class World:
    """A declaration, a server and a host full of secrets.

    :param folder: an empty directory.
    """

    def __init__(self, emulator: Emulator, folder: pathlib.Path) -> None:
        self.canaries = Canaries()
        self.folder = folder
        self.home = Home(folder / "home")
        new = self.canaries.new
        self.key = new("API key", "canary.{}")
        self._emulator = emulator
        roles = {f"project_{number}": "Data owner" for number in range(1, 5)}
        emulator.add_key(self.key, user="canary", admin=True, roles=roles)
        self._fill_server()
        self._fill_host()

    @property
    def server(self) -> Task:
        """The options of the connection."""
        return {**self._emulator.connection, "api_key": self.key}

    def any_name(self) -> str:
        """A name of a property that is on no list."""
        return f"x{secrets.token_hex(4)}.y{secrets.token_hex(2)}"

    def properties(self, place: str) -> dict[str, str]:
        new = self.canaries.new
        return {
            "bootstrap.servers": "127.0.0.1:1",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": LOGIN.format("hopsworks", new(f"{place}: login")),
            self.any_name(): new(f"{place}: property of any name", HARD),
            **{name: new(f"{place}: {name}") for name in FIELD},
            "schema.registry.url": new(f"{place}: user of a URL", "https://u:{}@registry.example.com/")
            + new(f"{place}: query of a URL", "?access_token={}"),
        }

    def stores(self, place: str) -> dict[str, dict[str, str]]:
        new = self.canaries.new
        identity = pki.issue("leaky", issuer=pki.authority())
        password = new(f"{place}: key password", "k\\{}")
        key = identity.key_pem(password)
        self.canaries.add(f"{place}: private key", key)
        return {
            "truststore": {"path": str(self.folder / "ca.pem"), "password": new(f"{place}: trust store")},
            "keystore": {
                "content": key + identity.pem,
                "password": new(f"{place}: key store", "back\\slash-{}"),
                "key_password": password,
            },
        }

    def kafka(self, place: str) -> Task:
        return {"properties": self.properties(place), **self.stores(place)}

    def projects(self, place: str) -> list[t.Any]:
        jaas = LOGIN.format("two", self.canaries.new(f"{place}: login of a project"))
        own = {"sasl.jaas.config": jaas, self.any_name(): self.canaries.new(f"{place}: property of a project")}
        return ["project_1", {"name": "project_2", "properties": own, **self.stores(f"{place}, project")}]

    def variables(self, place: str) -> dict[str, str]:
        return {name: self.canaries.new(f"{place}: variable") for name in (self.any_name(), "moody", "db_password")}

    def onlinefs(self, place: str, **options: t.Any) -> Task:
        return {
            "home": str(self.home.path),
            "service_version": "3.8",
            "service_manager": "none",
            "probe": "never",
            "verify_consumer_group": False,
            "metrics_url": "",
            "state_dir": str(self.folder / "state"),
            **self.kafka(place),
            "consumer_properties": {self.any_name(): self.canaries.new(f"{place}: consumer property", HARD)},
            **options,
        }

    def _fill_server(self) -> None:
        new = self.canaries.new
        old = {
            "name": "kafka_connector",
            "storageConnectorType": "KAFKA",
            "bootstrapServers": "old.example.com:1",
            "sslTruststorePassword": new("server: trust store"),
            "options": [
                {"name": "sasl.jaas.config", "value": LOGIN.format("old", new("server: login"))},
                {"name": self.any_name(), "value": new("server: option of any name")},
            ],
        }
        self._emulator.control("PUT", "connectors", {"project": "project_1", "connector": old})

    def _fill_host(self) -> None:
        (self.folder / "ca.pem").write_text(pki.authority().pem)
        live = self.home.etc / "onlinefs-kafka.properties"
        live.write_text(f"{live.read_text()}{self.any_name()} = {self.canaries.new('host: property of any name')}\n")


def everything(world: World, place: str) -> list[Task]:
    """Every module, in Ansible's own process and as one of its own, and through async."""
    own_way: Task = {}
    # An interpreter that Ansible cannot recognize as that of the controller.
    python = world.folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    as_module: Task = {"vars": {"ansible_python_interpreter": str(python)}}
    tasks: list[Task] = []
    for number, way in enumerate((own_way, as_module)):
        at = f"{place}, {'as a module' if number else 'in process'}"
        kafka, projects = world.kafka(at), world.projects(at)
        probes = [{"name": "one", **world.kafka(f"{at}, probes")}]
        tasks += [
            {"hopsworks.kafka.kafka_connector": {**world.server, **kafka, "projects": projects}, "register": "done"},
            {"ansible.builtin.debug": {"var": "done"}},
            {"hopsworks.kafka.kafka_connector_info": {**world.server, **kafka, "projects": projects}},
            {"hopsworks.kafka.hopsworks_projects_info": {**world.server, "projects": projects}},
            {"hopsworks.kafka.hopsworks_variable": {**world.server, "variables": world.variables(at)}},
            {"hopsworks.kafka.kafka_probe": {**kafka, "timeout": 1}, "ignore_errors": True},
            {"hopsworks.kafka.kafka_probe": {"probes": probes, "timeout": 1}, "ignore_errors": True},
            {"hopsworks.kafka.kafka_carry_over": _carry_over(world, at), "ignore_errors": True},
        ]
        tasks = [{**way, **task} for task in tasks] if number == 0 else [*tasks[:8], *({**way, **x} for x in tasks[8:])]
    leave: Task = {"state": "left", "accept_unreadable": True}
    tasks += [
        {"hopsworks.kafka.onlinefs_move_info": _move(world, place)},
        {"hopsworks.kafka.onlinefs_move": _stopped(world, place, leave), "register": "left"},
        {"ansible.builtin.debug": {"var": "left"}},
        {"hopsworks.kafka.onlinefs_move_info": _move(world, f"{place}, recorded")},
    ]
    tasks.append({"hopsworks.kafka.onlinefs_config": world.onlinefs(place)})
    projects = world.projects(f"{place}, async")
    kafka = world.kafka(f"{place}, async")
    options = {**world.server, **kafka, "projects": projects}
    tasks.append({"hopsworks.kafka.kafka_connector": options, "async": 60, "poll": 1})
    return tasks


def _carry_over(world: World, place: str) -> Task:
    sides = {side: world.kafka(f"{place}, {side} of carried rows") for side in ("source", "target")}
    return {**sides, "ranges": [{"topic": "orders", "partition": 0, "start": 0, "end": 1}], "timeout": 1}


def _move(world: World, place: str, **options: t.Any) -> Task:
    """The options of a move whose declared Kafka does not answer either."""
    consumer = {world.any_name(): world.canaries.new(f"{place}: consumer property of a move", HARD)}
    kafka = world.kafka(f"{place}, move")
    kafka["properties"]["bootstrap.servers"] = "127.0.0.1:2"
    state = str(world.folder / "moves")
    home = {"home": str(world.home.path), "state_dir": state, "timeout": 1}
    return {**home, **kafka, "consumer_properties": consumer, **options}


def _stopped(world: World, place: str, state: Task) -> Task:
    metrics = world.canaries.new(f"{place}: user of the metrics page, move", "http://u:{}@127.0.0.1:1/m")
    service = {"service_manager": "none", "service_timeout": 1, "metrics_url": metrics}
    return _move(world, place, **service, **state)


def failures(world: World, place: str) -> list[Task]:
    """What is refused, what the server rejects while it quotes it, and a service that tells all."""
    new = world.canaries.new
    jaas = LOGIN.format("u", new(f"{place}: JAAS in the wrong property"))
    base = {**world.server, **world.kafka(place)}
    identity = pki.issue("leaky", issuer=pki.authority())
    world.canaries.add(f"{place}: private key in the wrong place", identity.key_pem())
    wrong: list[Task] = [
        {"truststore": "/etc/kafka/ca.pem"},
        {"keystore": ["/etc/kafka/key.p12"]},
        {"slice": 5},
        {"properties": new(f"{place}: text as properties")},
        {"properties": [new(f"{place}: list as properties")]},
        {"api_key": {"value": new(f"{place}: dictionary as API key")}},
        {"api_key": new(f"{place}: API key that is none", "{}é")},
        {world.any_name(): new(f"{place}: unknown option")},
        {"truststore": {"content": identity.key_pem()}},
        {"keystore": {"path": "/nowhere", "pasword": new(f"{place}: unknown key of a store")}},
        {"keystore": {"content": new(f"{place}: text as a store"), "password": new(f"{place}: its password")}},
        {"projects": [{"name": "project_1", world.any_name(): new(f"{place}: unknown key of a project")}]},
        {"projects": [{"name": "project_1", "keystore": {"content": new(f"{place}: text as a project's store")}}]},
        {"projects": new(f"{place}: text as projects", "a,{}")},
        {"host": None},
    ]
    wrong += [
        {"properties": {**base["properties"], name: jaas}}
        for name in ("security.protocol", "sasl.mechanism", "client.id", "bootstrap.servers", "sasl.jaas.confg")
    ]
    wrong.append({"properties": {**base["properties"], "sasl.jaas.config": f"nonsense {jaas}"}})
    tasks: list[Task] = [{"hopsworks.kafka.kafka_connector": {**base, **options}} for options in wrong]
    kafka = world.kafka(f"{place}, other modules")
    for options in wrong[:4]:
        tasks += [
            {"hopsworks.kafka.kafka_connector_info": {**world.server, **kafka, **options}},
            {"hopsworks.kafka.kafka_probe": {**kafka, **options}},
        ]
    tasks += [
        {"hopsworks.kafka.kafka_carry_over": {**_carry_over(world, place), **options}}
        for options in (
            {"source": new(f"{place}: text as source")},
            {"target": {world.any_name(): new(f"{place}: unknown key of target"), **kafka}},
            {"source": {**kafka, **wrong[4]}},
            {"ranges": [{"topic": "orders", world.any_name(): new(f"{place}: unknown key of a range")}]},
            {"ranges": new(f"{place}: text as ranges")},
        )
    ]
    tasks += [{"hopsworks.kafka.onlinefs_config": world.onlinefs(place, **options)} for options in wrong[:2]]
    tasks += [{"hopsworks.kafka.onlinefs_move_info": _move(world, place, **options)} for options in wrong[:5]]
    misplaced = {
        "keystore": {"path": identity.key_pem()},
        "state": new(f"{place}: text as state", "password={}"),
        "timeout": new(f"{place}: text as a number", "password={}"),
        "topics": [{"name": new(f"{place}: dictionary as a topic")}],
        "service_commands": {"restart": "true", world.any_name(): new(f"{place}: unknown command")},
        "properties": {new(f"{place}: name of a property", "ssl.key.password={}"): {}},
    }
    tasks += [{"hopsworks.kafka.onlinefs_move": _stopped(world, place, {name: misplaced[name]})} for name in misplaced]
    tasks += [
        {"hopsworks.kafka.kafka_probe": {"probes": [new(f"{place}: text as a probe")], "timeout": 1}},
        {"hopsworks.kafka.hopsworks_variable": {**world.server, "variables": new(f"{place}: text as variables")}},
        {"hopsworks.kafka.kafka_probe": {"properties_file": _properties_file(world, place), "timeout": 1}},
        # The server quotes what it was sent.
        {"hopsworks.kafka.kafka_connector": base},
        {"hopsworks.kafka.onlinefs_config": _talking_service(world, place)},
        {
            "hopsworks.kafka.onlinefs_config": world.onlinefs(
                place, metrics_url=new(f"{place}: user of the metrics page", "http://u:{}@127.0.0.1:1/m")
            )
        },
    ]
    return [{**task, "ignore_errors": True} for task in tasks]


def faults(world: World) -> list[dict[str, t.Any]]:
    """Errors of a server that quotes its options in every spelling."""
    quoted = " ".join(spelling for name in FIELD for spelling in spellings(world.canaries.new(f"server: {name}")))
    texts = [f"password={part}" for part in quoted.split()]
    body = {"errorCode": 270136, "usrMsg": f"refused {' '.join(texts)}"}
    return [{"match": {"route": "*/storageconnectors*", "method": "P*"}, "fault": {"status": 400, "body": body}}]


def _properties_file(world: World, place: str) -> str:
    path = world.folder / "client.properties"
    lines = [f"{name}={value}" for name, value in world.properties(f"{place}, file").items()]
    path.write_text("\n".join(lines).replace("\\", "\\\\") + "\n")
    return str(path)


def _talking_service(world: World, place: str) -> Task:
    """A service that prints its arguments and its configuration, in every spelling, and does not start."""
    secret = world.canaries.new(f"{place}: password in a command")
    properties = world.properties(f"{place}, service")
    given = list(properties.values())[3:]
    log = world.home.path / "logs" / "onlinefs.log"
    log.write_text("\n".join(f"ERROR {spelling}" for value in given for spelling in spellings(value)))
    script = world.folder / "service"
    script.write_text(f'#!/bin/sh\necho "$@"; cat {log}; cat {log} >&2; exit 3\n')
    script.chmod(0o755)
    return world.onlinefs(
        place,
        properties=properties,
        service_manager="command",
        service_commands={"restart": f"{script} --token {secret}", "status": f"{script} --token {secret}"},
        service_timeout=1,
    )
