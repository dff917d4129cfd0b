"""Word documents (ECMA-376, Office Open XML) of plain paragraphs: the parts that every word processor needs, no others.

Written here because the same text is to give the same bytes, on which records rest: libraries put the time of writing
into the archive.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from samvad.documents.subtitles import ttml_tree

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
#: How a run looks, by its kind; ``rtl`` scripts and those of India have their own switches for bold and size.
_LOOKS = {
    "": "",
    "time": '<w:color w:val="777777"/><w:sz w:val="18"/><w:szCs w:val="18"/>',
    "speaker": "<w:b/><w:bCs/>",
    "song": "<w:i/><w:iCs/>",
}
_TYPES = f"""{_HEAD}<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>\
<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>"""
_LINKS = f"""{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>"""
_WORD_LINKS = f"""{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>"""
_STYLES = f"""{_HEAD}<w:styles xmlns:w="{_WORD}"><w:docDefaults><w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr>\
</w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>\
</w:style><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:rPr><w:b/>\
<w:bCs/><w:sz w:val="36"/><w:szCs w:val="36"/></w:rPr></w:style></w:styles>"""
#: The earliest time that a ZIP archive knows.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_RIGHT_TO_LEFT = ("ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi")


@dataclass(frozen=True)
class Run:
    """A piece of text and how it looks: as it is, or as a ``time``, a ``speaker`` or a ``song``."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Pieces of text one after the other."""

    runs: tuple[Run, ...]


def write(title: str, paragraphs: Sequence[Paragraph], language: str) -> bytes:
    """Return a document with a title and paragraphs.

    Args:
        title: its first line.
        paragraphs: what follows.
        language: short code of the text, for the spelling checker.
    """
    head = _paragraph(Paragraph((Run(title),)), language, "Title")
    body = head + "".join(_paragraph(item, language) for item in paragraphs)
    document = f'{_HEAD}<w:document xmlns:w="{_WORD}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _LINKS,
        "word/document.xml": document,
        "word/_rels/document.xml.rels": _WORD_LINKS,
        "word/styles.xml": _STYLES,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            archive.writestr(entry, text)
    return out.getvalue()


def _paragraph(item: Paragraph, language: str, style: str = "") -> str:
    facts = f'<w:pStyle w:val="{style}"/>' if style else ""
    facts += "<w:bidi/>" if language in _RIGHT_TO_LEFT else ""
    return f"<w:p><w:pPr>{facts}</w:pPr>" + "".join(_run(run, language) for run in item.runs) + "</w:p>"


def _run(run: Run, language: str) -> str:
    spoken = quoteattr(language)
    look = _LOOKS[run.kind] + ("<w:rtl/>" if language in _RIGHT_TO_LEFT and run.kind != "time" else "")
    look += f"<w:lang w:val={spoken} w:bidi={spoken}/>"
    text = escape(ttml_tree.ILLEGAL.sub("", run.text))
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'
