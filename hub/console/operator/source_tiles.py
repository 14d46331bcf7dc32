"""Sources as tiles: how each does against what it promises. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.console.words import show_instant
from hub.quality.words import show_duration, show_number
from schema.core import Label

GOOD, WATCH, BAD = "good", "watch", "bad"
STATE_WORDS: Mapping[str, Label] = {
    GOOD: Label("Bình thường", "Good"),
    WATCH: Label("Cần xem", "Look at it"),
    BAD: Label("Có sự cố", "Trouble"),
}
RUN_WORDS: Mapping[str, Label] = {
    "RUNNING": Label("Đang chạy", "Running"),
    "SUCCEEDED": Label("Thành công", "Succeeded"),
    "PARTIAL": Label("Một phần", "Partial"),
    "FAILED": Label("Thất bại", "Failed"),
    "DEFERRED": Label("Hoãn", "Deferred"),
    "INTERRUPTED": Label("Bị ngắt", "Interrupted"),
}
MODE_WORDS: Mapping[str, Label] = {
    "SYNC": Label("đọc thay đổi", "changes"),
    "FULL": Label("đọc toàn bộ", "full"),
    "FOLLOW": Label("theo dõi liên tục", "followed"),
    "REPLAY": Label("đọc lại bản ghi bị loại", "replay of rejected rows"),
    "LOOKUP": Label("tra cứu trực tiếp", "look-up"),
}
BAD_RUNS = frozenset({"FAILED", "INTERRUPTED"})
WATCHED_RUNS = frozenset({"PARTIAL", "DEFERRED"})


@dataclass(frozen=True)
class SourcePromise:
    """What a manifest says of its source: title, how old its data may be, and when it is read."""

    title: Label
    max_age_hours: float | None
    schedule: str | None


@dataclass(frozen=True)
class SourceRunRow:
    """A run in a table."""

    number: int
    source: str
    status: Label
    is_bad: bool
    mode: Label | None
    started: str
    seconds: float
    read: int
    changed: int
    rejected: int
    reason: str


@dataclass(frozen=True)
class SourceTile:
    """One source. `age` is that of its oldest stream; `is_late`: older than promised."""

    name: str
    title: Label
    state: str
    age: str
    is_late: bool
    promise: str
    schedule: Label | None
    next_run: str
    last_success: str
    rate: str
    is_paused: bool
    circuit_until: str
    failures: int
    last_run: SourceRunRow | None
    rejected: int
    drift: int
    approvals: int

    @property
    def word(self) -> Label:
        """The state in words."""
        return STATE_WORDS[self.state]


def read_tiles(
    nodes: list[Mapping[str, Any]], promises: Mapping[str, SourcePromise], now: datetime
) -> tuple[SourceTile, ...]:
    """The tiles, those in trouble first."""
    order = (BAD, WATCH, GOOD)
    return tuple(
        sorted(
            (make_tile(node, promises, now) for node in nodes), key=lambda tile: (order.index(tile.state), tile.name)
        )
    )


def make_tile(node: Mapping[str, Any], promises: Mapping[str, SourcePromise], now: datetime) -> SourceTile:
    """The tile of one source."""
    name = node["name"]
    promise = promises.get(name, SourcePromise(Label(name, name), None, None))
    read = [stream["asOf"] for stream in node["streams"]]
    never = not read or None in read
    age = None if never else now - min(datetime.fromisoformat(text) for text in read)
    limit = None if promise.max_age_hours is None else timedelta(hours=promise.max_age_hours)
    is_late = never or (limit is not None and age is not None and age > limit)
    run = read_run(node["lastRun"]) if node["lastRun"] else None
    status = node["lastRun"]["status"] if node["lastRun"] else ""
    is_bad = (bool(node["circuitOpenUntil"]) and not node["isPaused"]) or status in BAD_RUNS or is_late
    waits = node["isPaused"] or node["openDrift"] or node["pendingApprovals"] or status in WATCHED_RUNS
    return SourceTile(
        name=name,
        title=promise.title,
        state=BAD if is_bad else WATCH if waits else GOOD,
        age="chưa đọc trọn vẹn" if age is None else show_duration(int(age.total_seconds())).vi,
        is_late=is_late,
        promise="" if limit is None else show_duration(int(limit.total_seconds())).vi,
        schedule=show_schedule(promise.schedule) if promise.schedule else None,
        next_run=show_instant(node["nextRun"]),
        last_success=show_instant(node["lastSuccess"]),
        rate=show_number(round(run.read / run.seconds)) if run and run.read and run.seconds else "",
        is_paused=node["isPaused"],
        circuit_until=show_instant(node["circuitOpenUntil"]),
        failures=node["failures"],
        last_run=run,
        rejected=node["rejectedRows"],
        drift=node["openDrift"],
        approvals=node["pendingApprovals"],
    )


def show_schedule(cron: str) -> Label:
    """`30 1 * * *` → daily at 01:30; a cron expression of another form as it is written."""
    as_written = Label(cron, cron)
    minute, hour, *others = cron.split() if cron.count(" ") == 4 else ("", "")
    if others != ["*", "*", "*"]:
        return as_written
    if hour == "*" and minute.startswith("*/") and minute[2:].isdecimal():
        return Label(f"mỗi {minute[2:]} phút", f"every {minute[2:]} min")
    if hour == "*" and minute.isdecimal():
        return Label(f"mỗi giờ, vào phút {int(minute):02}", f"hourly, at minute {int(minute):02}")
    if hour.isdecimal() and minute.isdecimal():
        return Label(f"hằng ngày lúc {int(hour):02}:{int(minute):02}", f"daily at {int(hour):02}:{int(minute):02}")
    return as_written


def read_run(node: Mapping[str, Any]) -> SourceRunRow:
    """A run in words."""
    return SourceRunRow(
        number=node["number"],
        source=node["source"],
        status=RUN_WORDS.get(node["status"], Label(node["status"], node["status"])),
        is_bad=node["status"] in BAD_RUNS,
        mode=MODE_WORDS.get(node["mode"], Label(node["mode"], node["mode"])) if node["mode"] else None,
        started=show_instant(node["startedAt"]),
        seconds=node["seconds"],
        read=node["rowsRead"],
        changed=node["rowsAdded"] + node["rowsChanged"] + node["rowsDeleted"],
        rejected=node["rowsRejected"],
        reason=node["reason"] or "",
    )
