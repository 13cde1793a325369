"""The role in the surroundings that users give it, on a real host."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.hosts.bed import Bed

PLAIN = """\
- hosts: onlinefs
  gather_facts: false
  roles:
    - hopsworks.kafka.onlinefs
"""
CLEARED = """\
- hosts: onlinefs
  gather_facts: true
  tasks:
    - ansible.builtin.meta: clear_facts
    - ansible.builtin.import_role:
        name: hopsworks.kafka.onlinefs
"""
BECOME = """\
- hosts: onlinefs
  gather_facts: false
  become: true
  tasks:
    - ansible.builtin.include_role:
        name: hopsworks.kafka.onlinefs
"""
NESTED = """\
- hosts: onlinefs
  gather_facts: false
  roles:
    - parent
"""
#: A role of the user's that includes this one, and whose own variables this one gets.
PARENT = {
    "defaults/main.yml": "parent_mode: '0600'\n",
    "vars/main.yml": "onlinefs_file_mode: '{{ parent_mode }}'\n",
    "tasks/main.yml": "- ansible.builtin.include_role: {name: hopsworks.kafka.onlinefs}\n",
}

CASES = {
    "pipelining": (PLAIN, {"ANSIBLE_PIPELINING": "true"}),
    "no pipelining": (PLAIN, {"ANSIBLE_PIPELINING": "false"}),
    "facts cleared": (CLEARED, {}),
    "no facts among the variables": (CLEARED, {"ANSIBLE_INJECT_FACT_VARS": "false"}),
    "become of the play": (BECOME, {}),
    "included from another role with its variables": (NESTED, {}),
}


@pytest.fixture(scope="module")
def configured(three: Bed) -> Bed:
    """One host is enough here: the others are left out by --limit."""
    ran = three.play("--limit", "onlinefs1,localhost")
    assert ran.code == 0, ran.output
    return three


@pytest.mark.parametrize("case", CASES)
def test_it_works_in(configured: Bed, case: str, tmp_path: Path) -> None:
    """A change that needs no restart, and then nothing to do."""
    text, environment = CASES[case]
    playbook = tmp_path / "play.yml"
    playbook.write_text(text)
    for name, content in PARENT.items():
        file = tmp_path / "roles/parent" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    host = configured.lab.host("onlinefs1")
    pid, before = configured.pid(host), mode(configured)
    wanted = "0600" if before == 0o640 else "0640"
    variables: dict[str, t.Any] = {"onlinefs_file_mode": wanted}
    if text is NESTED:
        variables = {"parent_mode": wanted}
    how: dict[str, t.Any] = {"playbook": playbook, "environment": environment, **variables}
    changed = configured.play("--limit", "onlinefs1,localhost", **how)
    assert changed.code == 0, changed.output
    assert changed.recap("onlinefs1", "changed") == 1, changed.output
    assert mode(configured) == int(wanted, 8)
    again = configured.play("--limit", "onlinefs1,localhost", **how)
    assert again.code == 0 and again.recap("onlinefs1", "changed") == 0, again.output
    assert configured.pid(host) == pid, "no restart was needed"


def test_without_become_it_says_what_is_missing(configured: Bed, tmp_path: Path) -> None:
    """The login may not read the files of the service: nothing is tried, and the message says what helps."""
    host = configured.lab.host("onlinefs1")
    before = configured.files(host)
    ran = configured.play("--limit", "onlinefs1,localhost", onlinefs_become=False, onlinefs_file_mode="0600")
    assert ran.code != 0
    assert "become: true" in ran.output, ran.output
    assert "Traceback" not in ran.output
    assert configured.files(host) == before


def test_secrets_are_not_in_the_journal(configured: Bed) -> None:
    """Every module tells the system's log what it was called with; there the password is masked."""
    host = configured.lab.host("onlinefs1")
    journal = host.run("journalctl", "--no-pager", "--output=cat")
    assert "onlinefs_config" in journal, "the module's call is not where it is looked for"
    assert configured.kafka["users"]["alice"]["password"] not in journal


def mode(bed: Bed) -> int:
    return bed.files(bed.lab.host("onlinefs1"))["onlinefs-kafka.properties"][1]
