"""The harness: rows of figures, targets as ratios to peers, and the two files they are written to."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARIES = ("strawberry-graphql", "graphql-core", "sqlalchemy", "psycopg", "polars", "starlette", "uvicorn", "dlt")


@dataclass(frozen=True)
class Target:
    """The hub's figure is at least `ratio` times the peer's; or, with no peer, at least (or at most) `ratio` itself."""

    ratio: float
    peer: str | None = None
    at_most: bool = False


@dataclass(frozen=True)
class Row:
    """One figure of the hub beside its peers', all measured in the same run."""

    table: str
    name: str
    unit: str
    hub: float
    peers: Mapping[str, float]
    targets: tuple[Target, ...] = ()
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return all(_met(self, target) for target in self.targets)


@dataclass
class Bench:
    """What one run measured."""

    rows: list[Row] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    sections: dict[str, list[str]] = field(default_factory=dict)
    """Tables that are not rows of figures beside peers': the lines of each by its heading."""


def _met(row: Row, target: Target) -> bool:
    base = 1.0 if target.peer is None else row.peers[target.peer]
    return row.hub <= target.ratio * base if target.at_most else row.hub >= target.ratio * base


def write(bench: Bench, versions_of_peers: Mapping[str, str]) -> None:
    """Write docs/benchmarks.json for machines and docs/benchmarks.md for people."""
    versions = {
        "python": platform.python_version(),
        **versions_of_peers,
        **{name: version(name) for name in LIBRARIES},
    }
    rows = [{**asdict(row), "met": row.met} for row in bench.rows]
    document = {"date": datetime.now(UTC).date().isoformat(), "versions": versions, "machine": _machine(), "rows": rows}
    document["sections"] = bench.sections
    (ROOT / "docs" / "benchmarks.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (ROOT / "docs" / "benchmarks.md").write_text(page(bench, document), encoding="utf-8")


def page(bench: Bench, document: Mapping[str, object]) -> str:
    """The page for people."""
    lines = ["# Benchmarks", "", f"Written by `make bench` on {document['date']}; {document['machine']}.", ""]
    for table in dict.fromkeys(row.table for row in bench.rows):
        rows = [row for row in bench.rows if row.table == table]
        peers = list(dict.fromkeys(peer for row in rows for peer in row.peers))
        lines += [f"## {table}", "", "| | unit | hub | " + " | ".join(peers) + " | hub ÷ peers | target | met |"]
        lines += ["|---|---|--:|" + "--:|" * len(peers) + "---|---|---|"]
        lines += [_line(row, peers) for row in rows] + [""]
        notes = [f"- {row.name}: {row.note}" for row in rows if row.note]
        lines += [*notes, ""] if notes else []
    for heading, section in bench.sections.items():
        lines += [f"## {heading}", "", *section, ""]
    lines += ["## How it is measured", "", *(f"- {line}" for line in bench.method), ""]
    versions = document["versions"]
    assert isinstance(versions, dict)
    lines += ["Versions: " + ", ".join(f"{name} {number}" for name, number in versions.items()) + "."]
    return "\n".join(lines) + "\n"


def _line(row: Row, peers: list[str]) -> str:
    ratios = ", ".join(f"{row.hub / value:.2f} × {peer}" for peer, value in row.peers.items() if value)
    targets = ", ".join(
        f"{'≤' if t.at_most else '≥'} {t.ratio:g}{f' × {t.peer}' if t.peer else ''}" for t in row.targets
    )
    cells = [shown(row.peers[peer]) if peer in row.peers else "" for peer in peers]
    met = "" if not row.targets else "yes" if row.met else "**no**"
    return f"| {row.name} | {row.unit} | {shown(row.hub)} | {' | '.join(cells)} | {ratios} | {targets} | {met} |"


def shown(value: float) -> str:
    """A figure with three digits at least."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, databases in memory (tmpfs), not durable"


def child(module: str, *arguments: str) -> dict[str, float]:
    """Run a measurement in a process of its own, so that its memory is its own. It prints one JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
