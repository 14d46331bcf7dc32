"""The files of the quality of links that people look at: one HTML page with charts and tables, the charts alone, figures."""

import math
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import orjson

from hub.link.decisions.agreement import Agreement
from hub.link.evaluate.evaluation import write_list
from hub.link.evaluate.page import STYLE, break_name, list_false_links, render_heading, render_table
from hub.link.quality import charts
from hub.link.quality.bands import BANDS, REVIEW
from hub.link.quality.estimate import PrecisionVerdict, Recall, ShareEstimate, answers_for_margin, answers_for_target
from hub.link.quality.report import Quality, Stratum, band_names

PAGE, FIGURES, LIST = "index.html", "quality.json", "false_links.jsonl"
VERDICTS: Mapping[PrecisionVerdict, tuple[str, str]] = {
    PrecisionVerdict.MET: ("đạt", "met"),
    PrecisionVerdict.SHORT: ("không đạt", "missed"),
    PrecisionVerdict.OPEN: ("chưa đủ", "too few yet"),
}


def write_report(folder: Path, found: Quality) -> tuple[Path, ...]:
    """Write the page, each chart, the figures and the list of false links into a folder. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_charts(found)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    (folder / FIGURES).write_bytes(orjson.dumps(found.document(), option=orjson.OPT_INDENT_2) + b"\n")
    write_list(folder / LIST, found.false_links)
    (folder / PAGE).write_text(render_report(found, pictures), encoding="utf-8")
    return tuple(folder / name for name in (PAGE, FIGURES, LIST, *(f"{picture}.svg" for picture in pictures)))


def draw_charts(found: Quality) -> dict[str, str]:
    """The charts by name: of estimates only if there is one, of progress only if anything was drawn."""
    made: dict[str, str] = {}
    bands = {_band(name): one for name, one in found.by_band.items() if name != REVIEW.name}
    if any(bands.values()):
        made["precision_by_band"] = charts.draw_precision(
            "Độ chính xác theo mức tin cậy / Precision by band", bands, found.band_target
        )
        made["precision_by_field"] = charts.draw_precision(
            "Độ chính xác theo trường / Precision by linked field", found.by_field, found.target
        )
    sampled = [one for one in found.strata if one.drawn]
    if sampled:
        made["progress"] = charts.draw_progress(
            "Tiến độ lấy mẫu / Progress of the sample",
            {_band(name): [one for one in sampled if one.band == name] for name in band_names(sampled)},
        )
    return made


def render_report(found: Quality, pictures: Mapping[str, str]) -> str:
    """The page. Nothing on it is fetched from anywhere, and it has no values of people."""
    parts = [
        '<!doctype html>\n<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Chất lượng liên kết / Linking quality</title><style>{STYLE}</style></head><body>",
        '<h1>Chất lượng liên kết, ước lượng từ mẫu <span class="en">/ Linking quality, estimated from a sample</span></h1>'
        f"<p>{found.measured_at:%Y-%m-%d %H:%M} UTC</p>",
        _tiles(found),
        *pictures.values(),
        "" if any(one.drawn for one in found.strata) else _nothing_drawn(),
        _strata(found),
        _fields(found),
        _methods(found),
        _raises(found),
        _agreement(found),
        list_false_links(found.false_links),
        _unknown(found),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _tiles(found: Quality) -> str:
    whole = found.overall
    vi, en = VERDICTS[found.verdict]
    tiles = (
        ("Độ chính xác ước lượng", "Estimated precision", _value(whole), _range(whole)),
        (
            f"Mục tiêu {_percent(found.target)}", f"Target {_percent(found.target)}", vi, en,
        ),
        (
            "Câu đã trả lời", "Answers on accepted links", f"{found.answered:,}",
            f"{found.waiting:,} câu còn chờ / questions wait",
        ),
        (
            "Mẫu tháng này", "Drawn this month", f"{found.drawn_this_month:,}", f"nhiều nhất / at most {found.monthly:,}",
        ),
    )  # fmt: skip
    shown = "".join(
        f'<div class="tile">{escape(vi)}<span class="range">{escape(en)}</span><b>{escape(value)}</b><span class="range">{escape(more)}</span></div>'
        for vi, en, value, more in tiles
    )
    return f'<div class="tiles">{shown}</div>'


def _nothing_drawn() -> str:
    return (
        '<p class="bad">Chưa lấy mẫu: chạy <code>hub link</code>. / Nothing was sampled: run <code>hub link</code>.</p>'
    )


def _strata(found: Quality) -> str:
    headings = (
        ("liên kết", "links"), ("mẫu", "drawn"), ("đúng", "right"), ("sai", "wrong"), ("chưa ngã ngũ", "unsettled"),
        ("còn chờ", "waiting"), ("tỷ lệ đúng", "share right"), ("mục tiêu", "target"),
        (f"thêm, ±{_percent(found.margin)}", f"more for ±{_percent(found.margin)}"), ("để đạt", "for target"),
    )  # fmt: skip
    rows = [
        f'<tr><td>{break_name(one.field)}<span class="range">{escape(_band(one.band))}</span></td>'
        + "".join(_cell(n, bad=at == 3 and bool(n)) for at, n in enumerate(
            (one.links, one.drawn, one.right, one.wrong, one.unsettled, one.waiting)
        ))
        + _estimate_cell(one.estimate) + _verdict_cell(found, one) + _cell(answers_for_margin(found.margin, one.counted))
        + (_cell(answers_for_target(found.band_target, one.counted.links)) if one.accepted else "<td></td>") + "</tr>"
        for one in found.strata
    ]  # fmt: skip
    words = (
        "“Thêm”: số câu trả lời còn cần để khoảng tin cậy hẹp như vậy. “Để đạt”: số câu trả lời đúng cần có, nếu không câu nào sai."
        ' <span class="en">/ “More”: answers still needed for an interval as narrow as that. “For target”: answers needed in all,'
        " if none is wrong.</span>"
    )
    title = render_heading("Theo trường và mức tin cậy", "By linked field and band")
    return f"{title}<p>{words}</p>" + render_table(("", ""), headings, rows)


def _verdict_cell(found: Quality, one: Stratum) -> str:
    if not one.accepted:
        return "<td></td>"
    if not one.links:
        return '<td>đã đóng<span class="range">closed</span></td>'
    verdict = one.verdict(found.band_target)
    vi, en = VERDICTS[verdict]
    bad = " class=bad" if verdict is PrecisionVerdict.SHORT else ""
    return f'<td{bad}>{escape(vi)}<span class="range">{escape(en)}</span></td>'


def _fields(found: Quality) -> str:
    headings = (
        ("bản ghi có ghi chủ thể", "records that state a subject"), ("đã nối", "linked"), ("chưa nối", "nothing found"),
        ("chính xác", "precision"), ("phần đã có mẫu", "part sampled"), ("độ bao phủ, từ–đến", "recall, least–most"),
        ("khác cơ quan gốc", "differ from the authority"),
    )  # fmt: skip
    rows = []
    for name, counts in found.fields.items():
        if not counts.stated:
            continue
        one, differs = found.by_field.get(name), counts.discrepant / counts.accepted if counts.accepted else None
        covered = "–" if one is None else _percent(one.covered)
        rows.append(
            f"<tr><td>{break_name(name)}</td>{_cell(counts.stated)}{_cell(counts.accepted)}{_cell(counts.unlinked)}"
            f"{_estimate_cell(one)}<td>{covered}</td><td>{_recall(found.recalls[name])}</td>"
            f'<td>{counts.discrepant:,}<span class="range">{"" if differs is None else _percent(differs)}</span></td></tr>'
        )
    return render_heading("Theo trường liên kết", "By linked field") + render_table(("", ""), headings, rows)


def _methods(found: Quality) -> str:
    rows = [
        f'<tr><td>{break_name(name)}</td><td class="words">{break_name(method)}</td><td>{escape(status)}</td>{_cell(links)}</tr>'
        for name, counts in found.fields.items()
        for (method, status), links in counts.methods.items()
    ]
    headings = (("phương pháp", "method"), ("trạng thái", "status"), ("liên kết", "links"))
    return render_heading("Theo phương pháp", "By method") + render_table(("", ""), headings, rows)


def _raises(found: Quality) -> str:
    headings = (
        ("mức tin cậy", "band"), ("ngưỡng mới (bit)", "new threshold (bits)"), ("lúc", "when"), ("do", "by"), ("lý do", "reason"),
        ("hủy", "undone"),
    )  # fmt: skip
    rows = [
        f"<tr><td>{one.id} · {break_name(one.field)}</td><td>{escape(_band(one.band))}</td>"
        f"<td>{'không nhận / none accepted' if math.isinf(one.weight) else f'{one.weight:.2f}'}</td>"
        f"<td>{one.raised_at:%Y-%m-%d %H:%M}</td><td>{escape(one.raised_by)}</td>"
        f'<td class="words">{escape(one.reason)}</td><td>{f"{one.undone_at:%Y-%m-%d}" if one.undone_at else "–"}</td></tr>'
        for one in found.raises
    ]
    empty = "<p>Chưa nâng lần nào. / None so far.</p>"
    return render_heading("Ngưỡng đã nâng", "Raised thresholds") + (
        render_table(("", ""), headings, rows) if rows else empty
    )


def _agreement(found: Quality) -> str:
    headings = (("cặp ý kiến", "pairs"), ("đồng ý", "agreed"), ("tỷ lệ", "observed"), ("kappa", "kappa"))
    every: Iterable[tuple[str, Agreement]] = (
        ("mẫu / sample", found.sample_agreement),
        *((f"quyết định / decisions, {one.field}", one) for one in found.decision_agreement),
    )
    rows = [
        f"<tr><td>{escape(label)}</td>{_cell(one.pairs)}{_cell(one.agreed)}"
        f"<td>{'–' if one.observed is None else _percent(one.observed)}</td>"
        f"<td>{'–' if one.kappa is None else f'{one.kappa:.2f}'}</td></tr>"
        for label, one in every
    ]
    return render_heading("Người xem có đồng ý với nhau không", "Whether reviewers agree") + render_table(
        ("", ""), headings, rows
    )


def _unknown(found: Quality) -> str:
    earlier = found.of_earlier_models
    words = [
        (
            "Độ bao phủ chỉ biết trong khoảng: chủ thể của bản ghi chưa nối có thể không có trong kho; mẫu không cho biết.",
            "Recall is known only between bounds: the subject of a record without a link may be in no register, and the sample cannot tell.",
        ),
        (
            "Ước lượng tính liên kết như máy đã nối, trước khi người xem sửa. Người xem có thể nhầm: xem mức đồng ý.",
            "Estimates are of links as linking made them, before reviewers corrected any. Reviewers may err: see their agreement.",
        ),
    ]  # fmt: skip
    if earlier:
        words.append(
            (
                f"{earlier:,} câu trả lời cũ (mô hình trước hoặc quá một năm) không được tính.",
                f"{earlier:,} older answers (an earlier model, or over a year ago) are left out.",
            )
        )
    listed = "".join(f'<li>{escape(vi)} <span class="en">/ {escape(en)}</span></li>' for vi, en in words)
    return render_heading("Điều mẫu không cho biết", "What the sample cannot tell") + f"<ul>{listed}</ul>"


def _band(name: str) -> str:
    return f"{BANDS[name].vi} / {BANDS[name].en}"


def _cell(count: int, *, bad: bool = False) -> str:
    return f"<td{' class=bad' if bad else ''}>{count:,}</td>"


def _estimate_cell(one: ShareEstimate | None) -> str:
    return f'<td>{_value(one)}<span class="range">{_range(one)}</span></td>'


def _value(one: ShareEstimate | None) -> str:
    return "–" if one is None else _percent(one.share)


def _range(one: ShareEstimate | None) -> str:
    return "" if one is None else f"{one.low * 100:.2f}–{one.high * 100:.2f}"


def _recall(found: Recall | None) -> str:
    return "–" if found is None else f"{found.least * 100:.1f}–{found.most * 100:.1f} %"


def _percent(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"
