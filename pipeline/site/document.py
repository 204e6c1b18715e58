"""A lesson sheet as a document for a word processor (DOCX)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import segno

if TYPE_CHECKING:
    from docx.document import Document

_A4_MM = (210, 297)
_MARGIN_MM = 22
_CODE_MM = 28
_LINES_TO_WRITE_ON = 3


@dataclass(frozen=True)
class Quote:
    """A quote as it stands on a sheet; `speeches` are (language, after a gap, words)."""

    warnings: Sequence[str]
    speeches: Sequence[tuple[str | None, bool, str]]
    who: str
    credit: str
    address: str
    question: str


@dataclass(frozen=True)
class Missing:
    """A quote that may not stand on a sheet: its name without its words, and why."""

    name: str
    why: str
    question: str


def docx(
    title: str, quotes: Sequence[Quote | Missing], end: str, *, archive: str, language: str
) -> bytes:
    """The bytes of the document: everything a pupil needs on paper, with a QR code to listen."""
    document = _empty(title, archive, language)
    document.add_heading(_clean(title), level=0)
    for number, quote in enumerate(quotes, start=1):
        document.add_heading(str(number), level=2)
        if isinstance(quote, Quote):
            _add_quote(document, quote)
        else:
            document.add_paragraph(_clean(f"{quote.name}: {quote.why}"))
        _add_question(document, quote.question)
    _add_question(document, end)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _empty(title: str, archive: str, language: str) -> Document:
    from docx import Document
    from docx.shared import Mm, Pt

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(_A4_MM[0]), Mm(_A4_MM[1])
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
    section.footer.paragraphs[0].text = _clean(archive)
    normal = document.styles["Normal"].font
    normal.name, normal.size = "Georgia", Pt(11)
    for style in ("Title", "Heading 2", "Intense Quote"):
        document.styles[style].font.name = "Georgia"
    document.core_properties.title = _clean(title)
    document.core_properties.author = _clean(archive)
    document.core_properties.language = language
    document.core_properties.comments = ""
    return document


def _add_quote(document: Document, quote: Quote) -> None:
    from docx.shared import Mm

    for warning in quote.warnings:
        document.add_paragraph().add_run(_clean(warning)).italic = True
    for language, after_gap, text in quote.speeches:
        paragraph = document.add_paragraph(style="Quote")
        said = paragraph.add_run(_clean(f"[…] {text}" if after_gap else text))
        if language:
            _set_language(said, language)
    document.add_paragraph().add_run(_clean(quote.who)).bold = True
    document.add_paragraph(_clean(quote.credit))
    code = io.BytesIO()
    segno.make(quote.address, error="m", micro=False).save(code, kind="png", scale=6, border=4)
    code.seek(0)
    picture = document.add_picture(code, width=Mm(_CODE_MM))
    # What a screen reader says instead of the code.
    picture._inline.docPr.set("descr", quote.address)
    document.add_paragraph(_clean(quote.address))


def _add_question(document: Document, question: str) -> None:
    if not question:
        return
    for line in question.splitlines():
        document.add_paragraph().add_run(_clean(line)).bold = True
    for _ in range(_LINES_TO_WRITE_ON):
        document.add_paragraph("_" * 60)


def _set_language(run: Any, language: str) -> None:
    """So that a word processor spells and reads it aloud in its own language."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    element = OxmlElement("w:lang")
    element.set(qn("w:val"), language)
    run._r.get_or_add_rPr().append(element)


def _clean(text: str) -> str:
    """Without the characters that XML cannot have."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")
