"""Receipts as PDF: every letter of Vietnamese is in the fonts, pages break where they should, and the same receipt is the same bytes."""

import unicodedata
from typing import Any

import pypdfium2
import pytest
from reportlab.pdfbase.ttfonts import TTFontFile

from hub.snapshots.canonical import canonical_bytes
from hub.snapshots.receipt_files import ReceiptFile, read_receipt_file
from hub.snapshots.receipt_pdf import FACES, FONTS, render_receipt_pdf

VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
LETTERS = {unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES} | set("đĐ–•₫")
SIGNATURE = "eyJhbGciOiJFZERTQSJ9.." + "Ab9_" * 22


def label(vi: str, en: str = "-") -> dict[str, str]:
    return {"vi": vi, "en": en}


def item(number: int, **more: Any) -> dict[str, Any]:
    law = {"article": "Điều 28", "title": "Luật Đất đai 31/2024/QH15", "about": label("Quyền")}
    source = {"name": "population", "title": label("Dữ liệu dân cư"), "asOf": "2026-11-28T20:00:00+00:00"}
    return {
        "requirement": "x",
        "label": label(f"Mục số {number} <b>&"),
        "kind": "DATA",
        "paper": label("Bản sao"),
        "legalBasis": law,
        "role": label("Bên chuyển nhượng"),
        "count": 1,
        "sources": [source],
        **more,
    }


def content(held: int, *, blocked: bool = False) -> dict[str, Any]:
    procedure = {"code": "x", "version": "1", "name": label("Chuyển nhượng"), "legalBasis": [item(0)["legalBasis"]]}
    return {
        "form": "hub-receipt-1",
        "dossier": "H49.12-251118-0005",
        "office": None,
        "procedure": procedure,
        "answeredAt": "2026-11-29T01:00:00+00:00",
        "hubVersion": "0.1.0",
        "snapshot": {"number": 1, "sha256": "ab" * 32},
        "notAsked": [item(number) for number in range(held)],
        "asked": [] if blocked else [item(900, statuses=["MISSING", "CONTRADICTORY"])],
        "blocked": blocked,
    }


def read_text(file: bytes) -> list[str]:
    with pypdfium2.PdfDocument(file) as document:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]


@pytest.mark.parametrize("face", FACES.values())
def test_the_fonts_have_every_letter_of_vietnamese(face: str) -> None:
    known = TTFontFile(str(FONTS / f"NotoSerif-{face}.ttf")).charToGlyph
    assert not [letter for letter in LETTERS | {one.upper() for one in LETTERS} if ord(letter) not in known]


@pytest.mark.parametrize("held", [0, 1, 60])
def test_everything_is_on_some_page_and_can_be_read_back(held: int) -> None:
    given = content(held)
    file = render_receipt_pdf(given, SIGNATURE, "k1")
    assert file == render_receipt_pdf(given, SIGNATURE, "k1")
    assert read_receipt_file(file) == ReceiptFile(canonical_bytes(given), SIGNATURE, "", b"")
    pages = read_text(file)
    text = " ".join(" ".join(pages).split())
    assert all(f"Mục số {number} <b>&" in text for number in range(held))
    assert "Mục số 900 <b>&" in text
    assert "các nguồn dữ liệu không thống nhất" in text
    assert "Không có." in text or held
    assert all(f"trang {number}" in page for number, page in enumerate(pages, 1))
    assert not held or "Mục số 0" in pages[0], "the table begins on the first page"


def test_a_blocked_procedure_asks_for_nothing_and_a_receipt_without_a_key_says_so() -> None:
    text = " ".join(" ".join(read_text(render_receipt_pdf(content(1, blocked=True), None, None))).split())
    assert "Thủ tục chưa thực hiện được" in text
    assert "Phiếu này chưa được ký số" in text
    assert read_receipt_file(b"%PDF-1.4\nanything") is None
