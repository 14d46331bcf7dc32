"""The files of an evaluation that people look at: one HTML page with charts and tables, the charts alone, figures for machines."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import orjson

from hub.link.evaluate import charts
from hub.link.evaluate.evaluation import Evaluation, write_list
from hub.link.evaluate.falses import FalseLink
from hub.link.evaluate.measure import Proportion, Tally

PAGE, FIGURES, LIST = "index.html", "evaluation.json", "false_links.jsonl"
MOST_LISTED = 500
"""False links on the page; all are in the list."""
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 'Be Vietnam Pro','Noto Sans','Segoe UI',system-ui,sans-serif; color: #1b1f24; background: #fff; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } .en { color: #57606a; font-weight: 400; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .28rem .5rem; border-bottom: 1px solid #d8dee4; vertical-align: top; }
th { font-weight: 600; border-bottom: 2px solid #8c959f; } th .en { display: block; font-size: 11px; }
th:first-child, td:first-child, td.words, th.words { text-align: left; overflow-wrap: anywhere; }
.range { color: #57606a; font-size: 11px; display: block; } td .range { white-space: nowrap; }
.bad { color: #c8102e; font-weight: 600; } svg { max-width: 100%; height: auto; display: block; margin: .6rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: .8rem; }
.tile { border: 1px solid #d8dee4; border-radius: 6px; padding: .7rem .9rem; } .tile b { display: block; font-size: 1.5rem; }
.scroll { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; } tr, svg, .tile { break-inside: avoid; } .scroll { overflow: visible; } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
""".strip()
SECTIONS: Sequence[tuple[str, str, str]] = (
    ("by_field", "Theo trường liên kết", "By linked field"),
    ("by_band", "Theo mức tin cậy", "By band"),
    ("by_method", "Theo phương pháp", "By method"),
    ("by_kind", "Theo loại chủ thể", "By kind of subject"),
    ("by_dirt", "Theo loại lỗi dữ liệu", "By kind of dirt"),
    ("worst_combinations", "Tổ hợp lỗi làm mất nhiều liên kết nhất", "Combinations of dirt that lose most"),
)


