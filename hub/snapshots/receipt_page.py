"""A receipt as a page to print: one HTML file with its style, without scripts, Vietnamese first and English second. Pure.

The page also has the content as it was signed. The whole page is signed too, so nobody can change what a person sees and keep the
signatures: `hub.snapshots.receipt_files` does that.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from hub.snapshots.canonical import canonical_bytes

Json = Mapping[str, Any]
VIETNAM = timezone(timedelta(hours=7))
STATUS_WORDS: Mapping[str, tuple[str, str]] = {
    "MISSING": ("cơ quan giữ dữ liệu chưa có", "the agency does not hold it"),
    "STALE": ("dữ liệu đã quá thời hạn", "its data is older than allowed"),
    "CONTRADICTORY": ("các nguồn dữ liệu không thống nhất", "sources differ"),
    "UNCONFIRMED": ("chưa xác nhận là dữ liệu của đúng người", "not confirmed to be of the same person"),
    "UNAVAILABLE": ("chưa tra cứu được", "it could not be looked up"),
    "ASKED_OF_CITIZEN": ("chỉ công dân mới có", "only the citizen can say"),
}
STYLE = (
    "body{font:15px/1.45 'Times New Roman',Tinos,serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#000;background:#fff}"
    "h1{font-size:1.4rem;text-align:center;margin:.2rem 0}h2{font-size:1.05rem;margin:1.4rem 0 .4rem}p{margin:.3rem 0}"
    ".en{font-size:.85em;color:#444;font-style:italic}.center{text-align:center}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem}dt{font-weight:bold}dd{margin:0}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #888;padding:.25rem .4rem;text-align:left;vertical-align:top}"
    "thead{display:table-header-group}tr{break-inside:avoid}"
    "pre{font:10px/1.3 monospace;white-space:pre-wrap;overflow-wrap:anywhere}"
    "@page{size:A4;margin:18mm 15mm}@media print{body{margin:0;padding:0;max-width:none;font-size:11pt}details{display:none}h2{break-after:avoid}}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Phiếu dữ liệu đã có – {dossier}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Phiếu xác nhận dữ liệu không yêu cầu công dân nộp</h1>
<p class="center en" lang="en">Receipt of data that the citizen was not asked for</p>
{facts}
<h2>1. Không yêu cầu nộp, vì Nhà nước đã có <span class="en" lang="en">Not asked for: the state holds it</span></h2>
{held}
<h2>2. Còn phải cung cấp <span class="en" lang="en">Still to be provided</span></h2>
{asked}
<h2>3. Căn cứ pháp lý <span class="en" lang="en">Legal basis</span></h2>
{law}
<h2>4. Chữ ký số <span class="en" lang="en">Digital signature</span></h2>
{signature}
<details>
<summary>Dữ liệu đã ký <span class="en" lang="en">Signed content</span></summary>
<pre id="content">{content}</pre>
<pre id="signature">{jws}</pre>{file_signature}
</details>
</main>
</body>
</html>
"""
HELD_HEAD = (
    ("Nội dung", "Item"),
    ("Giấy tờ không phải nộp", "Paper that is not needed"),
    ("Của", "Of"),
    ("Nguồn dữ liệu", "Source"),
    ("Tính đến", "As of"),
)
ASKED_HEAD = (("Nội dung", "Item"), ("Của", "Of"), ("Lý do", "Why"))


def render_receipt(content: Json, signature: str | None, key_id: str | None, file_signature: str = "") -> str:
    """The page of a receipt. `signature` is the detached JWS over its canonical bytes, None if the hub has no key.

    `file_signature` stands where the signature over the whole page goes. Pages of versions before had none.
    """
    return PAGE.format(
        dossier=escape(content["dossier"]),
        style=STYLE,
        facts=_render_facts(content),
        held=_render_table(HELD_HEAD, (render_held_cells(one) for one in content["notAsked"])),
        asked=_render_asked(content),
        law=_render_law(content["procedure"]["legalBasis"]),
        signature=_render_signature(signature, key_id),
        content=escape(canonical_bytes(content).decode()),
        jws=escape(signature or ""),
        file_signature=f'\n<pre id="file-signature">{escape(file_signature)}</pre>' if file_signature else "",
    )


