"""The charts of an evaluation, as SVG. Vietnamese first, English beside it."""

import math
from collections.abc import Callable, Mapping, Sequence

from hub.link.evaluate.measure import Proportion, Tally
from hub.link.evaluate.svg import (
    GRID,
    INK,
    SOFT,
    Scale,
    draw_box,
    draw_dot,
    draw_line,
    draw_path,
    draw_picture,
    draw_text,
)
from hub.link.evaluate.thresholds import Bin, Point

WIDTH = 960
LABELS = 330
BARS = 760
ROW = 22
TOP = 92
PRECISION_FROM = 0.99
"""Where the axis of precision begins: below it a link may not be accepted anyway."""
BLUE, SKY, AMBER, GREY, RED, PALE = "#0072b2", "#7cc4ee", "#e69f00", "#8c959f", "#c8102e", "#e6e9ed"
OUTCOMES: Mapping[str, tuple[str, str, str]] = {
    "right": (BLUE, "nối đúng", "linked rightly"),
    "offered": (SKY, "chờ xem, có đúng", "in review, right one there"),
    "astray": (AMBER, "chờ xem, không có đúng", "in review, right one absent"),
    "missed": (GREY, "bỏ sót", "missed"),
    "nobody": (PALE, "đúng là không có ai", "rightly nobody"),
    "wrong": (RED, "nối sai", "linked wrongly"),
}
"""Parts of a Tally in the order of the bars: colour, Vietnamese, English. The colours differ in brightness too."""
LONGEST_LABEL = 46


def draw_outcomes(title: str, groups: Mapping[str, Tally]) -> str:
    """What became of the records of each group: a bar of parts, with recall, wrong links and records beside it."""
    height = TOP + ROW * len(groups) + 16
    shapes = [draw_text(16, 26, title, size=16, bold=True), *_legend()]
    for x, words in ((BARS + 62, "bao phủ/recall"), (BARS + 122, "sai/wrong"), (BARS + 184, "n")):
        shapes.append(draw_text(x, TOP - 8, words, size=10, anchor="end", colour=SOFT))
    for at, (label, one) in enumerate(groups.items()):
        y = TOP + at * ROW
        shapes += [draw_text(LABELS - 8, y + 14, _short(label), anchor="end"), *_bar(one, y)]
        cells = (_percent(one.recall), f"{one.wrong:,}", f"{one.records:,}")
        for x, words in zip((BARS + 62, BARS + 122, BARS + 184), cells, strict=True):
            shapes.append(
                draw_text(x, y + 14, words, anchor="end", colour=RED if x == BARS + 122 and one.wrong else INK)
            )
    return draw_picture(WIDTH, height, title, shapes)


def _bar(one: Tally, y: float) -> list[str]:
    shapes, x = [], float(LABELS)
    for name, (colour, vi, en) in OUTCOMES.items():
        count = getattr(one, name)
        width = (BARS - LABELS) * count / max(one.records, 1)
        if count:
            shapes.append(draw_box(x, y + 2, width, ROW - 6, colour, f"{vi} / {en}: {count:,}"))
        x += width
    return shapes


