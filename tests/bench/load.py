"""Load: wrk with 16 connections over a list of request bodies, and pgbench over one statement."""

import json
import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import nan
from pathlib import Path
from statistics import median
from typing import Any

from hub.store.server.server_location import PROGRAMS_FOLDER, WHEEL_PACKAGE

CONNECTIONS = 16

# Requests are made before the load begins, so that the load generator takes little of the time of what it measures.
SCRIPT = """
local requests, n = {}, 0
init = function()
  for line in io.lines("%s") do
    local headers, body = { ["Content-Type"] = "application/json" }, line
    local name, value, rest = body:match("^([%%w-]+): ([^\t]*)\t(.*)$")
    while name do
      headers[name], body = value, rest
      name, value, rest = body:match("^([%%w-]+): ([^\t]*)\t(.*)$")
    end
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end
request = function() n = n %% #requests + 1 return requests[n] end
done = function(summary, latency, _) print("P95 " .. latency:percentile(95)) end
"""


@dataclass(frozen=True)
class Load:
    """What one load gave: requests a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    p95: float = nan


def middle(loads: Sequence[Load]) -> Load:
    """The median of each figure."""
    return Load(
        median(x.rate for x in loads),
        median(x.p50 for x in loads),
        median(x.p99 for x in loads),
        median(x.p95 for x in loads),
    )


def bodies(query: str, variables: Sequence[Mapping[str, Any]]) -> list[str]:
    """A request body for each set of variables."""
    return [json.dumps({"query": query, "variables": dict(given)}) for given in variables]


def with_headers(body: str, headers: Mapping[str, str]) -> str:
    """A request with headers of its own, as a line for `load`: JSON has no tabs outside of its texts, and escapes those in them."""
    return "".join(f"{name}: {value}\t" for name, value in headers.items()) + body


def load(wrk: str, folder: Path, address: str, requests: Sequence[str], seconds: int, *, connections: int = CONNECTIONS) -> Load:  # fmt: skip
    """Send these requests over and over, in a new random order. Raises RuntimeError where an answer is not a 200."""
    sent = folder / "bodies.jsonl"
    sent.write_text("\n".join(random.sample(requests, len(requests))) + "\n", encoding="utf-8")
    script = folder / "load.lua"
    script.write_text(SCRIPT % sent, encoding="utf-8")
    time.sleep(0.3)
    command = [
        wrk,
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "30s",
        "--latency",
        "-s",
        str(script),
        address,
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{address}:\n{text}")
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0])
    p50, p99 = (_ms(re.findall(rf"{p}%\s+([\d.]+)(us|ms|s)", text)[0]) for p in (50, 99))
    return Load(rate, p50, p99, _ms((re.findall(r"P95 ([\d.]+)", text)[0], "us")))


def _ms(found: tuple[str, str]) -> float:
    return float(found[0]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[1]]


def pgbench(program: str, folder: Path, url: str, statement: str, most: int, seconds: int) -> Load:
    """Run a statement as it is prepared, `:n` being a random number from 1 to `most`."""
    script = folder / "pgbench.sql"
    script.write_text(f"\\set n random(1, {most})\n{' '.join(statement.split())};\n", encoding="utf-8")
    command = [program, "-n", "-M", "prepared", f"-c{CONNECTIONS}", "-j1", f"-T{seconds}", "-f", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench: {done.stdout}{done.stderr}")
    average = float(re.findall(r"latency average = ([\d.]+) ms", done.stdout)[0])
    return Load(float(found[1]), average, average)


def find_pgbench() -> str | None:
    """The program of the embedded server's package, or one on the path."""
    spec = find_spec(WHEEL_PACKAGE)
    beside = Path(spec.origin).parent / PROGRAMS_FOLDER / "pgbench" if spec and spec.origin else None
    return str(beside) if beside and beside.exists() else shutil.which("pgbench")


def find_wrk() -> str:
    """The load generator; Debian's package where it is missing and may be installed."""
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"], check=True, stdout=subprocess.DEVNULL
        )
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit(
            "the read benchmark needs wrk. Next step: install it (Debian: sudo apt-get install wrk) and run again"
        )
    return found
