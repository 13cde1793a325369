"""Bounded threads, results in order, one resource for each thread."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.fan_out import PerThread, fan_out


@pytest.mark.parametrize("workers", [1, 3, 100])
def test_results_stand_in_the_order_of_items(workers: int) -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    assert fan_out(range(50), work, workers) == [item * item for item in range(50)]
    assert fan_out([], work, workers) == []


def test_as_many_threads_as_allowed_each_with_its_own_resource() -> None:
    resources: list[object] = []
    used: set[tuple[int, int]] = set()
    at_once, most = 0, 0
    lock = threading.Lock()

    def make() -> object:
        resources.append(object())
        return resources[-1]

    def work(item: int) -> None:
        nonlocal at_once, most
        resource = own.get()
        with lock:
            at_once += 1
            most = max(most, at_once)
            used.add((id(resource), threading.get_ident()))
        time.sleep(0.01)
        with lock:
            at_once -= 1

    own = PerThread(make)
    fan_out(range(40), work, 4)
    assert most == 4 and len(resources) == 4 and len(used) == 4


def test_each_result_is_told_once_as_it_comes() -> None:
    told: list[int] = []
    results = fan_out(range(30), lambda item: item, 4, told.append)
    assert sorted(told) == results


def test_a_defect_ends_the_run() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 3:
            raise RuntimeError("defect")
        time.sleep(0.005)

    with pytest.raises(RuntimeError, match="defect"):
        fan_out(range(1000), work, 2)
    assert len(begun) < 20
    with pytest.raises(ZeroDivisionError):
        fan_out([1], lambda item: item, 2, lambda result: 1 // 0)  # type: ignore[arg-type,return-value]
