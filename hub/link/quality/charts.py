"""The charts of the quality page, as SVG. Vietnamese first, English beside it."""

import math
from collections.abc import Mapping, Sequence

from hub.link.evaluate.svg import GRID, INK, SOFT, Scale, draw_box, draw_dot, draw_line, draw_picture, draw_text
from hub.link.quality.estimate import ShareEstimate
from hub.link.quality.report import Stratum

WIDTH = 960
LABELS, BARS = 330, 720
ROW, TOP = 22, 92
LONGEST_LABEL = 50
BLUE, AMBER, RED = "#0072b2", "#e69f00", "#c8102e"
PROGRESS: Mapping[str, tuple[str, str, str]] = {
    "right": (BLUE, "đúng", "right"),
    "wrong": (RED, "sai", "wrong"),
    "unsettled": (AMBER, "chưa ngã ngũ", "unsettled"),
    "waiting": ("#e6e9ed", "chờ trả lời", "waiting"),
}
"""Parts of the sample in the order of the bars: colour, Vietnamese, English."""


def draw_precision(title: str, groups: Mapping[str, ShareEstimate | None], target: float) -> str:
    """Estimated precision of each group with its interval, on an axis that begins below the lowest bound; the target in red."""
    known = {label: one for label, one in groups.items() if one is not None}
    lowest = min((one.low for one in known.values()), default=0.9)
    scale = Scale(min(math.floor(lowest * 20) / 20, 0.95), 1.0, LABELS, BARS)
    bottom = TOP + ROW * len(known) + 4
    shapes = [
        draw_text(16, 26, title, size=16, bold=True),
        draw_text(
            16, 48, "Điểm: ước lượng; vạch: khoảng tin cậy 95 %. / Dot: estimate; line: 95 % interval.", size=11, colour=SOFT
        ),
        draw_text(16, 65, f"Vạch đỏ: mục tiêu {_percent(target)}. / Red line: target {_percent(target)}.", size=11, colour=SOFT),
        draw_text(WIDTH - 16, TOP - 8, "số trả lời / answers", size=10, anchor="end", colour=SOFT),
    ]  # fmt: skip
    for at in range(6):
        tick = scale.low + at * (scale.high - scale.low) / 5
        shapes += [
            draw_line(scale(tick), TOP - 4, scale(tick), bottom, GRID),
            draw_text(scale(tick), bottom + 16, _percent(tick), size=10, anchor="middle", colour=SOFT),
        ]
    shapes.append(draw_line(scale(target), TOP - 4, scale(target), bottom, RED))
    for at, (label, one) in enumerate(known.items()):
        shapes += _interval(label, one, TOP + at * ROW, scale, below=one.high < target)
    return draw_picture(WIDTH, bottom + 30, title, shapes)


def _interval(label: str, one: ShareEstimate, y: float, scale: Scale, *, below: bool) -> list[str]:
    colour, middle = RED if below else BLUE, y + 10
    tip = f"{_percent(one.share)} ({_percent(one.low)}–{_percent(one.high)})"
    return [
        draw_text(LABELS - 12, y + 14, _short(label), anchor="end"),
        draw_line(scale(one.low), middle, scale(one.high), middle, colour, 2),
        draw_dot(scale(one.share), middle, colour, tip),
        draw_text(BARS + 12, y + 14, tip, colour=RED if below else INK, size=11),
        draw_text(WIDTH - 16, y + 14, f"{one.answered:,}", anchor="end", size=11, colour=SOFT),
    ]


def draw_progress(title: str, groups: Mapping[str, Sequence[Stratum]]) -> str:
    """What became of the links drawn of each group."""
    most = max((sum(one.drawn for one in strata) for strata in groups.values()), default=1) or 1
    scale = Scale(0, most, LABELS, BARS)
    shapes = [draw_text(16, 26, title, size=16, bold=True)]
    for at, (colour, vi, en) in enumerate(PROGRESS.values()):
        x = 16 + at * 210
        shapes += [draw_box(x, 42, 11, 11, colour), draw_text(x + 16, 52, f"{vi} / {en}", size=11, colour=SOFT)]
    shapes.append(draw_text(WIDTH - 16, TOP - 8, "đã trả lời / answered", size=10, anchor="end", colour=SOFT))
    for at, (label, strata) in enumerate(groups.items()):
        y, begin = TOP + at * ROW, 0
        shapes.append(draw_text(LABELS - 12, y + 14, _short(label), anchor="end"))
        for name, (colour, vi, en) in PROGRESS.items():
            count = sum(getattr(one, name) for one in strata)
            if count:
                width = scale(begin + count) - scale(begin)
                shapes.append(draw_box(scale(begin), y + 2, width, ROW - 6, colour, f"{vi} / {en}: {count:,}"))
            begin += count
        answered = begin - sum(one.waiting for one in strata)
        shapes.append(draw_text(WIDTH - 16, y + 14, f"{answered:,} / {begin:,}", anchor="end", size=11, colour=SOFT))
    return draw_picture(WIDTH, TOP + ROW * len(groups) + 16, title, shapes)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _percent(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"
