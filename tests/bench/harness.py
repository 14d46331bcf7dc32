"""The harness: rows of figures, targets as ratios to peers, and the two files they are written to."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Part = Mapping[str, Any]
"""What one part measured, as the JSON document has it: date, machine, versions, rows, method, sections."""
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
    """What one part of a run measured."""

    rows: list[Row] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    sections: dict[str, list[str]] = field(default_factory=dict)
    """Tables that are not rows of figures beside peers': the lines of each by its heading."""


def _met(row: Row, target: Target) -> bool:
    base = 1.0 if target.peer is None else row.peers[target.peer]
    return row.hub <= target.ratio * base if target.at_most else row.hub >= target.ratio * base


def write(measured: Mapping[str, Bench], versions_of_peers: Mapping[str, str], order: Sequence[str]) -> None:
    """Write docs/reference/benchmarks.json for machines and docs/reference/benchmarks.md for people: parts not measured now stay as they were."""
    path = ROOT / "docs" / "reference" / "benchmarks.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.exists() else {}
    parts = together(recorded, {name: _part(bench, versions_of_peers) for name, bench in measured.items()}, order)
    path.write_text(json.dumps({"parts": parts}, indent=2) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(page(parts), encoding="utf-8")


def together(recorded: Mapping[str, Part], measured: Mapping[str, Part], order: Sequence[str]) -> dict[str, Part]:
    """The parts that there are, in order, each as it was measured last; one that is in no order is of an older bench."""
    latest = {**recorded, **measured}
    return {name: latest[name] for name in order if name in latest}


def _part(bench: Bench, versions_of_peers: Mapping[str, str]) -> Part:
    versions = {"python": platform.python_version(), **versions_of_peers, **{name: version(name) for name in LIBRARIES}}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "versions": versions,
        "rows": [{**asdict(row), "met": row.met} for row in bench.rows],
        "method": bench.method,
        "sections": bench.sections,
    }


def page(parts: Mapping[str, Part]) -> str:
    """The page for people, of the parts as the JSON document has them."""
    lines = ["# Benchmarks", "", "Written by `make bench`; each table says when it was measured.", ""]
    for part in parts.values():
        measured = f"Measured on {part['date']}; {part['machine']}."
        rows = [_row(document) for document in part["rows"]]
        for table in dict.fromkeys(row.table for row in rows):
            lines += [f"## {table}", "", measured, "", *_table([row for row in rows if row.table == table])]
        for heading, section in part["sections"].items():
            lines += [f"## {heading}", "", measured, "", *section, ""]
    lines += ["## How it is measured", "", *(f"- {line}" for part in parts.values() for line in part["method"]), ""]
    return "\n".join([*lines, *_versions(parts)]) + "\n"


def _row(document: Mapping[str, Any]) -> Row:
    given = {key: value for key, value in document.items() if key not in ("met", "targets")}
    return Row(**given, targets=tuple(Target(**target) for target in document["targets"]))


def _table(rows: Sequence[Row]) -> list[str]:
    peers = list(dict.fromkeys(peer for row in rows for peer in row.peers))
    lines = ["| | unit | hub | " + " | ".join([*peers, "hub ÷ peers"]) + " | target | met |"]
    lines += ["|---|---|--:|" + "--:|" * len(peers) + "---|---|---|", *(_line(row, peers) for row in rows), ""]
    notes = [f"- {row.name}: {row.note}" for row in rows if row.note]
    return [*lines, *notes, ""] if notes else lines


def _versions(parts: Mapping[str, Part]) -> list[str]:
    """A line for each set of versions, with the parts that were measured with it."""
    used: dict[str, list[str]] = {}
    for name, part in parts.items():
        used.setdefault(", ".join(f"{library} {number}" for library, number in part["versions"].items()), []).append(
            name
        )
    return [f"- Versions at {', '.join(names)}: {versions}." for versions, names in used.items()]


def _line(row: Row, peers: list[str]) -> str:
    ratios = ", ".join(f"{row.hub / value:.2f} × {peer}" for peer, value in row.peers.items() if value)
    targets = ", ".join(
        f"{'≤' if t.at_most else '≥'} {t.ratio:g}{f' × {t.peer}' if t.peer else ''}" for t in row.targets
    )
    cells = [
        shown(row.hub, row.unit),
        *(shown(row.peers[peer], row.unit) if peer in row.peers else "" for peer in peers),
    ]
    met = "" if not row.targets else "yes" if row.met else "**no**"
    return f"| {row.name} | {row.unit} | {' | '.join(cells)} | {ratios} | {targets} | {met} |"


def shown(value: float, unit: str = "") -> str:
    """A figure with three digits at least; a rate with five behind the point, since it is the last ones that count."""
    if unit in ("of 1", "F1"):
        return f"{value:.5f}"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, databases in memory (tmpfs), not durable"


def peak_mb() -> float:
    """The most memory that this process had resident, in MB.

    Linux hands the peak of getrusage on to the programs that a process starts: a small program started by a process of
    500 MB says 514 MB there. This one counts the program's own memory alone.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def child(module: str, *arguments: str) -> dict[str, float]:
    """Run a measurement in a process of its own, so that its memory is its own. It prints one JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
