"""SubStation Alpha files (versions 4 and 4+), read as libass shows them, with the line of whatever it does not show.

libass, which mpv, VLC and ffmpeg draw with, is the meaning of the format: it has no specification that players keep to.
pysubs2 is not asked to read: it gives no line numbers, drops what it cannot parse, and tells neither styles' places nor
comments. It makes the head of what is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from samvad.documents.subtitles import fonts, override_codes, styled
from samvad.documents.subtitles.cues import STYLE_KINDS, Cue
from samvad.documents.subtitles.reading import Collector, Reading

# --- writing ---

#: The measures of letters count in a picture whose shorter side is this long.
SHORTER_SIDE = 1080
#: In that measure, the height of letters, and of their outline and shadow.
LETTERS, OUTLINE, SHADOW = 66, 3, 1


def write(cues: Sequence[Cue]) -> str:
    """Return a SubStation Alpha file, in the font of its script; its times are cut to hundredths of a second."""
    import pysubs2

    file = pysubs2.SSAFile()
    size = {"PlayResX": "1920", "PlayResY": str(SHORTER_SIDE)}
    file.info.update({**size, "WrapStyle": "2", "ScaledBorderAndShadow": "yes"})
    family = fonts.family_for(cue.text for cue in cues)
    file.styles["Default"] = pysubs2.SSAStyle(
        fontname=family,
        fontsize=float(LETTERS),
        outline=float(OUTLINE),
        shadow=float(SHADOW),
        marginl=120,
        marginr=120,
        marginv=66,
    )
    head = str(file.to_string("ass")).rstrip("\n") + "\n"
    # Its own events end at 9:59:59.99, whatever their times are.
    return head + "".join(f"{_event(cue)}\n" for cue in cues)


def _event(cue: Cue) -> str:
    text = ("{\\an8}" if cue.top else "") + styled.text(cue, _escaped, _code, "\\N", coloured=_coloured)
    return f"Dialogue: 0,{_clock(cue.start_ms)},{_clock(cue.end_ms)},Default,,0,0,0,,{text}"


def _coloured(line: str) -> str:
    return f"{{\\1c&H00FFFF&}}{line}{{\\1c}}"  # yellow, as blue, green, red; then the style's own again


def _clock(time_ms: int) -> str:
    seconds, hundredths = divmod(time_ms // 10, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{hundredths:02}"


def _code(kind: str, *, opens: bool) -> str:
    return f"{{\\{kind}{int(opens)}}}"


def _escaped(text: str) -> str:
    """Return text that libass shows as it is: a backslash begins a code, and braces hold some."""
    return text.replace("\\", f"\\{styled.GUARD}").replace("{", "\\{").replace("}", "\\}")


# --- reading: sections, formats, styles ---

#: Fields of a line where no ``Format:`` line says otherwise (libass, ass.c).
_EVENT_FIELDS = {
    "ass": "Layer Start End Style Name MarginL MarginR MarginV Effect Text",
    "ssa": "Marked Start End Style Name MarginL MarginR MarginV Effect Text",
}
_STYLE_FIELDS = {
    "ass": "Name Fontname Fontsize PrimaryColour SecondaryColour OutlineColour BackColour Bold Italic Underline "
    "StrikeOut ScaleX ScaleY Spacing Angle BorderStyle Outline Shadow Alignment MarginL MarginR MarginV Encoding",
    "ssa": "Name Fontname Fontsize PrimaryColour SecondaryColour TertiaryColour BackColour Bold Italic BorderStyle "
    "Outline Shadow Alignment MarginL MarginR MarginV AlphaLevel Encoding",
}
_SECTIONS = {
    "[script info]": "info",
    "[v4 styles]": "styles",
    "[v4+ styles]": "styles",
    "[v4++ styles]": "styles",
    "[events]": "events",
    "[fonts]": "other",
    "[graphics]": "other",
}
#: Kinds of events that show no text, or none to viewers.
_SILENT_EVENTS = ("Comment", "Picture", "Sound", "Movie", "Command")
_ANY_EVENT = re.compile(r"(dialogue|comment|picture|sound|movie|command):\s*(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class _Style:
    """A style as far as cues can hold it; ``alignment`` by the numbers of version 4."""

    on: frozenset[str] = frozenset()
    alignment: int = 2


@dataclass
class _State:
    """What is known of a file on the way through its lines."""

    section: str = ""
    version: str = "ass"
    wrap_style: int = 0
    #: The picture that places are told in, by ``PlayResX`` and ``PlayResY``.
    width: int = 0
    height: int = 0
    style_fields: list[str] | None = None
    event_fields: list[str] | None = None
    styles: dict[str, _Style] = field(default_factory=dict)
    found: Collector = field(default_factory=Collector)
    #: The layer of what is shown: times, place and text.
    layers: dict[tuple[int, int, int, float | None, str], str] = field(default_factory=dict)
    #: How often cues leave out a way of drawing text, and the line that has it first.
    looks: Counter[str] = field(default_factory=Counter)
    first_look: int = 0


def read(text: str) -> Reading:
    """Return what is in a file; whatever it does not give as a cue is a note."""
    state = _State()
    lines = text.split("\n")
    if any(_section_of(line.strip()) for line in lines):
        for number, line in enumerate(lines, start=1):
            _read_line(state, number, line.lstrip(" \t\ufeff"))
    else:
        _read_bare(state, lines)
    if state.looks:
        named = ", ".join(f"{name} ({count})" for name, count in state.looks.most_common())
        state.found.left(state.first_look, f"cues cannot hold all; the first stands here: {named}")
    return state.found.reading()


def _section_of(line: str) -> str:
    folded = line.lower()
    return _SECTIONS.get(folded) or ("other" if folded.startswith("[aegisub ") and folded.endswith("]") else "")


def _read_bare(state: _State, lines: Sequence[str]) -> None:
    """Read events that stand in no section; players open no such file."""
    if not any(line.strip() for line in lines):
        state.found.lost(0, "the file is empty")
        return
    if any(line.startswith("Dialogue:") for line in lines):
        state.found.mended(0, "it has no section such as [Events], and players open no such file; its events are read")
    else:
        state.found.lost(0, "it is no SubStation Alpha: it has neither a section such as [Events] nor an event")
    state.section = "events"
    for number, line in enumerate(lines, start=1):
        _read_line(state, number, line.lstrip(" \t\ufeff"))


def _read_line(state: _State, number: int, line: str) -> None:
    section = _section_of(line.strip())
    if section:
        state.section = section
        if line.strip().lower() == "[v4 styles]":
            state.version = "ssa"
    elif not line.strip():
        pass
    elif line.startswith((";", "!:")):
        if state.section == "events":  # elsewhere they are about the file
            state.found.left(number, "a comment between events", line)
    elif state.section == "info":
        _read_info(state, number, line)
    elif state.section == "styles" and not _ANY_EVENT.match(line):
        _read_style(state, number, line)
    elif state.section == "events":
        _read_in_events(state, number, line)
    elif _ANY_EVENT.match(line):
        where = "before any section" if not state.section else "outside of [Events]"
        state.found.mended(number, f"an event {where}, which players may not show, is read")
        _read_in_events(state, number, line)
    elif not state.section:
        state.found.lost(number, "it stands before any section, and players pass over it", line)
    else:
        _look(state, number, "lines of attachments or of an editor's own")


def _read_info(state: _State, number: int, line: str) -> None:
    key, _, value = line.partition(":")
    if key.strip().lower() == "wrapstyle":
        state.wrap_style = override_codes.integer(value) or 0
    elif key.strip().lower() == "playresx":
        state.width = override_codes.integer(value) or 0
    elif key.strip().lower() == "playresy":
        state.height = override_codes.integer(value) or 0
    elif _ANY_EVENT.match(line):
        state.found.mended(number, "an event outside of [Events], which players do not show, is read")
        _read_in_events(state, number, line)
    elif len(re.findall(r"[0-9]:[0-9]{2}:[0-9]{2}", value[:100])) > 1:
        state.found.lost(number, "it has times, and is neither an event nor in [Events]", line)
    elif not re.match(r"[\w .]{1,60}:", line):
        state.found.left(number, "it says nothing about the file", line)


def _read_style(state: _State, number: int, line: str) -> None:
    key, _, rest = line.partition(":")
    if key == "Format":
        state.style_fields = _names(rest)
    elif key == "Style":
        names = state.style_fields or _names(",".join(_STYLE_FIELDS[state.version].split()))
        values = dict(zip(names, (value.strip() for value in rest.split(",")), strict=False))
        on = frozenset(kind for kind, name in _STYLE_NAMES.items() if override_codes.integer(values.get(name, "")))
        state.styles[values.get("name", "").lstrip("*")] = _Style(on, _alignment(values, state.version))
        if len(values) < len(names):
            state.found.left(number, "a style has fewer fields than its Format line names", line)
    else:
        state.found.left(number, "it is no style", line)


_STYLE_NAMES = {"i": "italic", "b": "bold", "u": "underline"}


def _alignment(values: dict[str, str], version: str) -> int:
    number = override_codes.integer(values.get("alignment", "2")) or 2
    if version == "ass":
        return override_codes.OF_KEYPAD.get(number, 2)
    return {4: 11, 8: 3}.get(number, number)  # as VSFilter does, and libass after it


def _names(rest: str) -> list[str]:
    return [name.strip().lower() for name in rest.split(",")]


# --- reading: events ---


def _read_in_events(state: _State, number: int, line: str) -> None:
    found = _ANY_EVENT.match(line)
    if line.startswith("Format:"):
        if len(re.findall(r"[0-9]:[0-9]{2}:[0-9]{2}", line)) > 1:
            state.found.lost(number, "an event stands on the Format line of [Events]", line)
        state.event_fields = _names(line.removeprefix("Format:"))
    elif found is None:
        state.found.lost(number, "it is no event, and players pass over it", line)
    elif found.group(1) in _SILENT_EVENTS:
        state.found.left(number, f"a {found.group(1)} event shows no text", found.group(2))
    elif found.group(1) != "Dialogue":
        state.found.lost(number, f"{found.group(1)!r} is no kind of event for players: they are told by case", line)
    else:
        _read_dialogue(state, number, found.group(2))


def _read_dialogue(state: _State, number: int, rest: str) -> None:
    names = state.event_fields or _names(",".join(_EVENT_FIELDS[state.version].split()))
    values = _fields(state, number, names, _COMMA_TIMES.sub(r"\1\2:\3,\4:\5,", rest))
    if values is None:
        return
    start_ms, end_ms = (_time(state, number, values[name]) for name in ("start", "end"))
    if start_ms is None or end_ms is None:
        state.found.lost(number, "an event's time cannot be read", rest)
        return
    walk = _Walk(state, number, _style_of(state, values.get("style", "")), values["text"])
    text = "".join(piece for piece, _ in walk.parts)
    if not text.strip():
        if not state.found.notes or state.found.notes[-1].line != number:
            state.found.left(number, "an event shows no text", rest)
        return
    # Typesetters draw outlines by writing a line twice: on layers of their own, both stand in the same place.
    shown, layer = (start_ms, end_ms, walk.alignment, walk.height, text), values.get("layer", "0").strip()
    if state.layers.setdefault(shown, layer) != layer:
        state.found.left(number, f"on layer {layer} it shows what layer {state.layers[shown]} shows in its place", rest)
        return
    for name, value in values.items():
        if name in _OF_AN_EVENT and value.strip():
            state.found.left(number, _OF_AN_EVENT[name], value.strip())
        elif name not in _KNOWN_FIELDS and _WORDS.search(value):
            state.found.lost(number, f"words stand in the field {name!r}, which players do not know", value)
    if walk.height is not None:
        top = walk.height < _height(state) / 2
    else:
        top = walk.alignment in override_codes.TOP
        if walk.alignment in override_codes.MIDDLE:
            _look(state, number, "the middle of the picture")
    state.found.cue(number, start_ms, end_ms, walk.parts, top=top)


def _height(state: _State) -> int:
    """Return the height that places are told in, as libass takes it where the file says only half, or nothing."""
    if state.height > 0:
        return state.height
    return 288 if state.width <= 0 else 1024 if state.width == 1280 else max(1, state.width * 3 // 4)


#: Fields that say what no cue holds.
_OF_AN_EVENT = {
    "name": "the name of a speaker",
    "actor": "the name of a speaker",
    "effect": "what stands for an effect",
}
_KNOWN_FIELDS = {name.lower() for fields in _EVENT_FIELDS.values() for name in fields.split()} | _OF_AN_EVENT.keys()
#: Times with commas before their hundredths, which are the commas between fields as well.
_COMMA_TIMES = re.compile(
    r"^([^,]*,)([^,:]*:[0-9]{1,2}:[0-9]{1,2}),([0-9]{2}),([^,:]*:[0-9]{1,2}:[0-9]{1,2}),([0-9]{2}),"
)


def _fields(state: _State, number: int, names: list[str], rest: str) -> dict[str, str] | None:
    """Return an event's fields by name, or None where it has none to be sure of."""
    missing = [name for name in ("start", "end", "text") if name not in names]
    if missing:
        state.found.lost(number, f"the Format line of [Events] names no {missing[0].capitalize()}", rest)
        return None
    values = rest.split(",", len(names) - 1)
    if len(values) < len(names):
        state.found.lost(number, f"an event has {len(values)} of {len(names)} fields", rest)
        return None
    if names[-1] != "text" and "," in values[-1]:
        state.found.lost(number, "Text is not the last field, and its commas cannot be told from those of fields", rest)
        return None
    return dict(zip(names, values, strict=True))


