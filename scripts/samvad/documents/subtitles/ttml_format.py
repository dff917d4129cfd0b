"""TTML files, written as IMSC 1.1 text, by ttconv."""

from __future__ import annotations

import io
import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from samvad.documents.subtitles.cues import STYLE_KINDS, Cue, from_parts
from samvad.documents.subtitles.reading import Reading

#: Distance of the text from the edges, as a share of the picture in percent (SMPTE ST 2046-1, safe title area).
_MARGIN_PERCENT = 10


def write(cues: Sequence[Cue], language: str = "") -> str:
    """Return a TTML file of the profile IMSC 1.1 text."""
    import ttconv.imsc.writer
    from ttconv import model
    from ttconv.imsc.attributes import TimeExpressionSyntaxEnum
    from ttconv.imsc.config import IMSCWriterConfiguration

    document = model.ContentDocument()
    document.set_lang(language)
    regions = {top: _region(document, top=top) for top in (False, True)}
    for region in regions.values():
        document.put_region(region)
    body = model.Body(document)
    document.set_body(body)
    division = model.Div(document)
    body.push_child(division)
    for cue in cues:
        division.push_child(_paragraph(document, cue, regions[cue.top]))
    configuration = IMSCWriterConfiguration(time_format=TimeExpressionSyntaxEnum.clock_time)
    tree = ttconv.imsc.writer.from_model(document, configuration)
    out = io.BytesIO()
    tree.write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue().decode("utf-8") + "\n"


def _region(document: Any, *, top: bool) -> Any:
    import ttconv.style_properties as styles
    from ttconv import model

    def percent(value: float) -> Any:
        return styles.LengthType(value, styles.LengthType.Units.pct)

    region = model.Region("top" if top else "bottom", document)
    size = 100 - 2 * _MARGIN_PERCENT
    edge = percent(_MARGIN_PERCENT)
    region.set_style(styles.StyleProperties.Origin, styles.CoordinateType(x=edge, y=edge))
    region.set_style(styles.StyleProperties.Extent, styles.ExtentType(height=percent(size), width=percent(size)))
    align = styles.DisplayAlignType.before if top else styles.DisplayAlignType.after
    region.set_style(styles.StyleProperties.DisplayAlign, align)
    region.set_style(styles.StyleProperties.TextAlign, styles.TextAlignType.center)
    region.set_style(styles.StyleProperties.FontFamily, (styles.GenericFontFamilyType.proportionalSansSerif,))
    return region


def _paragraph(document: Any, cue: Cue, region: Any) -> Any:
    from ttconv import model

    paragraph = model.P(document)
    paragraph.set_space(model.WhiteSpaceHandling.PRESERVE)
    paragraph.set_begin(Fraction(cue.start_ms, 1000))
    paragraph.set_end(Fraction(cue.end_ms, 1000))
    paragraph.set_region(region)
    for number, line in enumerate(cue.lines):
        if number:
            line_break = model.Br(document)
            line_break.set_space(model.WhiteSpaceHandling.PRESERVE)
            paragraph.push_child(line_break)
        own = [style for style in cue.styles if style.line == number]
        edges = sorted({0, len(line), *(style.start for style in own), *(style.end for style in own)})
        for begin, end in itertools.pairwise(edges):
            kinds = {style.kind for style in own if style.start <= begin < style.end}
            paragraph.push_child(_span(document, line[begin:end], kinds))
    return paragraph


def _span(document: Any, text: str, kinds: set[str]) -> Any:
    import ttconv.style_properties as styles
    from ttconv import model

    span = model.Span(document)
    span.set_space(model.WhiteSpaceHandling.PRESERVE)
    span.push_child(model.Text(document, text))
    if "i" in kinds:
        span.set_style(styles.StyleProperties.FontStyle, styles.FontStyleType.italic)
    if "b" in kinds:
        span.set_style(styles.StyleProperties.FontWeight, styles.FontWeightType.bold)
    if "u" in kinds:
        span.set_style(styles.StyleProperties.TextDecoration, styles.TextDecorationType(underline=True))
    return span


def read(text: str) -> Reading:
    """Return what is in a file.

    Raises:
        ValueError: it is broken.
    """
    import ttconv.imsc.reader

    try:
        document = ttconv.imsc.reader.to_model(ET.ElementTree(ET.fromstring(text)))
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    if document is None or document.get_body() is None:
        raise ValueError("it has no body of text")
    return Reading(tuple(cues_of(document)))


def cues_of(document: Any) -> list[Cue]:
    """Return the cues of a document as ttconv holds it."""
    from ttconv import model

    body = document.get_body()
    return [
        cue
        for division, offset in _with_times(body, Fraction(0), model.Div)
        for paragraph, at in _with_times(division, offset, model.P)
        if (cue := _cue(paragraph, at)) is not None
    ]


def _with_times(element: Any, offset: Fraction, kind: type) -> Iterator[tuple[Any, Fraction]]:
    """Yield the children of a kind with the time from which theirs are counted; nested divisions are gone through."""
    at = offset + Fraction(element.get_begin() or 0)
    for child in element:
        if isinstance(child, kind):
            yield child, at
        elif type(child) is type(element):
            yield from _with_times(child, at, kind)


def _cue(paragraph: Any, offset: Fraction) -> Cue | None:
    begin, end = paragraph.get_begin(), paragraph.get_end()
    if end is None:
        return None
    start_ms = round((offset + Fraction(begin or 0)) * 1000)
    end_ms = round((offset + Fraction(end)) * 1000)
    return from_parts(start_ms, end_ms, _parts(paragraph, frozenset()), top=_is_at_top(paragraph))


def _parts(element: Any, on: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    from ttconv import model

    for child in element:
        if isinstance(child, model.Text):
            yield child.get_text(), on
        elif isinstance(child, model.Br):
            yield "\n", on
        elif isinstance(child, model.Span):
            yield from _parts(child, _kinds(child, on))


def _kinds(span: Any, on: frozenset[str]) -> frozenset[str]:
    import ttconv.style_properties as styles

    properties = styles.StyleProperties
    decoration = span.get_style(properties.TextDecoration)
    said = {
        "i": _is(span.get_style(properties.FontStyle), styles.FontStyleType.normal),
        "b": _is(span.get_style(properties.FontWeight), styles.FontWeightType.normal),
        "u": decoration.underline if decoration is not None else None,
    }
    return frozenset(kind for kind in STYLE_KINDS if (kind in on if said[kind] is None else said[kind]))


def _is(value: Any, normal: Any) -> bool | None:
    return None if value is None else value != normal


def _is_at_top(paragraph: Any) -> bool:
    import ttconv.style_properties as styles

    region = paragraph.get_region()
    if region is None:
        return False
    origin = region.get_style(styles.StyleProperties.Origin)
    low = origin is not None and origin.y.units == styles.LengthType.Units.pct and origin.y.value >= 50
    align = region.get_style(styles.StyleProperties.DisplayAlign)
    return bool(align == styles.DisplayAlignType.before and not low)
