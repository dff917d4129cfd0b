"""SubStation Alpha files, by pysubs2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from samvad.documents.subtitles import fonts, styled
from samvad.documents.subtitles.cues import Cue, from_parts
from samvad.documents.subtitles.reading import Reading

#: Codes stand in braces; a brace after a backslash is text.
_ASS_CODES = re.compile(r"(?<!\\)\{\\([^}]*)\}")


def write(cues: Sequence[Cue]) -> str:
    """Return a SubStation Alpha file, in the font of its script; its times are rounded to hundredths of a second."""
    import pysubs2

    file = pysubs2.SSAFile()
    file.info.update({"PlayResX": "1920", "PlayResY": "1080", "WrapStyle": "2", "ScaledBorderAndShadow": "yes"})
    family = fonts.family_for(cue.text for cue in cues)
    file.styles["Default"] = pysubs2.SSAStyle(
        fontname=family, fontsize=66.0, outline=3.0, shadow=1.0, marginl=120, marginr=120, marginv=66
    )
    for cue in cues:
        text = ("{\\an8}" if cue.top else "") + styled.text(cue, _ass_text, _ass_tag, "\\N")
        file.events.append(pysubs2.SSAEvent(start=_hundredths(cue.start_ms), end=_hundredths(cue.end_ms), text=text))
    return str(file.to_string("ass"))


def read(text: str) -> Reading:
    """Return what is in a file.

    Raises:
        ValueError: it is broken.
    """
    import pysubs2

    try:
        events = pysubs2.SSAFile.from_string(text, format_="ass").events
    except pysubs2.Pysubs2Error as error:
        raise ValueError(str(error)) from None
    return Reading(tuple(_from_ass(event) for event in events if not event.is_comment))


def _from_ass(event: Any) -> Cue:
    top = False
    parts: list[tuple[str, frozenset[str]]] = []
    on: set[str] = set()
    position = 0
    for found in _ASS_CODES.finditer(event.text):
        parts.append((event.text[position : found.start()], frozenset(on)))
        position = found.end()
        for code in found.group(1).split("\\"):
            if re.fullmatch(r"an[789]", code):
                top = True
            elif re.fullmatch(r"[ibu]\d*", code):
                (on.discard if code[1:] in ("", "0") else on.add)(code[0])
            elif code.startswith("r"):
                on.clear()
    parts.append((event.text[position:], frozenset(on)))
    return from_parts(event.start, event.end, [(_ass_plain(part), kinds) for part, kinds in parts], top=top)


def _ass_tag(kind: str, *, opens: bool) -> str:
    return f"{{\\{kind}{int(opens)}}}"


def _ass_text(text: str) -> str:
    """Return text that libass shows as it is: a backslash begins a code, and braces hold some."""
    return text.replace("\\", f"\\{styled.GUARD}").replace("{", "\\{").replace("}", "\\}")


def _ass_plain(text: str) -> str:
    text = text.replace("\\{", "{").replace("\\}", "}")
    text = re.sub(r"\\[Nn]", "\n", text).replace("\\h", "\u00a0")
    return text.replace(styled.GUARD, "")


def _hundredths(time_ms: int) -> int:
    return time_ms - time_ms % 10