def list_facts(content: Json) -> list[tuple[str, str, str]]:
    """What a receipt is about: each name in Vietnamese and English, and the value as HTML."""
    procedure, office = content["procedure"], content["office"]
    return [
        ("Mã hồ sơ", "Dossier", escape(content["dossier"])),
        ("Thủ tục", "Procedure", f"{render_label(procedure['name'])} ({escape(procedure['code'])}, {escape(procedure['version'])})"),
        *([("Cơ quan giải quyết", "Office", render_label(office))] if office else []),
        ("Thời điểm tra cứu", "Looked up at", _format_instant(content["answeredAt"], "%H:%M %d/%m/%Y")),
        ("Bản lưu", "Snapshot", f"số {content['snapshot']['number']}, SHA-256 <small>{content['snapshot']['sha256']}</small>"),
        ("Phần mềm", "Software", f"cross-sector-hub {escape(content['hubVersion'])}"),
    ]  # fmt: skip


def _render_facts(content: Json) -> str:
    cells = "\n".join(f"<dt>{vi} {render_english(en)}</dt><dd>{value}</dd>" for vi, en, value in list_facts(content))
    return f"<dl>\n{cells}\n</dl>"


def render_held_cells(one: Json) -> tuple[str, ...]:
    """The cells of something that was not asked for, as HTML."""
    sources = one["sources"]
    computed = f"tính từ các mục khác {render_english('computed from other items')}"
    return (
        _render_item(one),
        render_label(one["paper"]) if one["paper"] else "",
        render_label(one["role"]) if one["role"] else "",
        "<br>".join(render_label(source["title"]) for source in sources) or computed,
        "<br>".join(_format_instant(source["asOf"], "%d/%m/%Y") if source["asOf"] else "" for source in sources),
    )


def _render_asked(content: Json) -> str:
    if content["blocked"]:
        return f"<p>{BLOCKED}</p>"
    return _render_table(ASKED_HEAD, (render_asked_cells(one) for one in content["asked"]))


def render_asked_cells(one: Json) -> tuple[str, ...]:
    """The cells of something that is still to be provided, as HTML."""
    words = [STATUS_WORDS.get(status, (status, status)) for status in one["statuses"]]
    why = "<br>".join(f"{escape(vi)} {render_english(en)}" for vi, en in words)
    return _render_item(one), render_label(one["role"]) if one["role"] else "", why


def _render_item(one: Json) -> str:
    count = f" ({one['count']} mục)" if one["count"] > 1 else ""
    basis = one["legalBasis"]
    law = f"<br><small>{escape(name_law(basis))}</small>" if basis else ""
    return f"{escape(one['label']['vi'])}{count} {render_english(one['label']['en'])}{law}"


def _render_law(laws: Iterable[Json]) -> str:
    items = "\n".join(f"<li>{escape(name_law(law))}: {render_label(law['about'])}</li>" for law in laws)
    return f"<ul>\n{items}\n</ul>"


def _render_signature(signature: str | None, key_id: str | None) -> str:
    if signature is None:
        return f"<p>{NOT_SIGNED}</p>"
    return f"<p>Ed25519, khóa <code>{escape(key_id or '')}</code> {render_english('key')}</p><pre>{escape(signature)}</pre>"


def _render_table(head: Iterable[tuple[str, str]], rows: Iterable[tuple[str, ...]]) -> str:
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return f"<p>Không có. {render_english('Nothing.')}</p>"
    cells = "".join(f"<th>{vi} {render_english(en)}</th>" for vi, en in head)
    return f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def name_law(law: Json) -> str:
    """Article and title."""
    return ", ".join(filter(None, (law["article"], law["title"])))


def render_label(label: Json) -> str:
    """Vietnamese, then English, as HTML."""
    return f"{escape(label['vi'])} {render_english(label['en'])}"


def render_english(text: str) -> str:
    """Words in English, as HTML."""
    return f'<span class="en" lang="en">{escape(text)}</span>'


def _format_instant(text: str, form: str) -> str:
    return datetime.fromisoformat(text).astimezone(VIETNAM).strftime(form)


BLOCKED = f"Thủ tục chưa thực hiện được; chưa yêu cầu giấy tờ nào. Cán bộ giải thích lý do. {render_english('The procedure is blocked, so nothing is asked for. The officer explains why.')}"
NOT_SIGNED = f"Phiếu này chưa được ký số. {render_english('This receipt is not signed.')}"
