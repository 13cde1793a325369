# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    KafkaDeclaration,
    KeyStore,
    StoreOption,
    TrustStore,
    declare,
    store_option,
    text,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores.stores import (
    keystore_jks,
    load_keystore,
    load_truststore,
    truststore_jks,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import require_joined
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import find
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin

_MODULE = "hopsworks.kafka.onlinefs_config"
_GROUP_SECONDS = 60


class ActionModule(ActionBase):
    """The part on the controller: reads and checks the stores and ships them as JKS, then has the module run once.

    Where the host has no confluent-kafka, the consumer group is looked at from here, and the module runs a second time
    to make the change final or to take it back.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: t.Any = None, task_vars: t.Optional[t.Dict[str, t.Any]] = None) -> t.Dict[str, t.Any]:
        variables = task_vars or {}
        result = super().run(tmp, variables)
        arguments = to_builtin(self._task.args)
        if "_transaction" in arguments:
            raise AnsibleError(f"{_MODULE}: _transaction is set by the action plugin, not by a task")
        if arguments.get("client_id") is None:
            arguments["client_id"] = f"onlinefs_{variables.get('inventory_hostname', 'host')}"
        try:
            client = self._declaration(arguments, variables)
        except HopsworksKafkaError as error:
            result.update(failed=True, msg=str(error))
            return result
        look = (
            client is not None
            and consumer_groups.available()
            and arguments.get("verify_consumer_group", "auto") != "never"
        )
        if look and not self._task.check_mode:
            arguments["_transaction"] = {"phase": "hold"}
        result.update(self._module(arguments, variables))
        transaction = result.pop("pending", None)
        if not transaction or client is None or result.get("failed"):
            return result
        return self._prove(result, transaction, client, arguments, variables)

    def _declaration(
        self, arguments: t.Dict[str, t.Any], variables: t.Mapping[str, t.Any]
    ) -> t.Optional[KafkaDeclaration]:
        """Put the stores into the arguments as JKS; the consumer's client, if all of it is at hand here."""
        if arguments.get("state", "present") != "present" or not isinstance(arguments.get("properties"), dict):
            return None
        options: t.Dict[str, StoreOption] = {}
        remote = False
        for role in ("truststore", "keystore"):
            given = dict(arguments.pop(role, None) or {})
            if boolean(given.pop("remote_src", None) or False):
                arguments[role] = {**given, "remote_src": True}
                remote = True
            elif given:
                given["path"] = self._local(role, given.get("path"), variables)
                option = store_option(role, given)
                if option is not None:
                    options[role] = option
        if remote:
            for role, option in options.items():
                arguments[role] = _shipped(load_truststore(option) if role == "truststore" else load_keystore(option))
            return None
        client = declare(arguments["properties"], options.get("truststore"), options.get("keystore"))
        arguments["properties"] = dict(client.properties)
        for role, store in (("truststore", client.truststore), ("keystore", client.keystore)):
            if store is not None:
                arguments[role] = _shipped(store)
        consumer = {**client.properties, **(arguments.get("consumer_properties") or {})}
        if "ssl.truststore.location" in consumer or "ssl.keystore.location" in consumer:
            return None
        return dataclasses.replace(client, properties={k: text(k, v) for k, v in consumer.items() if v is not None})

    def _local(self, role: str, path: t.Optional[str], variables: t.Mapping[str, t.Any]) -> t.Optional[str]:
        """The file that a path means on the controller."""
        if not path:
            return None
        remedy = "Check the path; remote_src says that it is one on the managed host"
        try:
            found = find(self, path, variables)
        except AnsibleError as error:
            raise InputError(f"{role} {path}", "its vault cannot be opened on the controller", remedy) from error
        if found is None:
            raise InputError(f"{role} {path}", "there is no such file on the controller", remedy)
        return found

    def _prove(
        self,
        result: t.Dict[str, t.Any],
        transaction: str,
        client: KafkaDeclaration,
        arguments: t.Dict[str, t.Any],
        variables: t.Dict[str, t.Any],
    ) -> t.Dict[str, t.Any]:
        """Look at the consumer group, and make the change final or take it back."""
        asked = result["health"]["group"]
        group = consumer_groups.wait_for_member(client, asked["name"], asked["client_id"], _GROUP_SECONDS)
        try:
            require_joined(group, arguments.get("verify_consumer_group") == "required")
        except HostError as error:
            rollback = {"phase": "roll_back", "id": transaction, "reason": str(error)}
            return self._module({**arguments, "_transaction": rollback}, variables)
        commit = {"phase": "commit", "id": transaction, "group": dataclasses.asdict(group)}
        final = self._module({**arguments, "_transaction": commit}, variables)
        if final.get("failed"):
            return final
        result["health"]["group"] = dataclasses.asdict(group)
        result["generations"] = final["generations"]
        result.setdefault("warnings", []).extend(final.get("warnings", []))
        result.setdefault("warnings", []).extend(group.doubts())
        return result

    def _module(self, arguments: t.Dict[str, t.Any], variables: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
        return dict(self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=variables))


def _shipped(store: t.Union[TrustStore, KeyStore]) -> t.Dict[str, t.Any]:
    content = truststore_jks(store) if isinstance(store, TrustStore) else keystore_jks(store)
    return {"content": base64.b64encode(content).decode("ascii"), "type": "JKS", "password": store.password}
