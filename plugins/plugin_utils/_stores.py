# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Find the stores of a declaration on the controller. The same path means the same file for every module."""

from __future__ import annotations

import base64
import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import to_result
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.stores import MAX_STORE_BYTES
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._types import Values, Variables

_ROLES = ("truststore", "keystore")
#: Options that are lists whose items may have stores of their own.
_LISTS = ("projects", "probes")
#: Options that are dictionaries with stores of their own.
_CLUSTERS = ("source", "target")


def locate(action: ActionBase, store: Values, variables: Variables) -> t.Optional[Values]:
    """Return a store with the path of the file on the controller that its path means; None if there is no such file.

    A file that ansible-vault encrypted is given as content, so that no message names a temporary file.

    :raises AnsibleError: its vault cannot be opened.
    """
    found = find(action, store["path"], variables)
    if found is None:
        return None
    opened = str(action._loader.get_real_file(found))
    if opened == found:
        return {**store, "path": found}
    try:
        content = regular_files.read(opened, MAX_STORE_BYTES)
    except OSError:  # too large: refused where it is used
        return {**store, "path": opened}
    pem = b"-----BEGIN" in content
    text = content.decode("ascii", "replace") if pem else base64.b64encode(content).decode("ascii")
    return {**{name: value for name, value in store.items() if name != "path"}, "content": text}


def find(action: ActionBase, path: str, variables: Variables) -> t.Optional[str]:
    """Return the file that a path means; None if there is none.

    A relative path is looked for as for other tasks, beside the playbook and the role. But the declaration usually is
    in inventory variables, and the playbooks are in a collection: so also beside the inventory, and in the directory in
    which Ansible was started.

    """
    try:
        found = action._find_needle("files", path)
    except AnsibleError:
        candidates = [os.path.join(folder, path) for folder in (*_inventories(variables), os.getcwd())]
        found = next((candidate for candidate in candidates if os.path.isfile(candidate)), None)
    return None if found is None else str(found)


def _inventories(variables: Variables) -> t.List[str]:
    sources = [str(source) for source in variables.get("ansible_inventory_sources") or () if "," not in str(source)]
    return [source if os.path.isdir(source) else os.path.dirname(source) for source in sources]


class ControllerStoresMixin(ActionBase):  # type: ignore[misc]
    """For the action of a module that reads stores where it runs.

    If that is the controller, the paths of the stores are replaced with those that :func:`find` returns.
    """

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task with the stores found."""
        try:
            self._prepare(task_vars or {})
        except InputError as error:
            return self._refused(error)
        return t.cast("Values", super().run(tmp, task_vars))

    def _refused(self, error: InputError) -> Values:
        return {"failed": True, "msg": str(error), "error": to_result(error)}

    def _prepare(self, variables: Variables) -> None:
        """Check and complete the arguments of the task.

        :raises InputError: a text is given instead of a list, which Ansible would split at commas.
        """
        for name in _LISTS:
            if isinstance(self._task.args.get(name), str):
                raise InputError(f"option {name}", "it is a text, not a list", "Give a list, even of a single item")
        if self._connection.transport == "local":
            self._task.args = self._located(to_builtin(self._task.args), variables)

    def _located(self, options: Values, variables: Variables) -> Values:
        lists = {name: options[name] for name in _LISTS if isinstance(options.get(name), list)}
        located: Values = {name: [self._item(item, variables) for item in items] for name, items in lists.items()}
        located.update({name: self._item(options[name], variables) for name in _CLUSTERS if name in options})
        return {**self._item(options, variables), **located}

    def _item(self, item: t.Any, variables: Variables) -> t.Any:
        """Return an item with the paths of its stores replaced. The module refuses what has another shape."""
        if not isinstance(item, dict):
            return item
        replaced = dict(item)
        for role in _ROLES:
            store = item.get(role)
            if isinstance(store, dict) and isinstance(store.get("path"), str) and store["path"]:
                replaced[role] = locate(self, store, variables) or store
        return replaced