def _legend() -> list[str]:
    shapes = []
    for at, (colour, vi, en) in enumerate(OUTCOMES.values()):
        x, y = 16 + (at % 3) * 312, 40 + (at // 3) * 17
        shapes += [draw_box(x, y, 11, 11, colour), draw_text(x + 16, y + 10, f"{vi} / {en}", size=11, colour=SOFT)]
    return shapes


def draw_precision(title: str, groups: Mapping[str, Tally]) -> str:
    """Precision of accepted links of each group with its interval, from 0.99; lower values stand at the edge with their number."""
    accepted = {label: one.precision for label, one in groups.items() if one.precision.whole}
    height = TOP + ROW * len(accepted) + 34
    scale = Scale(PRECISION_FROM, 1.0, LABELS, BARS)
    bottom = TOP + ROW * len(accepted) + 4
    shapes = [
        draw_text(16, 26, title, size=16, bold=True),
        draw_text(
            16,
            48,
            "Điểm: giá trị đo; vạch: khoảng tin cậy 95 % (Wilson). / Dot: measured; line: 95 % Wilson interval.",
            size=11,
            colour=SOFT,
        ),
        draw_text(
            16, 65, "◀: thấp hơn trục, xem số bên phải. / ◀: below the axis, see the figure.", size=11, colour=SOFT
        ),
    ]
    for tick in (0.99, 0.9925, 0.995, 0.9975, 0.9995, 1.0):
        at = scale(tick)
        shapes.append(draw_line(at, TOP - 4, at, bottom, RED if tick == 0.9995 else GRID))
        if tick != 1.0:
            shapes.append(draw_text(at, bottom + 16, f"{tick:.4f}".rstrip("0"), size=10, anchor="middle", colour=SOFT))
    for at, (label, found) in enumerate(accepted.items()):
        shapes += _whisker(label, found, TOP + at * ROW, scale)
    return draw_picture(WIDTH, height, title, shapes)


def _whisker(label: str, found: Proportion, y: float, scale: Scale) -> list[str]:
    value, (low, high) = found.value or 0.0, found.interval or (0.0, 0.0)
    tip = f"{found.part:,} / {found.whole:,}; {low:.5f}–{high:.5f}"
    middle = y + 10
    below = value < PRECISION_FROM
    mark = (
        draw_text(scale.start, middle + 4, "◀", anchor="middle", colour=RED)
        if below
        else draw_dot(scale(value), middle, BLUE, tip)
    )
    return [
        draw_text(LABELS - 12, y + 14, _short(label), anchor="end"),
        draw_line(scale(low), middle, scale(high), middle, BLUE, 2),
        mark,
        draw_text(BARS + 76, y + 14, f"{value:.5f}", anchor="end", colour=RED if below else INK),
        draw_text(WIDTH - 16, y + 14, f"{found.part:,}/{found.whole:,}", anchor="end", size=11, colour=SOFT),
    ]


def threshold_curves(title: str, points: Sequence[Point]) -> str:
    """Precision (from 0.99) above, recall below, against the weight from which links are accepted."""
    across = Scale(points[0].weight, points[-1].weight, 90, WIDTH - 40)
    panels = (
        ("độ chính xác / precision", Scale(PRECISION_FROM, 1.0, 300, 100), _of("precision"), _of("all_precision"), (0.99, 0.995, 0.9995, 1.0)),
        ("độ bao phủ / recall", Scale(0.0, 1.0, 560, 360), _of("recall"), _of("all_recall"), (0.0, 0.25, 0.5, 0.75, 0.97, 1.0)),
    )  # fmt: skip
    shapes = [draw_text(16, 26, title, size=16, bold=True), *_line_legend()]
    for name, up, model, every, ticks in panels:
        shapes.append(draw_text(90, up.end - 10, name, bold=True))
        for tick in ticks:
            shapes.append(draw_line(90, up(tick), WIDTH - 40, up(tick), RED if tick in (0.9995, 0.97) else GRID))
            if tick != 1.0:  # too near to the target above it
                shapes.append(draw_text(82, up(tick) + 4, f"{tick:g}", size=10, anchor="end", colour=SOFT))
        for pick, colour, dashed in ((every, BLUE, False), (model, AMBER, True)):
            shapes.append(draw_path(((across(p.weight), up(pick(p))) for p in points), colour, dashed=dashed))
    shapes += _weights(across, 560, points[0].weight, points[-1].weight)
    return draw_picture(WIDTH, 610, title, shapes)


def _of(name: str) -> Callable[[Point], float]:
    """The value of a proportion of a point; if nothing is accepted nothing is wrong."""

    def value(point: Point) -> float:
        found: Proportion = getattr(point, name)
        return 1.0 if found.value is None else found.value

    return value


def _line_legend() -> list[str]:
    words = (
        (BLUE, False, "mọi bản ghi / all records"),
        (AMBER, True, "chỉ các bản ghi do mô hình quyết định / only those that the model decides"),
        (RED, False, "mục tiêu / target"),
    )
    shapes, x = [], 16
    for colour, dashed, label in words:
        shapes += [
            draw_path(((x, 50), (x + 26, 50)), colour, dashed=dashed),
            draw_text(x + 32, 54, label, size=11, colour=SOFT),
        ]
        x += 70 + 6 * len(label)
    return shapes


def _weights(across: Scale, bottom: float, low: float, high: float) -> list[str]:
    """The axis of weights, in bits."""
    step = _step(high - low)
    first = math.ceil(low / step) * step
    ticks = [first + at * step for at in range(int((high - first) / step) + 1)]
    shapes = [draw_line(across.start, bottom, across.end, bottom, SOFT)]
    for tick in ticks:
        shapes += [
            draw_line(across(tick), bottom, across(tick), bottom + 4, SOFT),
            draw_text(across(tick), bottom + 18, f"{tick:g}", size=10, anchor="middle", colour=SOFT),
        ]
    words = "trọng số (bit) / match weight (bits)"
    return [
        *shapes,
        draw_text((across.start + across.end) / 2, bottom + 36, words, size=11, anchor="middle", colour=SOFT),
    ]


def _step(span: float) -> float:
    """A round distance between about eight ticks."""
    rough = max(span, 1e-6) / 8
    power = 10 ** math.floor(math.log10(rough))
    return float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough))


def weight_histogram(title: str, bins: Sequence[Bin]) -> str:
    """How many true and false pairs have which weight; counts on a scale of powers of ten, since true ones are many."""
    most = max(max(one.true, one.false) for one in bins)
    top = max(math.ceil(math.log10(most + 1)), 1)
    across, up = Scale(bins[0].low, bins[-1].high, 90, WIDTH - 40), Scale(0, top, 330, 90)
    shapes = [draw_text(16, 26, title, size=16, bold=True)]
    for at, (colour, words) in enumerate(((BLUE, "cặp đúng / true pairs"), (RED, "cặp sai / false pairs"))):
        shapes += [
            draw_box(16 + at * 190, 42, 11, 11, colour),
            draw_text(32 + at * 190, 52, words, size=11, colour=SOFT),
        ]
    for power in range(top + 1):
        y = up(power)
        shapes += [
            draw_line(90, y, WIDTH - 40, y),
            draw_text(82, y + 4, f"{10**power - 1 if not power else 10**power:,}", size=10, anchor="end", colour=SOFT),
        ]
    for one in bins:
        width = (across(one.high) - across(one.low)) / 2 - 0.5
        for half, (count, colour) in enumerate(((one.true, BLUE), (one.false, RED))):
            if count:
                y = up(math.log10(count + 1))
                shapes.append(
                    draw_box(
                        across(one.low) + half * (width + 0.5),
                        y,
                        width,
                        330 - y,
                        colour,
                        f"{one.low:.1f}…{one.high:.1f}: {count:,}",
                    )
                )
    return draw_picture(WIDTH, 380, title, [*shapes, *_weights(across, 330, bins[0].low, bins[-1].high)])


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _percent(found: Proportion) -> str:
    return "" if found.value is None else f"{found.value * 100:.2f} %"
