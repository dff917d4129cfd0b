"""The XML of a TTML file as a tree with line numbers; what is not well-formed is repaired where that is sure.

expat reads it: without DTDs and entities of the file's own, and at any depth. Prefixes are resolved here, since files
with a ``tts:`` that nobody declared are common, and expat would refuse them whole.
"""

from __future__ import annotations

import html
import html.entities
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from samvad.documents.subtitles.reading import Collector

#: The namespaces, by the prefixes that the specification gives them. Those of the drafts (``2006/10/ttaf1`` and others)
#: stand for the same.
TT, STYLING, PARAMETER, METADATA = "tt", "tts", "ttp", "ttm"

_FRAGMENTS = {
    "": TT,
    "styling": STYLING,
    "style": STYLING,
    "styling-extension": STYLING,
    "style-extension": STYLING,
    "parameter": PARAMETER,
    "metadata": METADATA,
}
_TODAY = re.compile(r"http://www\.w3\.org/ns/ttml(?:#([a-z-]*))?")
_OTHER = re.compile(r"[^#]*(?:ttaf1|ttml)/?(?:#([a-z-]*))?")
_KNOWN_PREFIXES = frozenset({TT, STYLING, PARAMETER, METADATA, "smpte"})
_SMPTE = re.compile(r"http://www\.smpte-ra\.org/schemas/2052-1/\d+/smpte-tt.*")

