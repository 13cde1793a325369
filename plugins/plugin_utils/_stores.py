# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Where the stores of a declaration are on the controller. The same path means the same file for every module."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._plain import plain

Values = t.Dict[str, t.Any]
Variables = t.Mapping[str, t.Any]

_ROLES = ("truststore", "keystore")
#: Options whose items may have stores of their own.
_LISTS = ("projects", "probes")


def find(action: ActionBase, path: str, variables: Variables) -> t.Optional[str]:
    """The file that a path means, decrypted where ansible-vault encrypted it; None where there is none.

    A relative path is looked for as for other tasks, beside the playbook and the role. The declaration stands in
    inventory variables, though, and the playbooks in a collection: so also beside the inventory, and where Ansible was
    started.

    :raises AnsibleError: its vault cannot be opened.
    """
    try:
        found = action._find_needle("files", path)
    except AnsibleError:
        places = [os.path.join(place, path) for place in (*_inventories(variables), os.getcwd())]
        found = next((place for place in places if os.path.isfile(place)), None)
    return None if found is None else str(action._loader.get_real_file(found))


def _inventories(variables: Variables) -> t.List[str]:
    sources = [str(source) for source in variables.get("ansible_inventory_sources") or () if "," not in str(source)]
    return [source if os.path.isdir(source) else os.path.dirname(source) for source in sources]


class WithStores(NormalAction):
    """The action of a module that reads stores where it runs: on the controller they are found as :func:`find` says."""

    def run(self, tmp: t.Optional[str] = None, task_vars: t.Optional[Values] = None) -> Values:
        variables = task_vars or {}
        if self._connection.transport == "local":
            self._task.args = self._located(plain(self._task.args), variables)
        return t.cast("Values", super().run(tmp, variables))

    def _located(self, options: Values, variables: Variables) -> Values:
        found = {name: options[name] for name in _LISTS if isinstance(options.get(name), list)}
        own = {name: [self._item(item, variables) for item in items] for name, items in found.items()}
        return {**self._item(options, variables), **own}

    def _item(self, item: t.Any, variables: Variables) -> t.Any:
        """An item with the paths of its stores made those of files. What is none is left for the module to tell."""
        if not isinstance(item, dict):
            return item
        found = dict(item)
        for role in _ROLES:
            store = item.get(role)
            if isinstance(store, dict) and isinstance(store.get("path"), str) and store["path"]:
                path = find(self, store["path"], variables)
                found[role] = {**store, "path": path or store["path"]}
        return found
