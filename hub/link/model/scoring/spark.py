"""Spark as the engine: in this process's own machine, or on a cluster.

A cluster gets frames and gives results as Parquet in a folder that all of its machines see. Its executors need Java alone: what
Splink compares by is a jar that Spark hands them, and no Python runs there. Further options come from spark-defaults.conf in
SPARK_CONF_DIR, as for every program of Spark.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from hub.errors import HubMisconfigured
from hub.link.model.render import DIALECTS
from hub.link.model.scoring.backends import Backend

EXECUTORS_WITHIN_S = 60.0
"""A cluster that has no free core, or less memory than an executor needs, says nothing: Spark would wait for good."""
INSTALL = "run: pip install 'cross-sector-hub[spark]', or set HUB_LINK_BACKEND=duckdb"


class Spark(Backend):
    """A Spark session. Frames pass through `folder`, which every machine of a cluster has to see."""

    dialect = DIALECTS["spark"]

    def __init__(self, folder: Path, session: Any, partitions: int) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        # The last is a leftover of a Java process that was killed.
        super().__init__(folder, (PySparkException, Py4JError, ConnectionError))
        self.session = session
        self.partitions = partitions

    @property
    def versions(self) -> dict[str, str]:
        return {"splink": version("splink"), "spark": self.session.version}

    def frame(self, sql: str) -> pl.DataFrame:
        path = self.folder / "out.parquet"
        self.session.sql(sql).write.mode("overwrite").parquet(str(path))
        return pl.read_parquet(path / "*.parquet", memory_map=False)

    def _read(self, name: str, path: Path) -> None:
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)

    def _api(self) -> Any:
        from splink import SparkAPI

        return SparkAPI(
            spark_session=self.session,
            break_lineage_method="persist",
            num_partitions_on_repartition=self.partitions,
        )

    def _clear(self) -> None:
        with suppress(*self.failures):  # what ended the session has been told
            for table in self.session.catalog.listTables():
                self.session.catalog.dropTempView(table.name)
            self.session.catalog.clearCache()
        for path in self.folder.glob("*.parquet"):
            path.unlink() if path.is_file() else shutil.rmtree(path)


@contextmanager
def open_spark_session(scratch: Path, memory_mb: int, threads: int, master: str | None = None) -> Iterator[Spark]:
    """A session with the functions that Splink brings, on the cluster of `master` if it names one. Raises HubMisconfigured if
    pyspark, Java or the cluster is not there."""
    try:
        import pyarrow  # noqa: F401  # Splink takes parameters from Spark as Arrow tables
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError:
        raise HubMisconfigured("HUB_LINK_BACKEND=spark, and pyspark is not installed", next_step=INSTALL) from None
    if not _java():
        raise HubMisconfigured(
            "HUB_LINK_BACKEND=spark, and there is no Java",
            next_step="install Java 17 or newer and set JAVA_HOME, or set HUB_LINK_BACKEND=duckdb",
        )
    if "SPARK_MASTER" in os.environ and not master:
        raise HubMisconfigured(
            "SPARK_MASTER is set, and the hub does not read it", next_step="set HUB_LINK_SPARK_MASTER instead"
        )
    options = {
        "spark.app.name": "hub-link",
        "spark.jars": similarity_jar_location(),
        "spark.driver.memory": f"{memory_mb}m",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.shuffle.partitions": str(2 * threads),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **_place(master, memory_mb, threads),
    }
    session = SparkSession(_context(options))
    engine = Spark(scratch, session, 2 * threads)
    try:
        if master:
            _await_executors(session)
        # It registers the functions that compare: a model that was learned before is applied without a training in this session.
        engine._api()
        yield engine
    finally:
        with suppress(*engine.failures):
            session.stop()


def _place(master: str | None, memory_mb: int, threads: int) -> dict[str, str]:
    """Where Spark runs, and how much it takes there. An executor has 1 GB and the application every core unless told otherwise."""
    if not master:
        return {"spark.master": f"local[{threads}]", "spark.driver.host": "127.0.0.1"}
    return {"spark.master": master, "spark.executor.memory": f"{memory_mb}m", "spark.cores.max": str(threads)}


def _await_executors(session: Any) -> None:
    """Wait until the cluster has given an executor. Raises HubMisconfigured."""
    until = time.monotonic() + EXECUTORS_WITHIN_S
    # The driver counts among those that hold memory.
    while session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > until:
            raise HubMisconfigured(
                f"the Spark cluster gave linking no executor within {EXECUTORS_WITHIN_S:.0f} s",
                next_step="look at the master's page: a worker must be alive, with a free core and HUB_LINK_MEMORY_MB of free memory",
            )
        time.sleep(0.1)


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return Path(home, "bin", "java").exists() if home else shutil.which("java") is not None


def _context(options: dict[str, str]) -> Any:
    """A context whose Java process is silent: Spark writes what it does to the terminal, and its errors hold rows."""
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    conf = SparkConf(loadDefaults=False).setAll(list(options.items()))
    gateway = None
    if SparkContext._gateway is None:  # one Java process serves all sessions of this one
        silence = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        gateway = launch_gateway(conf, popen_kwargs=silence)
    try:
        return SparkContext(conf=conf, gateway=gateway)
    except Py4JError:
        raise HubMisconfigured(
            f"Spark does not start with the master {options['spark.master']}",
            next_step="check HUB_LINK_SPARK_MASTER, e.g. spark://10.0.0.31:7077, and whether this machine reaches it",
        ) from None