#: Hours, minutes, seconds and hundredths. Players want all four and a point, and read as many digits as there are.
_TIME = re.compile(r"\s*(-?)(?:([0-9]{1,7}):)?([0-9]{1,5}):([0-9]{1,5})(?:([.,:])([0-9]{1,3}))?\s*")


def _time(state: _State, number: int, text: str) -> int | None:
    """Return a time in milliseconds, or None where there is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    minus, hours, minutes, seconds, point, fraction = found.groups()
    if point is None and hours is None:
        return None  # 00:01 may be hours and minutes
    whole_ms = ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000
    time_ms = whole_ms + int(fraction or 0) * (1 if fraction and len(fraction) == 3 else 10)
    if minus:
        # Players read the sign as that of the hours alone, and minus zero as zero.
        time_ms = max(0, time_ms - 2 * int(hours or 0) * 3_600_000)
        state.found.mended(number, f"a time is negative; it is read as players do, as {_clock(time_ms)}", text)
    elif hours is None or point != "." or len(fraction) != 2:
        state.found.mended(number, f"a time is not written as h:mm:ss.cc; it is read as {_clock(time_ms)}", text)
    return time_ms


def _style_of(state: _State, name: str) -> _Style:
    name = name.strip().lstrip("*")
    if name.lower() == "default":
        name = "Default"
    return state.styles.get(name) or state.styles.get("Default") or _Style()


def _look(state: _State, number: int, name: str) -> None:
    state.first_look = state.first_look or number
    state.looks[name] += 1


# --- reading: the text of an event ---


class _Walk:
    """A way through an event's text: its pieces with their styles, and where it stands.

    Args:
        state: of the file; what is passed over becomes a note there.
        number: the event's line.
        style: the event's own.
        text: the field.
    """

    def __init__(self, state: _State, number: int, style: _Style, text: str) -> None:
        self._state, self._number = state, number
        self._event_style = self._style = style
        self._on, self._wrap_style, self._drawing = set(style.on), state.wrap_style, False
        self._placed = self._hidden = False
        self.alignment = style.alignment
        #: Where ``\pos`` or ``\move`` sets it first, from the top of the picture; None without.
        self.height: float | None = None
        self.parts: list[tuple[str, frozenset[str]]] = []
        position, last_end = 0, text.rfind("}")
        while position < len(text):
            end = text.find("}", position) if text[position] == "{" and position < last_end else -1
            if end >= 0:
                self._block(text[position + 1 : end])
                position = end + 1
                continue
            start, unclosed = position, text[position] == "{"
            position += unclosed
            while position < len(text) and text[position] != "{":
                position += 2 if text.startswith("\\{", position) and not self._drawing else 1
            self._text(text[start:position])

    def _text(self, text: str) -> None:
        if not self._drawing and self._hidden and text.strip():
            self._state.found.left(self._number, "text that is wholly transparent is not shown", text)
        elif not self._drawing:
            self.parts.append((_plain(text, self._wrap_style), frozenset(self._on)))
        elif text.strip():
            self._state.found.left(self._number, "a drawing is no text", text)

    def _block(self, block: str, *, animated: bool = False) -> None:
        comment, *_ = block.split("\\", 1)
        if re.fullmatch(r"=[0-9=]+", comment.strip()):
            _look(self._state, self._number, "Aegisub's marks")
        elif comment.strip():
            self._state.found.left(self._number, "a comment in braces is not shown", f"{{{comment}}}")
        for code, value, inside in override_codes.codes_in(block):
            self._obey(code, value)
            if code in ("alpha", "r"):
                self._hidden = override_codes.is_transparent(value) and not animated and code == "alpha"
            if code in ("pos", "move") and self.height is None:
                self.height = override_codes.height_in(inside)
            if override_codes.has_words(code, value, inside):
                why = "words stand in a code, so no player shows them: is a brace missing?"
                self._state.found.lost(self._number, why, f"{{{block}}}")
                break
            if code == "t" and "\\" in inside and not animated:
                self._block(inside[inside.index("\\") :], animated=True)  # what an animation ends with

    def _obey(self, code: str, value: str) -> None:
        number = override_codes.integer(value)
        if code in STYLE_KINDS:
            self._switch(code, override_codes.turns(code, number))
        elif code in ("an", "a"):
            if not self._placed:  # the first one counts
                self.alignment = override_codes.placed(code, number) or self._event_style.alignment
            self._placed = True
        elif code == "r":
            self._style = self._state.styles.get(value.strip(), self._event_style) if value else self._event_style
            self._on = set(self._style.on)
        elif code == "p":
            self._drawing = (number or 0) > 0
        elif code == "q":
            self._wrap_style = self._state.wrap_style if number is None else number
        elif code not in ("k", "K", "kf", "ko", "kt"):
            _look(self._state, self._number, f"\\{code}" if code else "unknown codes")

    def _switch(self, kind: str, on: bool | None) -> None:
        on = kind in self._style.on if on is None else on
        (self._on.add if on else self._on.discard)(kind)


_WORDS = re.compile(r"[^\W\d_]{2}")


_ESCAPES = re.compile(r"\\([Nnh{}]|" + styled.GUARD + ")|\t")


def _plain(text: str, wrap_style: int) -> str:
    soft = "\n" if wrap_style == 2 else " "
    meant = {"N": "\n", "n": soft, "h": "\u00a0", "{": "{", "}": "}", styled.GUARD: "\\", None: " "}
    return _ESCAPES.sub(lambda found: meant[found.group(1)], text)
