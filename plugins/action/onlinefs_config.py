# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare the stores of onlinefs_config on the controller, and check the consumer group from there if needed."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import kafka_client_arguments
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.checked_options import refuse_wrong_types
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
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.options import transaction_to_environment
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._stores import find
from ansible_collections.hopsworks.kafka.plugins.plugin_utils._to_builtin import to_builtin

_MODULE = "hopsworks.kafka.onlinefs_config"
#: The number of seconds in which the service must have joined its consumer group.
_GROUP_SECONDS = 60

Values = t.Dict[str, t.Any]
Variables = t.Mapping[str, t.Any]


class ActionModule(ActionBase):  # type: ignore[misc]
    """Read and check the stores on the controller, send them as JKS, and run the module.

    If the host cannot check the consumer group because it has no confluent-kafka, the controller checks it. The module
    then runs a second time to commit the change or to roll it back.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: t.Any = None, task_vars: t.Optional[Values] = None) -> Values:
        """Run the task."""
        variables = task_vars or {}
        result: Values = super().run(tmp, variables)
        arguments = to_builtin(self._task.args)
        if arguments.get("client_id") is None:
            arguments["client_id"] = f"onlinefs_{variables.get('inventory_hostname', 'host')}"
        try:
            refuse_wrong_types(kafka_client_arguments(), arguments)
            client = self._declaration(arguments, variables)
        except HopsworksKafkaError as error:
            return {**result, "failed": True, "msg": str(error)}
        except Exception as error:
            # Not chained: the text of an unexpected exception may hold a password.
            return {**result, **_failed(DefectError(error))}
        checks = client is not None and arguments.get("verify_consumer_group", "auto") != "never"
        hold = checks and consumer_groups.available() and not self._task.check_mode
        result.update(self._module(arguments, variables, {"phase": "hold"} if hold else None))
        transaction = result.pop("pending", None)
        if not transaction or client is None or result.get("failed"):
            return result
        return self._end_change(result, transaction, client, arguments, variables)

    def _declaration(self, arguments: Values, variables: Variables) -> t.Optional[KafkaDeclaration]:
        """Replace the stores in the arguments by JKS, and return the consumer's client.

        Return ``None`` if the controller cannot be that client: for a revert, or if a store is on the host.

        :raises HopsworksKafkaError: something in properties and stores cannot work.
        """
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

    def _local(self, role: str, path: t.Optional[str], variables: Variables) -> t.Optional[str]:
        """Return the file on the controller that a path means."""
        if not path:
            return None
        remedy = "Check the path. If the file is on the managed host, set remote_src to true"
        try:
            found = find(self, path, variables)
        except AnsibleError as error:
            raise InputError(f"{role} {path}", "its vault cannot be opened on the controller", remedy) from error
        if found is None:
            raise InputError(f"{role} {path}", "there is no such file on the controller", remedy)
        return found

    def _end_change(
        self, result: Values, transaction: str, client: KafkaDeclaration, arguments: Values, variables: Variables
    ) -> Values:
        """Check the consumer group, and commit the change or roll it back."""
        try:
            asked = result["health"]["group"]
            group = consumer_groups.wait_for_member(client, str(asked["name"]), str(asked["client_id"]), _GROUP_SECONDS)
            require_joined(group, arguments.get("verify_consumer_group") == "required")
        except Exception as error:
            reason = error if isinstance(error, HopsworksKafkaError) else DefectError(error)
            rollback = {"phase": "roll_back", "id": transaction, "reason": str(reason)}
            return self._module(arguments, variables, rollback)
        commit = {"phase": "commit", "id": transaction, "group": dataclasses.asdict(group)}
        final = self._module(arguments, variables, commit)
        if final.get("failed"):
            return final
        result["health"]["group"] = dataclasses.asdict(group)
        result["generations"] = final["generations"]
        warnings = [*result.get("warnings", []), *final.get("warnings", []), *group.doubts()]
        return {**result, "warnings": warnings} if warnings else result

    def _module(
        self, arguments: Values, variables: Variables, transaction: t.Optional[t.Mapping[str, t.Any]] = None
    ) -> Values:
        """Run the module, for one part of a change if ``transaction`` says so."""
        given = self._task.environment
        if transaction is not None:
            self._task.environment = [*(given or ()), transaction_to_environment(transaction)]
        try:
            return dict(self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=variables))
        finally:
            self._task.environment = given


def _failed(error: DefectError) -> Values:
    return {"failed": True, "msg": str(error), "exception": error.traceback}


def _shipped(store: t.Union[TrustStore, KeyStore]) -> Values:
    """Return a store as the module takes it."""
    content = truststore_jks(store) if isinstance(store, TrustStore) else keystore_jks(store)
    return {"content": base64.b64encode(content).decode("ascii"), "type": "JKS", "password": store.password}
