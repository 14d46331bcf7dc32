"""CPU of trees of processes, as the system counts it in /proc: of a `hub serve` with its processes, of a PostgreSQL with its backends."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessTicks:
    """A process: its parent, and the clock ticks that it and its children that have ended took."""

    parent: int
    ticks: int


def parse_ticks(line: str) -> ProcessTicks:
    """Read /proc/PID/stat. The command stands in parentheses and may hold spaces and parentheses itself."""
    fields = line.rpartition(")")[2].split()
    return ProcessTicks(int(fields[1]), sum(int(field) for field in fields[11:15]))


def sum_tree(processes: Mapping[int, ProcessTicks], root: int) -> int:
    """The ticks of a process and all that it has started, the ended ones included: a parent inherits what they took."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid, process in processes.items():
        children[process.parent].append(pid)
    due, ticks = [root], 0
    while due:
        pid = due.pop()
        ticks += processes[pid].ticks if pid in processes else 0
        due += children[pid]
    return ticks


def read_processes() -> dict[int, ProcessTicks]:
    """All processes of this machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = parse_ticks(path.read_text())
        except (OSError, ValueError):
            continue  # it has just ended
    return found


def read_cpu_s(trees: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """Name → seconds of CPU of the trees that begin at these processes."""
    processes = read_processes()
    return {name: sum(sum_tree(processes, root) for root in roots) / TICKS_PER_S for name, roots in trees.items()}


def subtract(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was taken between two readings."""
    return {name: seconds - before[name] for name, seconds in after.items()}
