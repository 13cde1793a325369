"""A module run by Ansible returns the same on the controller, without a process of its own, and as a module."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import MASK

from tests.conftest import ROOT
from tests.integration.projects.conftest import LOGIN, RUN_SECONDS, Modules, environment, sasl

MODULE_FILE = "Using module file"
VAULT_PASSWORD = "opens-the-vault"
#: ansible-core up to 2.20 always returns the arguments of a module, later ones only on request.
INVOCATION = "inject_invocation" not in PASS_VARS


class Played(t.NamedTuple):
    result: dict[str, t.Any]
    output: str

    @property
    def as_module(self) -> bool:
        return MODULE_FILE in self.output


def play(
    modules: Modules,
    folder: pathlib.Path,
    *arguments: str,
    module: str = "kafka_connector",
    another_python: bool = False,
    **task: t.Any,
) -> Played:
    """Run one task, whether it succeeds or fails."""
    return play_all(modules, folder, [(module, task)], *arguments, another_python=another_python)[0]


def play_all(
    modules: Modules,
    folder: pathlib.Path,
    given: t.Sequence[tuple[str, dict[str, t.Any]]],
    *arguments: str,
    another_python: bool,
) -> list[Played]:
    """Run a play whose tasks succeed or fail.

    :param given: ``[(module, its options as "options", and other keywords of its task), …]``.
    """
    interpreter = other_python(folder) if another_python else sys.executable
    tasks: list[dict[str, t.Any]] = []
    for number, (module, keywords) in enumerate(given):
        server = {} if module == "kafka_probe" else modules.emulator.connection
        properties = {} if module == "hopsworks_variable" else {"properties": sasl()}
        task = {"name": f"case {number}", "register": f"done_{number}", "ignore_errors": True, **keywords}
        task[f"hopsworks.kafka.{module}"] = {**server, **properties, **task.pop("options", {})}
        tasks.append(task)
    results = ", ".join(f"done_{number}" for number in range(len(tasks)))
    copied = {
        "ansible.builtin.copy": {"content": f"{{{{ [{results}] | to_json }}}}", "dest": f"{folder}/done.json"},
        "name": "results",
        "check_mode": False,
        "diff": False,
        "vars": {"ansible_python_interpreter": sys.executable},
    }
    playbook = folder / "play.yml"
    text = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, copied]}])
    playbook.write_text(text.replace('"VAULTED"', vaulted()))
    (folder / "vault").write_text(VAULT_PASSWORD)
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    inventory = ["-c", "local", "-i", "localhost,", "-e", f"ansible_python_interpreter={interpreter}"]
    done = subprocess.run(
        [program, *inventory, "-vvv", *arguments, playbook],
        env={
            **environment(),
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "vault"),
        },
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    outputs = re.split(r"^TASK \[(?:case \d+|results)\]", output, flags=re.MULTILINE)[1:-1]
    read = json.loads((folder / "done.json").read_text())
    return [Played(*each) for each in zip(read, outputs, strict=True)]


def other_python(folder: pathlib.Path) -> str:
    """Return an interpreter that Ansible cannot recognize as that of the controller."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)


def vaulted() -> str:
    """Return credentials as ansible-vault encrypts them: a YAML scalar with its tag, on one line."""
    secret = VaultSecret(VAULT_PASSWORD.encode())
    text = VaultLib([("default", secret)]).encrypt(LOGIN.format("vaulted", "correct-horse"), secret).decode()
    return "!vault " + json.dumps(text)


def shown(output: str) -> dict[str, t.Any]:
    """Return the result as the default callback shows it."""
    text = re.split(r"(?:changed|ok|failed|fatal): \[localhost\]:? (?:FAILED! )?=> ", output, maxsplit=1)[1]
    result: dict[str, t.Any] = json.JSONDecoder().raw_decode(text)[0]
    return result


def invocation(output: str) -> dict[str, t.Any]:
    """Return the module's arguments; a registered result never has them, but they are shown at -vvv."""
    return t.cast("dict[str, t.Any]", shown(output).get("invocation", {}))


