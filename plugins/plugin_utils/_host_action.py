# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is PRIVATE to the collection: it may change at any time.
"""Prepare the stores of a module that runs on the hosts of OnlineFS on the controller."""

from __future__ import annotations

import base64
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.checked_options import refuse_wrong_types
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    KeyStore,
    StoreOption,
    TrustStore,
    declare,
    store_option,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.stores import (
    keystore_jks,
    load_keystore,
    load_truststore,
    truststore_jks,
)
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import locate
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._types import Values, Variables


class HostAction(ActionBase):  # type: ignore[misc]
    """Read and check the stores on the controller, send them as JKS, and run the module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True
    #: The name of the module.
    MODULE = ""
    #: The module has the option ``client_id``.
    NAMES_CLIENT = False

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task."""
        variables = task_vars or {}
        result: Values = super().run(tmp, variables)
        arguments = to_builtin(self._task.args)
        if self.NAMES_CLIENT and arguments.get("client_id") is None:
            arguments["client_id"] = f"onlinefs_{variables.get('inventory_hostname', 'host')}"
        try:
            refuse_wrong_types(kafka_client_arguments(), arguments)
            self._prepare(arguments, variables)
        except HopsworksKafkaError as error:
            return {**result, "failed": True, "msg": str(error)}
        except Exception as error:
            # Not chained: the text of an unexpected exception may hold a password.
            return {**result, **_failed(DefectError(error))}
        return {**result, **self._execute_module(module_name=self.MODULE, module_args=arguments, task_vars=variables)}

    def _prepare(self, arguments: Values, variables: Variables) -> None:
        """Replace the stores in the arguments by JKS.

        :raises HopsworksKafkaError: something in properties and stores cannot work.
        """
        if arguments.get("state") == "reverted" or not isinstance(arguments.get("properties"), dict):
            return
        options: t.Dict[str, StoreOption] = {}
        remote = False
        for role in ("truststore", "keystore"):
            given = dict(arguments.pop(role, None) or {})
            if boolean(given.pop("remote_src", None) or False):
                arguments[role] = {**given, "remote_src": True}
                remote = True
            elif given:
                option = store_option(role, self._local(role, given, variables))
                if option is not None:
                    options[role] = option
        if remote:
            for role, option in options.items():
                arguments[role] = _shipped(load_truststore(option) if role == "truststore" else load_keystore(option))
            return
        client = declare(arguments["properties"], options.get("truststore"), options.get("keystore"))
        arguments["properties"] = dict(client.properties)
        for role, store in (("truststore", client.truststore), ("keystore", client.keystore)):
            if store is not None:
                arguments[role] = _shipped(store)

    def _local(self, role: str, store: Values, variables: Variables) -> Values:
        """Return a store with the file on the controller that its path means."""
        path = store.get("path")
        if not path:
            return store
        remedy = "Check the path. If the file is on the managed host, set remote_src to true"
        try:
            found = locate(self, store, variables)
        except AnsibleError as error:
            raise InputError(f"{role} {path}", "its vault cannot be opened on the controller", remedy) from error
        if found is None:
            raise InputError(f"{role} {path}", "there is no such file on the controller", remedy)
        return found


def _failed(error: DefectError) -> Values:
    return {"failed": True, "msg": str(error), "exception": error.traceback}


def _shipped(store: t.Union[TrustStore, KeyStore]) -> Values:
    """Return a store as the module takes it."""
    content = truststore_jks(store) if isinstance(store, TrustStore) else keystore_jks(store)
    return {"content": base64.b64encode(content).decode("ascii"), "type": "JKS", "password": store.password}