def write_report(folder: Path, found: Evaluation) -> tuple[Path, ...]:
    """Write the page, each chart, the figures and the list of false links into a folder. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_charts(found)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    (folder / FIGURES).write_bytes(orjson.dumps(found.document(), option=orjson.OPT_INDENT_2) + b"\n")
    write_list(folder / LIST, found.false_links)
    (folder / PAGE).write_text(render_report(found, pictures), encoding="utf-8")
    return tuple(folder / name for name in (PAGE, FIGURES, LIST, *(f"{picture}.svg" for picture in pictures)))


def draw_charts(found: Evaluation) -> dict[str, str]:
    """The charts by name; those of thresholds only if links have weights."""
    made = {
        "outcomes_by_field": charts.draw_outcomes(
            "Kết quả theo trường liên kết / Outcomes by linked field", found.by_field
        ),
        "outcomes_by_dirt": charts.draw_outcomes("Kết quả theo loại lỗi / Outcomes by kind of dirt", found.by_dirt),
        "precision_by_field": charts.draw_precision(
            "Độ chính xác theo trường / Precision by linked field", found.by_field
        ),
        "precision_by_method": charts.draw_precision(
            "Độ chính xác theo phương pháp / Precision by method", found.by_method
        ),
    }
    if found.thresholds:
        made["thresholds"] = charts.threshold_curves(
            "Nếu đổi ngưỡng chấp nhận / If the threshold were another", found.thresholds
        )
    if found.weights:
        made["weights"] = charts.weight_histogram("Trọng số của các cặp / Weights of pairs", found.weights)
    return made


def render_report(found: Evaluation, pictures: Mapping[str, str]) -> str:
    """The page. Nothing on it is fetched from anywhere."""
    parts = [
        '<!doctype html>\n<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Chất lượng liên kết / Linking quality</title><style>{STYLE}</style></head><body>",
        f'<h1>Chất lượng liên kết <span class="en">/ Linking quality</span></h1><p>{found.measured_at:%Y-%m-%d %H:%M} UTC · '
        f"{found.overall.records:,} bản ghi / records · {found.not_stored:,} không có trong kho / not in the store</p>",
        _tiles(found),
        *pictures.values(),
        ""
        if found.thresholds
        else '<p class="en">Mọi liên kết do quy tắc, không có trọng số. / Rules made every link: there are no weights to chart.</p>',
        *(f"{render_heading(vi, en)}{_table(getattr(found, name))}" for name, vi, en in SECTIONS),
        _merges(found),
        list_false_links(found.false_links),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def render_heading(vi: str, en: str) -> str:
    """A heading of a section, Vietnamese first."""
    return f'<h2>{escape(vi)} <span class="en">/ {escape(en)}</span></h2>'


def _tiles(found: Evaluation) -> str:
    whole = found.overall
    tiles = (
        ("Độ chính xác", "Precision of accepted links", _value(whole.precision), _range(whole.precision)),
        ("Độ bao phủ", "Recall of accepted links", _value(whole.recall), _range(whole.recall)),
        ("Kể cả chờ xem", "Recall with review", _value(whole.recall_with_review), _range(whole.recall_with_review)),
        (
            "Trùng tên nối không có thêm bằng chứng", "Homonyms joined without further evidence",
            f"{found.homonyms.bare:,}", f"{found.homonyms.tally.records:,} bản ghi / records",
        ),
    )  # fmt: skip
    shown = "".join(
        f'<div class="tile">{escape(vi)}<span class="range">{escape(en)}</span><b>{value}</b><span class="range">{escape(more)}</span></div>'
        for vi, en, value, more in tiles
    )
    return f'<div class="tiles">{shown}</div>'


HEADINGS = (
    ("bản ghi", "records"), ("nối đúng", "right"), ("nối sai", "wrong"), ("chờ, có đúng", "offered"), ("chờ, không đúng", "astray"),
    ("bỏ sót", "missed"), ("không có ai", "nobody"), ("chính xác", "precision"), ("bao phủ", "recall"), ("kể cả chờ", "with review"),
)  # fmt: skip
WORDS = ("method", "evidence", "reason")
"""Columns that are set to the left."""


def _table(groups: Mapping[str, Tally]) -> str:
    rows = []
    for label, one in groups.items():
        counts = (one.records, one.right, one.wrong, one.offered, one.astray, one.missed, one.nobody)
        cells = [f"<td{' class=bad' if at == 2 and count else ''}>{count:,}</td>" for at, count in enumerate(counts)]
        rates = [
            f'<td>{_value(rate)}<span class="range">{_range(rate)}</span></td>'
            for rate in (one.precision, one.recall, one.recall_with_review)
        ]
        rows.append(f"<tr><td>{break_name(label)}</td>{''.join(cells + rates)}</tr>")
    return render_table(("", ""), HEADINGS, rows)


def render_table(first: tuple[str, str], headings: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    """A table of rows that are HTML already."""
    heads = "".join(
        f'<th{" class=words" if en in WORDS else ""}>{escape(vi)}<span class="en">{escape(en)}</span></th>'
        for vi, en in (first, *headings)
    )
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _merges(found: Evaluation) -> str:
    headings = (
        ("có thật", "real"),
        ("đề nghị", "proposed"),
        ("đúng", "right"),
        ("đã gộp", "accepted"),
        ("chính xác", "precision"),
        ("bao phủ", "recall"),
    )
    rows = [
        f"<tr><td>{escape(entity)}</td>" + "".join(f"<td>{n:,}</td>" for n in (one.real, one.proposed, one.right, one.accepted))
        + "".join(f'<td>{_value(rate)}<span class="range">{_range(rate)}</span></td>' for rate in (one.precision, one.recall)) + "</tr>"
        for entity, one in found.merges.items()
    ]  # fmt: skip
    return (
        render_heading("Gộp chủ thể trùng", "Merges of duplicates") + render_table(("", ""), headings, rows)
        if rows
        else ""
    )


def list_false_links(links: Sequence[FalseLink]) -> str:
    """The false links by ids and outcomes, without values of people."""
    headings = (
        ("bản ghi", "record"),
        ("chủ thể", "subject"),
        ("trạng thái", "status"),
        ("phương pháp", "method"),
        ("bit", "weight"),
        ("bằng chứng", "evidence"),
        ("lý do", "reason"),
    )
    rows = [
        f"<tr><td>{break_name(link.field)}</td><td>{link.record_id}</td><td>{link.found_id}</td><td>{escape(link.status)}</td>"
        f'<td class="words">{break_name(link.method)}</td><td>{"" if link.weight is None else f"{link.weight:.1f}"}</td>'
        f'<td class="words">{escape(_evidence(link))}</td><td class="words">{escape(link.reason)}</td></tr>'
        for link in links[:MOST_LISTED]
    ]  # fmt: skip
    more = "" if len(links) <= MOST_LISTED else f'<p class="en">… {len(links) - MOST_LISTED:,}: {LIST}</p>'
    title = render_heading(f"Liên kết sai ({len(links):,})", "False links")
    return title + (render_table(("trường", "field"), headings, rows) if rows else "<p>Không có. / None.</p>") + more


def _evidence(link: FalseLink) -> str:
    return ", ".join(f"{one['comparison']}: {one['outcome']}" for one in link.evidence or ())


def break_name(name: str) -> str:
    """A name that may be broken where its words meet."""
    return escape(name).replace("_", "_<wbr>").replace(".", ".<wbr>").replace(";", ";<wbr>")


def _value(rate: Proportion) -> str:
    return "–" if rate.value is None else f"{rate.value * 100:.3f} %"


def _range(rate: Proportion) -> str:
    return "" if rate.interval is None else f"{rate.interval[0] * 100:.3f}–{rate.interval[1] * 100:.3f}"