#: What XML 1.0 allows in no file, not even escaped.
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags.

    Attributes:
        line: where it begins.
    """

    text: str
    line: int


@dataclass(slots=True, eq=False)
class Element:
    """An element.

    Attributes:
        space: its namespace: one of those above, ``smpte``, or its address.
        name: without a prefix.
        attributes: by namespace and name; that of names without a prefix is empty, that of ``xml:`` is ``xml``.
        line: where its start tag begins.
    """

    space: str
    name: str
    attributes: dict[tuple[str, str], str]
    line: int
    children: list[Element | Text] = field(default_factory=list)

    def get(self, name: str, space: str = "") -> str | None:
        """Return an attribute."""
        return self.attributes.get((space, name))

    def texts(self) -> Iterator[Text]:
        """Yield all text in it, in order."""
        stack: list[Element | Text] = [self]
        while stack:
            node = stack.pop()
            if isinstance(node, Text):
                yield node
            else:
                stack.extend(reversed(node.children))

    def elements(self) -> Iterator[Element]:
        """Yield all elements in it, in no order."""
        stack = [self]
        while stack:
            inner = [child for child in stack.pop().children if isinstance(child, Element)]
            yield from inner
            stack += inner

    @property
    def text(self) -> str:
        """Return all text in it in one line."""
        return " ".join(" ".join(part.text for part in self.texts()).split())


def parse(text: str, found: Collector) -> Element:
    """Return the root of a file, which is named ``tt``; what is repaired or lost on the way is said.

    Raises:
        ValueError: it is no XML, not TTML, or declares entities.
    """
    text = _without_illegal(text.removeprefix("\ufeff"), found)
    try:
        root = _Builder(text, found).root
    except (expat.ExpatError, _SkippedEntityError) as error:
        root = _repaired(text, found, str(error))
    if root.name != "tt":
        raise ValueError(f"its root is <{root.name}>, and that of TTML is <tt>")
    return root


def _repaired(text: str, found: Collector, error: str) -> Element:
    repairs = Collector()
    try:
        root = _Builder(_Repair(text, repairs).result(), repairs).root
        if root.text:
            found.notes += repairs.notes
            return root
    except expat.ExpatError:
        pass
    raise ValueError(f"it is not well-formed XML: {error}")


class _SkippedEntityError(Exception):
    """An entity that an outer DTD may declare: expat passes it over in silence, and the repair does not."""


def _without_illegal(text: str, found: Collector) -> str:
    first = ILLEGAL.search(text)
    if first is None:
        return text
    kept, count = ILLEGAL.subn("", text)
    line = text.count("\n", 0, first.start()) + 1
    found.mended(line, f"control characters, which XML does not allow, are taken out ({count}, the first one here)")
    return kept


class _Builder:
    """A tree, by expat."""

    def __init__(self, text: str, found: Collector) -> None:
        self._said: list[tuple[int, str]] = []
        self._stack: list[Element] = []
        self._spaces: dict[str, list[str]] = {"xml": ["xml"]}
        self._declared: list[list[str]] = []
        self._root: Element | None = None
        self._assumed: dict[str, str] = {}
        self._said_prefixes: set[str] = set()
        # The text is decoded already: what its declaration says of an encoding does not count any more.
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse_entity
        parser.SkippedEntityHandler = _skip_entity
        parser.Parse(text.encode(), True)
        for line, reason in self._said:  # not earlier: a file that is not well-formed is read twice
            found.mended(line, reason)

    @property
    def root(self) -> Element:
        assert self._root is not None  # expat refuses a file without one
        return self._root

    def _start(self, name: str, listed: list[str]) -> None:
        line = self._parser.CurrentLineNumber
        pairs = list(zip(listed[::2], listed[1::2], strict=True))
        declared = {key[6:]: uri for key, uri in pairs if key == "xmlns" or key.startswith("xmlns:")}
        for prefix, uri in declared.items():
            self._spaces.setdefault(prefix, []).append(_space(uri))
        self._declared.append(list(declared))
        space, local = self._resolve(name, line, (self._spaces.get("") or [""])[-1])
        if self._root is None and local == "tt":
            space = self._root_space(space, declared, name, line)
        elif space == "" or space in self._assumed:
            space = self._assumed.get(space, space)
        attributes = {
            self._resolve(key, line, ""): value for key, value in pairs if key != "xmlns" and key[:6] != "xmlns:"
        }
        element = Element(space, local, attributes, line)
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element
        self._stack.append(element)

    def _root_space(self, space: str, declared: dict[str, str], name: str, line: int) -> str:
        """Return the namespace of the root, and say so if it is not that of today."""
        uri = declared.get(name.partition(":")[0] if ":" in name else "", "")
        if space == TT and _TODAY.fullmatch(uri):
            return space
        if space == TT:
            self._said.append((line, f"the namespace {uri!r} is that of a draft, read as TTML's of today"))
        elif uri:
            self._said.append((line, f"the namespace {uri!r} is not TTML's, read as if it were"))
        else:
            self._said.append((line, "it names no namespace, read as TTML's"))
        self._assumed = {space: TT, "": TT}
        return TT

    def _resolve(self, name: str, line: int, default: str) -> tuple[str, str]:
        prefix, colon, local = name.partition(":")
        if not colon:
            return default, name
        known = self._spaces.get(prefix)
        space = known[-1] if known else prefix
        if not known and prefix in _KNOWN_PREFIXES and prefix not in self._said_prefixes:
            self._said_prefixes.add(prefix)
            self._said.append((line, f"the prefix {prefix}: is declared nowhere, read as TTML's"))
        return space, local

    def _end(self, name: str) -> None:
        self._stack.pop()
        for prefix in self._declared.pop():
            self._spaces[prefix].pop()

    def _characters(self, data: str) -> None:
        self._stack[-1].children.append(Text(data, self._parser.CurrentLineNumber - data.count("\n")))


def _space(uri: str) -> str:
    if _SMPTE.fullmatch(uri):
        return "smpte"
    found = _TODAY.fullmatch(uri) or _OTHER.fullmatch(uri)
    return _FRAGMENTS.get(found[1] or "", uri) if found else uri


def _refuse_entity(name: str, *_: object) -> None:
    raise ValueError(f"it declares an entity ({name!r}), which is not followed: write what it stands for in its place")


def _skip_entity(name: str, *_: object) -> None:
    raise _SkippedEntityError(f"undefined entity {name!r}")


_NAME = r"[^\W\d][\w.:-]*+"
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>{_NAME})(?P<attributes>(?:\s++{_NAME}\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'))*+)\s*+(?P<empty>/?)>"
)
#: A tag with slips in its attributes: no marks around a value, no space between two, an ampersand.
_LOOSE_TAG = re.compile(rf"<(?P<end>/?)(?P<name>{_NAME})(?P<attributes>(?:\"[^\"<]*+\"|'[^'<]*+'|[^<>\"'])*+)>")
_LOOSE_ATTRIBUTE = re.compile(rf"(?<![\w.:-])({_NAME})\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>/]++))")
_ENTITY = re.compile(r"&(?:#(?P<decimal>[0-9]{1,8})|#x(?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>[A-Za-z][A-Za-z0-9]{0,31}));")
_PLAIN = re.compile(r"[^<&]++")
_OWN_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARED = re.compile(rf"<!ENTITY\s+(?:%\s+)?({_NAME})")
_PAIRS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))
#: What a tag may be named that is not closed anywhere; others are text in angle brackets.
_VOCABULARY = frozenset(
    {"tt", "head", "body", "div", "p", "span", "br", "metadata", "styling", "style", "initial", "layout", "region"}
    | {"animation", "set", "animate", "image", "resources"}
)


#: What ends where something begins, when a file has forgotten to close it.
_ENDED_BY = {"body": "head", "div": "p", "p": "p"}


class _Repair:
    """A file that is not well-formed, written once more so that it is; its lines stay where they were.

    It goes over the text once. What a start tag opens is closed where its parent is; an end tag that closes nothing
    goes; ``&`` and ``<`` that begin nothing are text.
    """

    def __init__(self, text: str, found: Collector) -> None:
        self._text = text
        self._found = found
        self._made: list[str] = []
        self._open: list[str] = []
        self._open_by_name: Counter[str] = Counter()
        self._closed_at: int | None = None
        self._line = 1
        self._said: set[tuple[int, str]] = set()
        self._ends = set(re.findall(rf"</({_NAME})", text))

    def result(self) -> str:
        """Return the text; what is done to it is said."""
        position = 0
        missing: set[str] = set()  # ends that are known not to come, so that they are not looked for again
        while position < len(self._text) and self._closed_at is None:
            taken = self._next(position, missing)
            self._line += self._text.count("\n", position, taken)
            position = taken
        if self._closed_at is not None:
            self._after_root(position)
        elif self._open:
            self._found.lost(self._line, f"the file is cut off: it ends within <{self._open[-1]}>")
            self._made += [f"</{name}>" for name in reversed(self._open)]
        return "".join(self._made)

    def _next(self, position: int, missing: set[str]) -> int:
        text = self._text
        if plain := _PLAIN.match(text, position):
            self._say_text(plain[0])
            return plain.end()
        if text[position] == "&":
            return self._entity(position)
        for start, end in _PAIRS:
            if text.startswith(start, position) and end not in missing:
                stop = text.find(end, position + len(start))
                if stop >= 0:
                    return self._pair(position, stop + len(end), start)
                missing.add(end)
        if text.startswith("<!DOCTYPE", position):
            return self._doctype(position)
        tag = _TAG.match(text, position) or _LOOSE_TAG.match(text, position)
        if tag is None or not self._is_meant(tag):
            self._mended("a < that begins no tag, read as text")
            self._made.append("&lt;")
            return position + 1
        self._tag(tag)
        return tag.end()

    def _is_meant(self, tag: re.Match[str]) -> bool:
        name = tag["name"]
        if tag.re is _TAG and (tag["end"] or tag["empty"] or name in self._ends):
            return True
        return ":" in name or name in _VOCABULARY

    def _say_text(self, text: str) -> None:
        if not self._open and text.strip():
            self._found.lost(self._line, "it stands outside of the file's root", " ".join(text.split()))
            text = "\n" * text.count("\n")
        self._made.append(text.replace("]]>", "]]&gt;"))

    def _entity(self, position: int) -> int:
        found = _ENTITY.match(self._text, position)
        if found is None or not self._open:
            self._mended("an & that begins no entity, read as text")
            self._made.append("&amp;" if self._open else "")
            return position + 1
        name = found["name"]
        if name in _OWN_ENTITIES:
            self._made.append(found[0])
        elif name is not None:
            meant = html.entities.html5.get(name + ";")
            self._mended(f"{found[0]} is no entity of XML, read as {'in HTML' if meant else 'text'}")
            self._made.append(html.escape(meant if meant else found[0]))
        else:
            code = int(found["decimal"]) if found["decimal"] else int(found["hex"], 16)
            legal = code < 0x110000 and not ILLEGAL.match(chr(code))
            if not legal:
                self._mended(f"{found[0]} stands for no character, taken away")
            self._made.append(found[0] if legal else "")
        return found.end()

    def _pair(self, position: int, stop: int, start: str) -> int:
        piece = self._text[position:stop]
        if start == "<![CDATA[" and self._open:
            self._made.append(html.escape(piece[9:-3], quote=False))
        elif start == "<![CDATA[":
            self._say_text(piece[9:-3])
        else:  # comments and instructions say nothing to a player, and have rules of their own
            self._made.append("\n" * piece.count("\n"))
        return stop

    def _doctype(self, position: int) -> int:
        stop = self._text.find(">", position)
        subset = self._text.find("[", position, stop)
        if subset >= 0:
            stop = self._text.find("]", subset)
            stop = self._text.find(">", stop) if stop >= 0 else -1
        stop = stop + 1 if stop >= 0 else len(self._text)
        if entity := _DECLARED.search(self._text, position, stop):
            _refuse_entity(entity[1])
        self._made.append("\n" * self._text.count("\n", position, stop))
        return stop

    def _tag(self, tag: re.Match[str]) -> None:
        name, lines = tag["name"], tag[0].count("\n")
        if tag["end"]:
            self._made.append("\n" * lines)
            if not self._open_by_name[name]:
                self._mended(f"</{name}> closes nothing, passed over")
                return
            while self._open[-1] != name:
                self._close_last(f"</{name}>")
            self._open_by_name[self._open.pop()] -= 1
            self._made.append(f"</{name}>")
        else:
            if outer := _ENDED_BY.get(name.rpartition(":")[2]):
                self._close(outer, name)
            if tag.re is _LOOSE_TAG:
                self._mended(f"the tag <{name}> is not well-formed, read as it is meant", tag[0])
            written = self._attributes(tag["attributes"])
            empty = tag["attributes"].endswith("/") if tag.re is _LOOSE_TAG else tag["empty"]
            self._made.append(f"<{name}{written}{lines * chr(10)}{'/' if empty else ''}>")
            if not empty:
                self._open.append(name)
                self._open_by_name[name] += 1
        if not self._open:
            self._closed_at = self._line

    def _close(self, outer: str, name: str) -> None:
        """Close what is open and can't hold what begins now, a paragraph that of another one."""
        for place in range(len(self._open) - 1, max(-1, len(self._open) - 20), -1):
            if self._open[place].rpartition(":")[2] == outer:
                while len(self._open) > place:
                    self._close_last(f"<{name}>")
                return

    def _close_last(self, before: str) -> None:
        name = self._open.pop()
        self._open_by_name[name] -= 1
        self._mended(f"<{name}> is not closed before {before}, closed there")
        self._made.append(f"</{name}>")

    def _attributes(self, written: str) -> str:
        """Return attributes in one line, without those that come twice, and with no ampersand that begins nothing."""
        seen: dict[str, str] = {}
        for name, *values in _LOOSE_ATTRIBUTE.findall(written):
            if name in seen:
                self._mended(f"the attribute {name} comes twice, the first one is taken")
            seen.setdefault(name, " ".join(html.unescape(next(filter(None, values), "")).split("\n")))
        return "".join(f' {name}="{html.escape(ILLEGAL.sub("", value))}"' for name, value in seen.items())

    def _after_root(self, position: int) -> None:
        rest = re.sub(r"(?s:<!--.*?-->)|<[^<>]*+>", " ", self._text[position:])
        if rest.strip():
            self._found.lost(self._line, "it stands after the end of the file's root", " ".join(rest.split()))

    def _mended(self, reason: str, text: str = "") -> None:
        if (self._line, reason) not in self._said:  # a line may have thousands of the same
            self._said.add((self._line, reason))
            self._found.mended(self._line, reason, text)
