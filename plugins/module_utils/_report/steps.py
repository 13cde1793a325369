# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read the results of the steps: which findings they hold. Every step is a dictionary, as Ansible registered it.

A step that goes through everything does not fail by itself, so ``failed`` says nothing here: a result counts as good
only if it holds what its module returns on success.
"""

from __future__ import annotations

import typing as t

from .findings import Finding, short
from .host_results import StepResult

FindingList = t.List[Finding]

#: In a result that stands for a host which has gone back because another one failed.
WENT_BACK = "went_back"

_RUN_SITE = "Run hopsworks.kafka.site. If it changes nothing, look at the project's error there"


def message(result: StepResult) -> str:
    """Return why a step failed, in one line."""
    error = result.get("error")
    if isinstance(error, t.Mapping) and error.get("message"):
        return short(error["message"])
    return short(result.get("msg") or result.get("module_stderr") or "it returned no message")


def ran(result: t.Optional[StepResult]) -> bool:
    """Return whether a step ran: it was neither skipped nor left out."""
    return bool(result) and not (result or {}).get("skipped")


def of_probe(result: StepResult) -> FindingList:
    """Return the findings of ``kafka_probe``, of one connection or of many."""
    if "ok" not in result:
        return [Finding("Kafka", "", message(result))]
    many = result.get("results")
    if many is None:
        return [_of_stages("Kafka", "", result)] if result["ok"] is not True else []
    found = [_of_stages("project", str(entry["name"]), entry) for entry in many if entry["ok"] is not True]
    if not found and (result["ok"] is not True or not many):
        found.append(Finding("Kafka", "", message(result) if many else "no project's login was checked"))
    return found


def _of_stages(kind: str, subject: str, probed: StepResult) -> Finding:
    failed = next((stage for stage in probed.get("stages") or () if stage.get("ok") is False), None)
    if failed is None:
        return Finding(kind, subject, message(probed))
    at = f" at {failed['target']}" if failed.get("target") else ""
    cause = f"stage {failed['stage']} failed{at}: {failed['reason']}"
    if failed.get("detail"):
        cause += f" ({failed['detail']})"
    return Finding(kind, subject, short(cause), short(failed.get("remedy") or ""))


def of_projects(result: StepResult) -> FindingList:
    """Return the findings of ``kafka_connector``."""
    if "results" not in result:
        return [of_server(result)]
    return _of_errors(result["results"])


def of_clients(result: StepResult, keep: bool = False) -> FindingList:
    """Return the findings of ``kafka_connector_info`` with ``effective``: whose clients do not use the declared Kafka.

    :param keep: connectors that differ from the declaration are left as they are, so that is no finding.
    """
    if "results" not in result:
        return [of_server(result)]
    found = _of_errors(result["results"])
    for entry in result["results"]:
        if entry.get("error") or entry.get("skipped"):
            continue
        name = str(entry["project"])
        effective = entry.get("effective")
        if effective is None:
            found.append(Finding("project", name, "not known which Kafka its clients use", _RUN_SITE))
        elif effective.get("external") is not True:
            found.append(Finding("project", name, "its clients still use the Kafka that Hopsworks manages", _RUN_SITE))
        missing = entry.get("missing_files")
        if missing:
            cause = f"stores of its connector do not exist: {', '.join(missing)}"
            found.append(
                Finding("project", name, short(cause), "Run hopsworks.kafka.projects, which uploads them again")
            )
        if not keep and entry.get("exists") is not False and entry.get("differs"):
            found.append(_differs("project", name, entry["differs"], "projects"))
    return found


def of_variables(result: StepResult) -> FindingList:
    """Return the findings of ``hopsworks_variable``."""
    return [] if "changes" in result else [of_server(result)]


def of_host(name: str, result: StepResult, playbook: str = "") -> FindingList:
    """Return the finding of ``onlinefs_config`` on a host, if it failed or the host was unreachable.

    :param playbook: the one to run again.
    """
    if result.get("unreachable"):
        cause = f"unreachable: {message(result)}"
        return [Finding("host", name, cause, "Check the connection to the host, or leave it out by name with --limit")]
    if "changes" in result:
        return []
    if result.get(WENT_BACK):
        return [Finding("host", name, message(result), "Fix what is wrong with that host, then run it again")]
    if result.get("rolled_back"):
        return [_rolled_back(name, result, playbook or "the playbook")]
    return [Finding("host", name, message(result))]


def _rolled_back(name: str, result: StepResult, playbook: str) -> Finding:
    """Return why a change was taken back, and what to do: it depends on whether the host works as before."""
    reasons = [short(reason) for reason in result.get("reasons") or ()]
    cause = reasons[0] if reasons else message(result)
    if len(reasons) > 1:
        remedy = (
            "The host has its configuration from before, but OnlineFS does not work with that either: repair this host "
            f"first ({reasons[1]}). Then run {playbook} again"
        )
    else:
        remedy = (
            "The host has its configuration from before, so nothing has to be undone. Its error above ends with the "
            f"service's log: fix the cause, then run {playbook} again"
        )
    return Finding("host", name, cause, short(remedy))


def of_host_drift(name: str, result: StepResult) -> FindingList:
    """Return the finding of ``onlinefs_config`` in check mode, where nothing may be left to change."""
    if "changes" in result and (result["changes"] or result.get("actions")):
        return [_differs("host", name, result["changes"], "onlinefs")]
    return of_host(name, result)


def _differs(kind: str, name: str, changes: t.Iterable[StepResult], playbook: str) -> Finding:
    what = ", ".join(dict.fromkeys(str(change["what"]) for change in changes)) or "see its results"
    remedy = f"Run hopsworks.kafka.{playbook}, or run it with --check --diff to see what it would change"
    return Finding(kind, name, short(f"not configured as declared: {what}"), remedy)


def _of_errors(entries: t.Iterable[StepResult]) -> FindingList:
    return [
        Finding(
            "project",
            str(entry["project"]),
            short((entry.get("error") or {}).get("message") or "it failed without a message"),
            short((entry.get("error") or {}).get("remedy") or ""),
        )
        for entry in entries
        if entry.get("error") or entry.get("action") == "failed"
    ]


def of_server(result: StepResult) -> Finding:
    """Return the finding of a task that failed as a whole: Hopsworks gave no good answer, or the input is wrong."""
    given = result.get("error")
    error: StepResult = given if isinstance(given, t.Mapping) else {}
    cause, told = message(result), short(result.get("msg") or "")
    if cause in told:
        # The message also names the option.
        cause = told[: told.index(cause) + len(cause)]
    kind = "Input" if error.get("reason") == "bad_input" else "Hopsworks"
    return Finding(kind, "", cause, short(error.get("remedy") or ""))
