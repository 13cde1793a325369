# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kafka_probe as a whole process: what a test asks for, and what came out."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODULE = ROOT / "plugins" / "modules" / "kafka_probe.py"
SECURITY = "org.apache.kafka.common.security"

Options = dict[str, t.Any]
Description = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One run of the module: its result, how long the process took, and all that it wrote."""

    result: dict[str, t.Any]
    seconds: float
    status: int
    written: str
    stderr: str

    @property
    def failure(self) -> tuple[str, str]:
        """Stage and reason of the first entry that failed."""
        return next((entry["stage"], entry["reason"]) for entry in self.result["stages"] if entry["ok"] is False)

    def entries(self, stage: str) -> list[dict[str, t.Any]]:
        """The entries of a stage."""
        return [entry for entry in self.result["stages"] if entry["stage"] == stage]


def run(options: Options, python: str = sys.executable, more: t.Mapping[str, str] | None = None) -> Outcome:
    """Run the module as Ansible does on a host: a process that reads its options from standard input."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / ".build" / "collections"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **(more or {}),
    }
    began = time.monotonic()
    done = subprocess.run(
        [python, str(MODULE)],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    seconds = time.monotonic() - began
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr
    return Outcome(json.loads(lines[-1]), seconds, done.returncode, done.stdout + done.stderr, done.stderr)


def jaas(description: Description, user: str, mechanism: str, password: str | None = None) -> dict[str, str]:
    """The SASL properties of a user of the tests' broker."""
    secret = password if password is not None else description["users"][user]["password"]
    if mechanism == "OAUTHBEARER":
        module = f"{SECURITY}.oauthbearer.OAuthBearerLoginModule"
        return {
            "sasl.mechanism": mechanism,
            "sasl.jaas.config": f'{module} required clientId="{user}" clientSecret="{secret}";',
            "sasl.oauthbearer.token.endpoint.url": description["tokens"]["url"],
            "sasl.login.callback.handler.class": f"{SECURITY}.oauthbearer.OAuthBearerLoginCallbackHandler",
        }
    module = f"{SECURITY}.{'plain.Plain' if mechanism == 'PLAIN' else 'scram.Scram'}LoginModule"
    return {
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": f'{module} required username="{user}" password="{secret}";',
    }


def store(description: Description, name: str, form: str = "pem", **more: t.Any) -> dict[str, t.Any]:
    """A store option for a certificate of the tests' CA."""
    entry = description["certificates"][name]
    password = {} if form == "pem" else {"password": entry["password"]}
    return {"path": entry[form], **password, **more}


def declared(
    description: Description,
    listener: str,
    mechanism: str = "",
    user: str = "alice",
    password: str | None = None,
    trust: str = "ca",
    keystore: str = "",
    **properties: t.Any,
) -> Options:
    """The options for a listener of the tests' broker; ``properties`` with _ for the dots of their names."""
    given = description["listeners"][listener]
    wanted = {"bootstrap.servers": given["bootstrap"], "security.protocol": given["security_protocol"]}
    if mechanism:
        wanted.update(jaas(description, user, mechanism, password))
    wanted.update({name.replace("_", "."): value for name, value in properties.items()})
    made: Options = {"properties": wanted}
    if wanted["security.protocol"].endswith("SSL"):
        made["truststore"] = store(description, trust)
    if keystore:
        made["keystore"] = store(description, keystore)
    return made


def secrets(options: Options) -> list[str]:
    """What must never be shown: values of the JAAS text, and passwords of stores."""
    found = []
    for name, value in (options.get("properties") or {}).items():
        if name == "sasl.jaas.config":
            found += [part for part in str(value).split('"')[1::2] if "Secret" in part]
    for role in ("truststore", "keystore"):
        found += [value for name, value in (options.get(role) or {}).items() if name in ("password", "key_password")]
    return found