def test_both_ways_predict_and_do_the_same(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    here = play(hopsworks, tmp_path, "--check", "--diff")
    module = play(hopsworks, tmp_path, "--check", "--diff", another_python=True)
    assert not here.as_module and module.as_module
    assert here.result == module.result
    assert here.result["changed"] and here.result["diff"] and not hopsworks.writes()
    assert [invocation(played.output) for played in (here, module)] == [invocation(module.output)] * 2
    if INVOCATION:
        assert invocation(here.output)["module_args"]["api_key"] == MASK
    assert "correct-horse" not in here.output
    done = play(hopsworks, tmp_path)
    assert done.result["counts"]["created"] == 4 and not done.as_module
    again = play(hopsworks, tmp_path, another_python=True)
    assert not again.result["changed"] and again.as_module


REFUSED: list[dict[str, t.Any]] = [
    {"state": "gone"},
    {"no_such_option": 1},
    {"truststore": {"type": "PEM"}},
    {"projects": "project_1,project_2"},
    {"keystore": "text"},
    {"projects": ["nobodys"]},
    {"api_key": "wrong.key0123456789"},
    {"properties": {"security.protocol": "NONE"}},
]


def both_ways(
    modules: Modules, folder: pathlib.Path, cases: t.Sequence[tuple[str, dict[str, t.Any]]], *arguments: str
) -> t.Iterator[tuple[Played, Played]]:
    """Run the cases, ``[(module, options), …]``, on the controller and as modules: two plays for all of them."""
    given = [(module, {"options": options}) for module, options in cases]
    here, elsewhere = (
        play_all(modules, folder, given, *arguments, another_python=another_python) for another_python in (False, True)
    )
    return zip(here, elsewhere, strict=True)


def test_both_ways_refuse_alike(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    cases = [("kafka_connector", options) for options in REFUSED]
    for options, (here, module) in zip(REFUSED, both_ways(hopsworks, tmp_path, cases), strict=True):
        assert here.result["failed"] and here.result["msg"], options
        assert here.result == module.result, options


CASES: list[tuple[str, dict[str, t.Any]]] = [
    ("kafka_connector", {"name": "not_the_default"}),  # which comes with a warning
    ("kafka_connector_info", {"effective": True}),
    ("kafka_connector_info", {"projects": ["nobodys"]}),
    ("hopsworks_variable", {"variables": {"enable_bring_your_own_kafka": True, "mood": "fine"}}),
    ("hopsworks_variable", {"variables": "mood=fine"}),
    ("hopsworks_variable", {"host": None}),
    ("kafka_probe", {"properties": {"bootstrap.servers": "127.0.0.1:1"}, "timeout": 2}),
    ("kafka_probe", {"until": "config", "groups": ["g"]}),
    ("kafka_probe", {"probes": [{"name": "one", "properties": {"x.y": "z"}}], "until": "config", "topics": [{}]}),
    ("kafka_probe", {"timeout": 0}),
    ("kafka_probe", {"properties": None}),
]


def test_every_module_runs_both_ways(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    played = both_ways(hopsworks, tmp_path, CASES, "--check", "--diff")
    for case, (here, elsewhere) in zip(CASES, played, strict=True):
        assert not here.as_module and elsewhere.as_module, case
        assert untimed(here.result) == untimed(elsewhere.result), case
        assert untimed(shown(here.output)) == untimed(shown(elsewhere.output)), case
        assert here.result["failed"] or "changed" in here.result, case
        assert here.result.get("warnings") or case[0] != "kafka_connector"


def untimed(value: t.Any) -> t.Any:
    """Return a value without what takes another time in each run."""
    if isinstance(value, dict):
        return {key: untimed(item) for key, item in value.items() if key != "ms"}
    if isinstance(value, list):
        return [untimed(item) for item in value]
    return re.sub(r" +(\d+ )?", " ", value) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "task",
    [{"environment": {"SOME_PROXY": "http://proxy.example.com"}}, {"async": 30, "poll": 1}],
    ids=lambda task: next(iter(task)),
)
def test_what_belongs_to_a_process_gets_one(hopsworks: Modules, tmp_path: pathlib.Path, task: dict[str, t.Any]) -> None:
    played = play(hopsworks, tmp_path, **task)
    assert played.as_module and played.result["changed"]


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user without a password")
def test_another_user_gets_a_process(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    become = {"become": True, "become_method": "ansible.builtin.su"}
    assert play(hopsworks, tmp_path, **become).as_module


@pytest.mark.parametrize("another_python", [False, True], ids=["here", "module"])
def test_values_from_a_vault(hopsworks: Modules, tmp_path: pathlib.Path, another_python: bool) -> None:
    own = [{"name": "project_2", "properties": {"sasl.jaas.config": "VAULTED"}}, "project_1"]
    options = {"properties": {**sasl(), "sasl.jaas.config": "VAULTED"}, "projects": own}
    played = play(hopsworks, tmp_path, another_python=another_python, options=options)
    assert played.result["counts"]["created"] == 2, played.output
    for name in ("project_1", "project_2"):
        connector = hopsworks.emulator.connector(name)
        given = {option["name"]: option["value"] for option in connector["options"]}
        assert given["sasl.jaas.config"] == LOGIN.format("vaulted", "correct-horse")
