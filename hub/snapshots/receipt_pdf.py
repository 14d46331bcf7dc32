"""A receipt as a PDF to print: the content of the page, signed as it is. Needs the extra `pdf`. Pure.

The file has the signed content and its signature attached, and a signature over the whole file, as a page has. Nothing in it depends on
when or where it is made.
"""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from hub.snapshots.canonical import canonical_bytes
from hub.snapshots.receipt_page import (
    ASKED_HEAD,
    BLOCKED,
    HELD_HEAD,
    NOT_SIGNED,
    Json,
    list_facts,
    name_law,
    render_asked_cells,
    render_english,
    render_held_cells,
    render_label,
)

FONTS = Path(__file__).with_name("fonts")
FAMILY = "NotoSerif"
FACES: Mapping[str, str] = {FAMILY: "Regular", f"{FAMILY}-Italic": "Italic", f"{FAMILY}-Bold": "Bold"}
BODY = ParagraphStyle("body", fontName=FAMILY, fontSize=9.5, leading=13)
FINE_PRINT = ParagraphStyle("fine print", parent=BODY, fontSize=7.5, leading=10, wordWrap="CJK")
TITLE = ParagraphStyle("title", parent=BODY, fontName=f"{FAMILY}-Bold", fontSize=14, leading=19, alignment=TA_CENTER)
CENTER = ParagraphStyle("center", parent=BODY, alignment=TA_CENTER)
HEADING = ParagraphStyle("heading", parent=BODY, fontName=f"{FAMILY}-Bold", fontSize=11, leading=15, spaceBefore=10, spaceAfter=4)  # fmt: skip
MARGIN, WIDTH = 16 * mm, A4[0] - 32 * mm
FRAME_PADDING = 6
"""Points that ReportLab leaves free within its margins."""
HEADING_NEEDS = 32 * mm
"""A heading with less room than this below it goes to the next page, with the head and the first row of its table."""
GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, "#888888"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)
HELD_WIDTHS, ASKED_WIDTHS, FACT_WIDTHS = (0.31, 0.23, 0.14, 0.21, 0.11), (0.45, 0.2, 0.35), (0.3, 0.7)
TAGS = (
    ('<span class="en" lang="en">', f'<font name="{FAMILY}-Italic" size="8" color="#444444">'),
    ("</span>", "</font>"),
    ("<small>", '<font size="7.5">'),
    ("</small>", "</font>"),
    ("<br>", "<br/>"),
)
MARK, FILE_MARK = "hub-receipt:", " hub-receipt-file:"
"""Begin the document's keywords: the signed content with its signature, in base64, and the signature over the file."""
Bilingual = tuple[str, str]


def render_receipt_pdf(content: Json, signature: str | None, key_id: str | None, file_signature: str = "") -> bytes:
    """The PDF of a receipt; arguments as of `render_receipt`. The same receipt always gives the same bytes."""
    _register_fonts()
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"Phiếu dữ liệu đã có – {content['dossier']}",
        author="cross-sector-hub",
        lang="vi",
        keywords=_embed(content, signature) + (f"{FILE_MARK}{file_signature}" if file_signature else ""),
        invariant=1,
    )
    number = _PageNumber(content["dossier"])
    document.build(list(_tell(content, signature, key_id)), onFirstPage=number, onLaterPages=number)
    return file.getvalue()


class _PageNumber:
    """Writes the dossier and the number at the foot of each page."""

    def __init__(self, dossier: str) -> None:
        self.dossier = dossier

    def __call__(self, canvas: Canvas, document: Any) -> None:
        canvas.setFont(FAMILY, 8)
        canvas.drawCentredString(A4[0] / 2, 9 * mm, f"{self.dossier} – trang {document.page}")


def _register_fonts() -> None:
    if FAMILY in pdfmetrics.getRegisteredFontNames():
        return
    rl_config.warnOnMissingFontGlyphs = 0
    for name, face in FACES.items():
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"NotoSerif-{face}.ttf")))
    pdfmetrics.registerFontFamily(
        FAMILY, normal=FAMILY, bold=f"{FAMILY}-Bold", italic=f"{FAMILY}-Italic", boldItalic=f"{FAMILY}-Bold"
    )


def _embed(content: Json, signature: str | None) -> str:
    parts = (canonical_bytes(content), (signature or "").encode())
    return MARK + ".".join(base64.b64encode(part).decode() for part in parts)


def _tell(content: Json, signature: str | None, key_id: str | None) -> Iterable[Flowable]:
    yield Paragraph("Phiếu xác nhận dữ liệu không yêu cầu công dân nộp", TITLE)
    yield _tell_html(render_english("Receipt of data that the citizen was not asked for"), CENTER)
    yield Spacer(1, 8)
    facts = [(f"{vi}<br>{render_english(en)}", value) for vi, en, value in list_facts(content)]
    yield _make_table([], facts, FACT_WIDTHS)
    yield from _heading("1. Không yêu cầu nộp, vì Nhà nước đã có", "Not asked for: the state holds it")
    yield _make_table(HELD_HEAD, [render_held_cells(one) for one in content["notAsked"]], HELD_WIDTHS)
    yield from _heading("2. Còn phải cung cấp", "Still to be provided")
    if content["blocked"]:
        yield _tell_html(BLOCKED)
    else:
        yield _make_table(ASKED_HEAD, [render_asked_cells(one) for one in content["asked"]], ASKED_WIDTHS)
    yield from _heading("3. Căn cứ pháp lý", "Legal basis")
    for law in content["procedure"]["legalBasis"]:
        yield _tell_html(f"• {escape(name_law(law))}: {render_label(law['about'])}")
    yield from _heading("4. Chữ ký số", "Digital signature")
    if signature is None:
        yield _tell_html(NOT_SIGNED)
        return
    yield _tell_html(f"Ed25519, khóa {escape(key_id or '')} {render_english('key')}")
    yield Paragraph(escape(signature), FINE_PRINT)


def _make_table(head: Sequence[Bilingual], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Flowable:
    if not rows:
        return _tell_html(f"Không có. {render_english('Nothing.')}")
    bold = [[_tell_html(f"<b>{vi}</b><br>{render_english(en)}") for vi, en in head]] if head else []
    cells = [[_tell_html(cell) for cell in row] for row in rows]
    return Table([*bold, *cells], colWidths=[WIDTH * share for share in widths], repeatRows=len(bold), style=GRID)


def _heading(vi: str, en: str) -> Iterable[Flowable]:
    yield CondPageBreak(HEADING_NEEDS)
    yield _tell_html(f"{vi} {render_english(en)}", HEADING)


def _tell_html(html: str, style: ParagraphStyle = BODY) -> Flowable:
    """A paragraph of what the page has: its few tags are those of ReportLab under other names."""
    for ours, theirs in TAGS:
        html = html.replace(ours, theirs)
    return Paragraph(html, style)
