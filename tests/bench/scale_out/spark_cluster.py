"""A standalone cluster of Spark on this machine: a master and workers of one core each, all processes of their own; and what its event log says."""

import importlib.util
import json
import os
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.failover_cluster import await_that, end, find_port

HOST = "127.0.0.1"
CORES_EACH = 1
WITHIN_S = 120.0


@dataclass(frozen=True)
class SparkCluster:
    """A master at `url` with workers; `pids` are of all its processes, `environment` is for programs that use it."""

    url: str
    pids: tuple[int, ...]
    events: Path
    environment: dict[str, str]


@dataclass(frozen=True)
class ExecutorWork:
    """Finished tasks and their CPU in seconds, by executor."""

    tasks: dict[str, int]
    cpu_s: dict[str, float]


def parse_events(lines: Iterable[str]) -> ExecutorWork:
    """What executors did, by Spark's event log: a JSON object a line."""
    tasks: Counter[str] = Counter()
    cpu_s: Counter[str] = Counter()
    for line in lines:
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd" and event["Task End Reason"]["Reason"] == "Success":
            executor = event["Task Info"]["Executor ID"]
            tasks[executor] += 1
            cpu_s[executor] += (event.get("Task Metrics") or {}).get("Executor CPU Time", 0) / 1e9
    return ExecutorWork(dict(tasks), {name: round(seconds, 1) for name, seconds in cpu_s.items()})


def read_events(folder: Path) -> ExecutorWork:
    """The same of all event logs in a folder."""
    return parse_events(line for path in sorted(folder.rglob("*")) if path.is_file() for line in path.open() if line.startswith("{"))  # fmt: skip


@contextmanager
def start_spark_cluster(folder: Path, workers: int, worker_memory_mb: int) -> Iterator[SparkCluster]:
    """Start it, with all files in a folder."""
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home, port, page = Path(spec.origin).parent, find_port(), find_port()
    (folder / "conf").mkdir(parents=True)
    (folder / "events").mkdir()
    defaults = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file://{folder / 'events'}",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.driver.host": HOST,
    }
    (folder / "conf" / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in defaults.items()))  # fmt: skip
    environment = {"SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_IP": HOST}
    own = {**os.environ, **environment, "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m", "SPARK_NO_DAEMONIZE": "1", "SPARK_LOCAL_DIRS": str(folder / "local"), "SPARK_WORKER_DIR": str(folder / "work")}  # fmt: skip
    url = f"spark://{HOST}:{port}"

    def start(stack: ExitStack, name: str, *arguments: str) -> int:
        with (folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen([home / "bin" / "spark-class", *arguments], env=own, stdout=log, stderr=log)
        stack.callback(end, process)
        return process.pid

    def count_alive() -> int:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{page}/json/", timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])
        except OSError:
            return 0

    with ExitStack() as stack:
        pids = [start(stack, "master", "org.apache.spark.deploy.master.Master", "--host", HOST, "--port", port, "--webui-port", page)]  # fmt: skip
        pids += [
            start(stack, f"worker{number}", "org.apache.spark.deploy.worker.Worker", "--host", HOST, "--cores", str(CORES_EACH), "--memory", f"{worker_memory_mb}m", "--webui-port", find_port(), url)
            for number in range(workers)
        ]  # fmt: skip
        await_that(lambda: count_alive() == workers, "Spark's workers", WITHIN_S)
        yield SparkCluster(url, tuple(pids), folder / "events", environment)
