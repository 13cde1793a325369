"""A defect is reported by type, file and line; never by a text or a value."""

from __future__ import annotations

import inspect
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import defects
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.fan_out import fan_out

SECRET = "S3CRET-in-a-text"


def raise_plainly() -> None:
    password = SECRET
    raise ValueError(f"cannot use {password}")


def raise_with_a_cause() -> None:
    try:
        raise_plainly()
    except ValueError as error:
        raise KeyError(SECRET) from error


def raise_after_another() -> None:
    try:
        raise_plainly()
    except ValueError:
        {}[SECRET]


def raise_in_the_collection() -> None:
    def work(item: int) -> None:
        raise_plainly()

    fan_out([1], work, 1)


def recurse(depth: int) -> None:
    if depth == 0:
        raise_plainly()
    recurse(depth - 1)


def raised_by(function: t.Callable[[], None]) -> Exception:
    with pytest.raises(Exception) as raised:
        function()
    return raised.value


def line_of(function: t.Callable[..., None], text: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


def test_where_names_file_line_and_function() -> None:
    number = line_of(raise_plainly, "raise ValueError")
    assert defects.where(raised_by(raise_plainly)) == f"ValueError at common/test_defects.py:{number} in raise_plainly"


def test_where_names_the_line_of_the_collection_rather_than_one_of_a_library() -> None:
    number = line_of(fan_out, "= work(items[index])")
    assert defects.where(raised_by(raise_in_the_collection)) == f"ValueError at _common/fan_out.py:{number} in loop"


def test_where_of_an_exception_that_was_never_raised() -> None:
    assert defects.where(ValueError(SECRET)) == "ValueError"


@pytest.mark.parametrize("function", [raise_with_a_cause, raise_after_another])
def test_the_traceback_shows_the_whole_chain_and_no_text(function: t.Callable[[], None]) -> None:
    lines = defects.traceback_lines(raised_by(function))
    number = line_of(raise_plainly, "raise ValueError")
    assert lines[0] == "ValueError:"
    assert f"  common/test_defects.py:{number} in raise_plainly" in lines
    assert lines[lines.index("which led to") + 1] == "KeyError:"
    assert lines[-1].endswith(f"in {function.__name__}")
    assert SECRET not in "\n".join(lines)


def test_a_suppressed_context_is_left_out() -> None:
    def function() -> None:
        try:
            raise_plainly()
        except ValueError:
            raise KeyError(SECRET) from None

    assert defects.traceback_lines(raised_by(function))[0] == "KeyError:"


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert defects.traceback_lines(first) == ["KeyError:", "which led to", "ValueError:"]


def test_the_innermost_calls_of_a_deep_recursion_are_shown() -> None:
    lines = defects.traceback_lines(raised_by(lambda: recurse(200)))
    assert len(lines) == defects.MAX_FRAMES + 2
    assert lines[1].startswith("  (16") and lines[1].endswith(" calls left out)")
    assert lines[-1].endswith("in raise_plainly")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (
            "/tmp/ansible_x/payload.zip/ansible_collections/hopsworks/kafka/plugins/module_utils/_probe/probe.py",
            "_probe/probe.py",
        ),
        (
            "/home/me/ansible_collections/hopsworks/kafka/plugins/modules/kafka_probe.py",
            "modules/kafka_probe.py",
        ),
        ("/home/me/venv/lib/python3.12/site-packages/requests/sessions.py", "requests/sessions.py"),
        ("/usr/lib/python3/dist-packages/yaml/__init__.py", "yaml/__init__.py"),
        ("/usr/lib/python3.12/json/decoder.py", "json/decoder.py"),
        ("<string>", "<string>"),
    ],
)
def test_paths_are_shown_without_what_depends_on_the_machine(path: str, shown: str) -> None:
    error = raised_by(lambda: exec(compile("1 // 0", path, "exec")))
    assert defects.traceback_lines(error)[-1] == f"  {shown}:1 in <module>"
