"""A module is described once. Whatever runs it gets a result."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import ModuleTask, Options, RunMode

SECRET = "S3CRET-in-a-text"


def task(run: t.Callable[[Options, RunMode], dict[str, t.Any]]) -> ModuleTask:
    return ModuleTask("some_module", lambda: {"argument_spec": {}}, run)


def test_the_result_is_that_of_the_task() -> None:
    mode = RunMode(check_mode=True, diff=True)
    done = task(lambda options, mode: {"changed": True, "given": (options, mode)}).execute({"a": 1}, mode)
    assert done == {"changed": True, "given": ({"a": 1}, mode)}


def test_an_unexpected_exception_is_a_failure_without_its_text() -> None:
    def broken(options: Options, mode: RunMode) -> dict[str, t.Any]:
        raise KeyError(SECRET)

    done = task(broken).execute({}, RunMode())
    assert done["failed"] and done["msg"].startswith("defect in hopsworks.kafka: KeyError at ")
    assert done["msg"].endswith("Report it together with the traceback that -vvv shows.")
    assert "in broken" in done["exception"]
    assert SECRET not in str(done)


def test_what_ansible_prints_as_it_is_contains_no_control_characters() -> None:
    odd = "a\x1b[2J\x9b\u202e\nb"
    done = task(lambda *_: {"failed": True, "msg": odd, "warnings": [odd]}).execute({}, RunMode())
    assert done == {"failed": True, "msg": "a\\x1b[2J\\x9b\\u202e\nb", "warnings": [done["msg"]]}
