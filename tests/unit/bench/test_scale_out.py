"""The figures of tests.bench.scale_out come from what they should: trees of processes, stores after a run, links, events of Spark."""

import json
from typing import Any

import polars as pl

from tests.bench.scale_out.process_cpu import ProcessTicks, parse_ticks, sum_tree
from tests.bench.scale_out.read_load import Loaded, find_middle, find_shares, format_table
from tests.bench.scale_out.spark import compare_links
from tests.bench.scale_out.spark_cluster import parse_events
from tests.bench.scale_out.workers import SyncedStore, find_faults


def test_ticks_of_a_process_are_its_own_and_those_of_its_ended_children() -> None:
    line = "12 (a) b (c)) S 7 12 12 0 -1 4194560 1 2 3 4 100 20 3 1 20 0 1 0 9000 1 2"
    assert parse_ticks(line) == ProcessTicks(7, 124)


def test_a_tree_is_all_that_a_process_has_started() -> None:
    found = {1: ProcessTicks(0, 1), 2: ProcessTicks(1, 10), 3: ProcessTicks(2, 100), 4: ProcessTicks(1, 1000)}
    assert (sum_tree(found, 2), sum_tree(found, 1), sum_tree(found, 9)) == (110, 1111, 0)


def test_a_run_that_is_lost_or_done_twice_is_a_fault() -> None:
    runs = {("a", "SUCCEEDED"): 1, ("a", "INTERRUPTED"): 1, ("b", "SUCCEEDED"): 2}
    store = SyncedStore(runs, {("sync", "succeeded"): 3, ("link", "doing"): 1}, {"a": 5, "b": 5, "c": 4})
    assert find_faults(store, ["a", "b", "c"], 5) == [
        "b succeeded 2 times",
        "c succeeded 0 times",
        "c has 4 of 5 rows",
        "1 jobs link are doing",
    ]


def test_links_of_two_engines_are_compared_pair_by_pair() -> None:
    def pairs(*rows: tuple[str, str, float, str]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=["left_key", "right_key", "weight", "band"], orient="row")

    one = pairs(("1", "a", 9.0, "ACCEPT"), ("2", "b", 8.0, "ACCEPT"), ("3", "c", 2.0, "REVIEW"))
    two = pairs(("1", "a", 9.5, "ACCEPT"), ("2", "b", 8.0, "REVIEW"), ("4", "d", 7.0, "ACCEPT"))
    assert compare_links(one, two) == {
        "pairs in both": 2,
        "pairs in one alone": 2,
        "links in both": 1,
        "links in one alone": 2,
        "bands that differ": 1,
        "weights differ by at most": 0.5,
    }
    assert compare_links(one, one)["links in one alone"] == 0


def test_tasks_are_counted_by_executor() -> None:
    def ended(executor: str, reason: str = "Success") -> dict[str, Any]:
        return {
            "Event": "SparkListenerTaskEnd",
            "Task End Reason": {"Reason": reason},
            "Task Info": {"Executor ID": executor},
            "Task Metrics": {"Executor CPU Time": 1_500_000_000},
        }

    events = [{"Event": "SparkListenerLogStart"}, ended("0"), ended("0"), ended("1"), ended("1", "ExceptionFailure")]
    work = parse_events(json.dumps(event) for event in events)
    assert (work.tasks, work.cpu_s) == ({"0": 2, "1": 1}, {"0": 3.0, "1": 1.5})


def test_rows_are_a_table() -> None:
    rows = [{"n": 1, "rate": 1234}, {"n": 2, "shares": [1, 2]}]
    assert format_table(rows).splitlines() == [
        "| n | rate | shares |",
        "|---|---|---|",
        "| 1 | 1,234 |  |",
        "| 2 |  | [1, 2] |",
    ]


def test_shares_of_places_are_of_all_statements() -> None:
    assert find_shares({"2": 30.0, "primary": 0.0, "1": 90.0}) == {"primary": 0.0, "replica 1": 0.75, "replica 2": 0.25}
    assert find_shares({}) == {}


def test_each_figure_of_several_loads_is_its_own_median() -> None:
    loads = [Loaded(rate, 1.0, 5.0, {"hub": cpu}, 0.5) for rate, cpu in ((100.0, 30.0), (300.0, 10.0), (200.0, 20.0))]
    assert find_middle(loads) == Loaded(200.0, 1.0, 5.0, {"hub": 20.0}, 0.5)
