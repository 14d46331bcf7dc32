"""Linking by the model on a cluster of Spark beside DuckDB in one process: the same links, their time, and what each executor did.

The data are those of tests.bench.linking_million. DuckDB learns a model; Spark links by the same one, as the hub does with a model that is stored,
or learns its own.
"""

import json
import os
import sys
import time
from pathlib import Path
from unittest.mock import patch

import polars as pl

from hub.link.model.scoring.decide import PairBand
from tests.bench.harness import child
from tests.bench.linking_million import sides
from tests.bench.scale_out.process_cpu import read_cpu_s, subtract
from tests.bench.scale_out.spark_cluster import CORES_EACH, read_events, start_spark_cluster

WORKERS = 2
DUCKDB, SPARK = "DuckDB", "Spark"
SHOWN = {"features_s": "features s", "training_s": "training s", "scoring_s": "scoring s"}


def compare_links(one: pl.DataFrame, two: pl.DataFrame) -> dict[str, float]:
    """Pairs by band in both, in one alone, and the greatest difference of a weight. Frames have left_key, right_key, weight, band."""
    both = one.join(two, on=["left_key", "right_key"], how="full", coalesce=True)
    accepted = [(pl.col(name) == PairBand.ACCEPT).fill_null(False) for name in ("band", "band_right")]
    apart = (pl.col("weight") - pl.col("weight_right")).abs().max()
    return {
        "pairs in both": both.drop_nulls(["band", "band_right"]).height,
        "pairs in one alone": both.filter(pl.col("band").is_null() | pl.col("band_right").is_null()).height,
        "links in both": both.filter(accepted[0] & accepted[1]).height,
        "links in one alone": both.filter(accepted[0] != accepted[1]).height,
        "bands that differ": both.filter(pl.col("band") != pl.col("band_right")).height,
        "weights differ by at most": both.select(apart).item() or 0.0,
    }


def measure(folder: Path, *, rows: int, memory_mb: int, learns: bool) -> list[dict[str, object]]:
    """A row for each engine, and one that compares. Raises AssertionError if a worker ran no task, or a link is of one engine alone."""
    made = folder / "sides"
    register, parties = sides(made, rows)
    found: list[dict[str, object]] = []

    def link(engine: str, environment: dict[str, str]) -> dict[str, float]:
        began = time.monotonic()
        with patch.dict(os.environ, {**environment, "HUB_LINK_MEMORY_MB": str(memory_mb), "HUB_LINK_THREADS": str(WORKERS * CORES_EACH)}):  # fmt: skip
            model = folder / f"{engine if learns else DUCKDB}.model"
            figures = child("tests.bench.linking_million_run", str(made), str(folder / f"{engine}.parquet"), str(model))
        return {**figures, "seconds": time.monotonic() - began}

    def note(engine: str, figures: dict[str, float], **more: object) -> None:
        steps = {shown: round(figures[name], 1) for name, shown in SHOWN.items()}
        counts = {"accepted": figures["accepted"], "of these right": figures["right"], "of": figures["linkable"]}
        found.append({"engine": engine, "parties": parties, "citizens": register, "all s": round(figures["seconds"], 1), **steps, **counts, "peak MB of the hub": round(figures["peak_mb"]), **more})  # fmt: skip
        print(json.dumps(found[-1], ensure_ascii=False), file=sys.stderr, flush=True)

    note(DUCKDB, link(DUCKDB, {"HUB_LINK_BACKEND": "duckdb"}))
    with start_spark_cluster(folder / "cluster", WORKERS, memory_mb + 512) as cluster:
        before = read_cpu_s({"cluster": cluster.pids})
        figures = link(SPARK, {**cluster.environment, "HUB_LINK_BACKEND": "spark", "HUB_LINK_SPARK_MASTER": cluster.url})  # fmt: skip
        spent = subtract(read_cpu_s({"cluster": cluster.pids}), before)
        work = read_events(cluster.events)
    note(SPARK, figures, **{"tasks by executor": work.tasks, "CPU s by executor": work.cpu_s, "CPU s of the cluster": round(spent["cluster"], 1)})  # fmt: skip
    compared = compare_links(*(pl.read_parquet(folder / f"{engine}.parquet") for engine in (DUCKDB, SPARK)))
    found.append({"engine": f"{SPARK} beside {DUCKDB}", **compared})
    assert len(work.tasks) == WORKERS, work
    assert not compared["links in one alone"], compared
    return found
