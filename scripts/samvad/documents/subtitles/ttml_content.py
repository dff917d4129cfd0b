"""The content of a TTML file: its elements with the times, styles and regions that the specification gives them.

A player makes of a file a document for each interval in which nothing changes (TTML2, 11.3.1, intermediate synchronic
documents). What these need is worked out here once for each element; ``ttml_format`` puts the intervals together.
Nothing here calls itself: how deeply elements are nested is the file's affair.
"""

from __future__ import annotations

from samvad.core.times import clock
from samvad.documents.subtitles.reading import Collector
from samvad.documents.subtitles.ttml_intervals import resolve
from samvad.documents.subtitles.ttml_nodes import BLOCK, BREAK, PARAGRAPH, PICTURE, SPAN, TEXT, Change, Node, Region
from samvad.documents.subtitles.ttml_styles import Look, Screen, StyleSheet, identifier, own, regions_of
from samvad.documents.subtitles.ttml_times import Clock
from samvad.documents.subtitles.ttml_tree import METADATA, STYLING, TT, Element, Text

#: What people write who know HTML; it has no meaning in TTML, but there is only one that they can have meant.
_OF_HTML = {
    "i": {"fontStyle": "italic"},
    "em": {"fontStyle": "italic"},
    "b": {"fontWeight": "bold"},
    "strong": {"fontWeight": "bold"},
    "u": {"textDecoration": "underline"},
    "font": {},
}
#: Elements that hold data: pictures in letters, sounds, fonts. Their text is nobody's words.
_DATA = frozenset({"resources", "data", "chunk", "source", "font", "audio"})
#: Elements of the head that hold words about the file.
_ABOUT_THE_FILE = frozenset({"metadata", "profile", "features", "extensions"})
_CONTAINERS = frozenset({"container", "baseContainer", "textContainer"})


class Content:
    """The content of a file.

    Attributes:
        paragraphs: in order.
        regions: by name; text in no region is in the one without a name.
        screen: what they are laid out on.
        steps: how much work its changes have been so far.
        bad_times: what is wrong with times that can't be read, each with its line.
    """

    def __init__(self, root: Element, clock: Clock, found: Collector) -> None:
        """Work out the times, styles and regions of a file's content; what is lost or mended is said."""
        self._clock = clock
        self._found = found
        self._sheet = StyleSheet(root, found)
        self.paragraphs: list[Node] = []
        self.bad_times: dict[str, int] = {}
        self.steps = 0
        self._inline_regions: set[str] = set()
        self.regions = self._regions(root)
        self.screen = Screen(root, [region.styles for region in self.regions.values()])
        for body in self._grown(root):
            resolve(body)
            self._settle(body)
        self._place()

    def _regions(self, root: Element) -> dict[str, Region]:
        regions: dict[str, Region] = {}
        for element in regions_of(root):
            name = identifier(element)
            if not name or name in regions:
                self._found.left(element.line, "a region without a name, or with that of another one")
                continue
            in_sequence = element.get("timeContainer") == "seq"
            node = Node(BLOCK, element.line, name="region", in_sequence=in_sequence)
            self._read_times(element, node)
            self._read_changes(element, node)
            # A region goes on until it is ended: what is in it does not count.
            resolve(node, indefinite=True)
            regions[name] = region = _region(self._sheet.initial | self._sheet.of(element))
            region.changes, region.begin, region.end = node.changes, node.begin, node.end
            region.unplaced = node.unplaced or node.endless
        return regions

    # What stands in what.

    def _grown(self, root: Element) -> list[Node]:
        """Return the bodies of a file, which has one if it is in order."""
        keeps = root.get("space", "xml") == "preserve"
        outer = Node(BLOCK, root.line, name="tt", keeps_space=keeps)
        bodies: list[Node] = []
        pending: list[tuple[Element, Node]] = []
        for child in root.children:
            if isinstance(child, Text):
                self._stray(child, outer)
            elif (child.space, child.name) == (TT, "head"):
                self._look_at_head(child)
            elif (child.space, child.name) == (TT, "body"):
                if bodies:
                    self._found.mended(child.line, "a second <body>, read as the first one")
                bodies.append(self._node(child, outer, BLOCK))
                pending.append((child, bodies[-1]))
            else:
                inner = self._element(child, outer)
                if inner is not None:
                    self._found.mended(child.line, f"<{child.name}> stands outside of <body>, read as in it")
                    pending.append((child, inner))
        while pending:
            element, node = pending.pop()
            for child in element.children:
                if isinstance(child, Text):
                    self._say(child, node)
                elif (inner := self._element(child, node)) is not None:
                    pending.append((child, inner))
        return bodies + outer.children

    def _look_at_head(self, head: Element) -> None:
        """Say what text is in the head: words about the file, and what got there by mistake."""
        stack: list[Element] = [head]
        while stack:
            element = stack.pop()
            for child in reversed(element.children):
                if isinstance(child, Text):
                    if child.text.strip():
                        self._found.lost(child.line, f"it stands in <{element.name}>, in the head", child.text.strip())
                elif child.space == TT and child.name not in _DATA | _ABOUT_THE_FILE:
                    stack.append(child)
                elif child.space == TT and child.name in _DATA:
                    self._found.left(child.line, f"<{child.name}>: a picture, a sound or a font, no text")
                elif _has_words(child):
                    is_content = any(part.space == TT and part.name in ("p", "span") for part in child.elements())
                    say = self._found.lost if is_content else self._found.left
                    say(child.line, f"words about the file, in its head (<{child.name}>)", child.text)

    def _node(self, element: Element, parent: Node, kind: str) -> Node:
        space = element.get("space", "xml")
        node = Node(
            kind,
            element.line,
            parent,
            keeps_space=parent.keeps_space if space is None else space == "preserve",
            name=element.name,
            in_sequence=element.get("timeContainer") == "seq",
            styles=self._sheet.of(element),
            own_region=(element.get("region") or "").strip(),
        )
        if element.get("condition"):
            self._found.mended(element.line, "whether it is shown hangs on a condition, read as if it held")
        node.ruby = node.styles.get("ruby", "none") if kind == SPAN else "none"
        node.ruby = "" if node.ruby == "none" else node.ruby
        self._read_times(element, node)
        self._read_changes(element, node)
        pictures = {("smpte", "backgroundImage"), (STYLING, "backgroundImage")}
        node.has_picture = not pictures.isdisjoint(element.attributes)
        return node

    def _element(self, element: Element, parent: Node) -> Node | None:
        """Take an element into what it stands in; return a node whose children are to be looked at."""
        name = element.name
        if element.space != TT:
            self._foreign(element, parent)
            return None
        if name in ("body", "div", "p"):
            return self._block(element, parent)
        if name == "span" or (name in _OF_HTML and parent.is_inline):
            return self._span(element, parent)
        if name == "br" and parent.is_inline:
            return self._break(element, parent)
        if name == "metadata":
            if _has_words(element):
                self._found.left(element.line, "words about the subtitle (<metadata>)", element.text)
            return None
        if name == "image":
            self._found.lost(element.line, "picture subtitles: there is no text to read")
            parent.children.append(self._node(element, parent, PICTURE))
        elif name == "region":  # of its parent's own (TTML2, 11.1.2)
            parent.own_region = f"<region> in line {element.line}"
            self._inline_regions.add(parent.own_region)
            self.regions[parent.own_region] = _region(self._sheet.initial | self._sheet.of(element))
        if name in _DATA:
            self._found.left(element.line, f"<{name}>: a picture, a sound or a font, no text")
        elif text := element.text:
            self._found.lost(element.line, f"it stands in <{name}>, which holds no text here", text)
        return None

    def _break(self, element: Element, parent: Node) -> Node | None:
        node = self._node(element, parent, BREAK)
        node.text = "\n"
        parent.children.append(node)
        if not any(isinstance(child, Text) or child.name not in ("metadata", "set") for child in element.children):
            return None
        self._found.mended(element.line, "<br> has something in it, read as what follows it")
        inner = self._node(element, parent, SPAN)
        inner.name = "span"
        parent.children.append(inner)
        return inner

    def _block(self, element: Element, parent: Node) -> Node:
        name = element.name
        if parent.is_inline:
            self._found.mended(element.line, f"<{name}> stands in <{parent.name}>, read as lines of their own")
            node = self._node(element, parent, SPAN)
            before, behind = (Node(BREAK, element.line, parent, "\n", name="br") for _ in range(2))
            parent.children += [before, node, behind]
            return node
        if name == "p" and parent.name == "body":
            self._found.mended(element.line, "<p> stands in <body> without a <div>, read as if it had one")
        node = self._node(element, parent, PARAGRAPH if name == "p" else BLOCK)
        parent.children.append(node)
        return node

    def _span(self, element: Element, parent: Node) -> Node:
        if not parent.is_inline:
            self._found.mended(element.line, "<span> stands outside of any <p>, read as if it had one")
            implied = Node(PARAGRAPH, element.line, parent, keeps_space=parent.keeps_space, name="p")
            parent.children.append(implied)
            parent = implied
        node = self._node(element, parent, SPAN)
        if element.name != "span":
            self._found.mended(element.line, f"<{element.name}> is of HTML, not of TTML, read as it is meant there")
            node.styles = node.styles | _OF_HTML[element.name]
        parent.children.append(node)
        return node

    def _foreign(self, element: Element, parent: Node) -> None:
        if not _has_words(element):
            return
        if element.space == METADATA or not parent.is_inline:
            self._found.left(element.line, f"words about the subtitle (<{element.name}>)", element.text)
        else:
            self._found.lost(element.line, f"<{element.name}> is no element of TTML", element.text)

    def _say(self, piece: Text, node: Node) -> None:
        if not node.is_inline:
            self._stray(piece, node)
        elif node.ruby in _CONTAINERS:
            if piece.text.strip():
                self._found.lost(piece.line, "it stands in ruby, and is neither base nor reading", piece.text.strip())
        elif node.children and node.children[-1].kind == TEXT:
            node.children[-1].text += piece.text
        else:
            node.children.append(Node(TEXT, piece.line, node, piece.text, keeps_space=node.keeps_space, name="text"))

    def _stray(self, piece: Text, node: Node) -> None:
        if piece.text.strip():
            reason = f"it stands in <{node.name}>, outside of any <p>, so no player shows it"
            self._found.lost(piece.line, reason, piece.text.strip())

    def _read_times(self, element: Element, node: Node) -> None:
        node.explicit = {}
        bad: dict[str, str] = {}
        for name in ("begin", "dur", "end"):
            written = element.get(name)
            if written is None:
                continue
            if written.strip() in ("indefinite", "media"):
                self._found.mended(element.line, f"{name}={written!r} is a time of SMIL, not of TTML, read as none")
                continue
            try:
                seconds, slip = self._clock.seconds(written)
            except ValueError as error:
                bad[name] = f"{name}={written[:40]!r} of <{element.name}> in line {element.line}: {error}"
            else:
                node.explicit[name] = seconds
                if slip:
                    read = clock(round(seconds * 1000))
                    self._found.mended(element.line, f"{name}={written!r}: {slip}; read as {read}")
        if "begin" in bad:
            node.unplaced = bad.pop("begin")
            self.bad_times[node.unplaced] = element.line
        for name, reason in bad.items():
            if ("end" if name == "dur" else "dur") in node.explicit:
                self._found.mended(element.line, f"{reason}; passed over, as its end is known without it")
            else:
                node.endless = reason
                self.bad_times[reason] = element.line

    def _read_changes(self, element: Element, node: Node) -> None:
        for child in element.children:
            if isinstance(child, Element) and (child.space, child.name) == (TT, "set"):
                timed = Node(BLOCK, child.line, name="set")
                self._read_times(child, timed)
                if timed.unplaced or timed.endless:
                    self._found.mended(child.line, f"{timed.unplaced or timed.endless}; the change is passed over")
                else:
                    node.changes.append(Change(own(child), timed.explicit))

    # What each element has from those around it.

    def _settle(self, body: Node) -> None:
        stack = [body]
        while stack:
            node = stack.pop()
            parent = node.parent
            look, place, changing = Look(), None, False
            node.appears, node.goes = node.begin, node.end
            node.region = node.own_region
            if parent is not None:
                look, place, changing = parent.look, parent.place, parent.changing
                node.appears, node.goes = max(node.begin, parent.appears), min(node.end, parent.goes)
                node.unplaced = parent.unplaced or node.unplaced
                node.endless = node.endless or parent.endless
                node.region = node.own_region or parent.region
                is_other = node.own_region and parent.region not in ("", node.own_region)
                if is_other and node.own_region not in self._inline_regions and not node.unplaced:
                    node.unplaced = (
                        f"its region {node.own_region!r} is another than that of what it stands in, "
                        f"{parent.region!r}, so no player shows it"
                    )
            node.look = look.within(node.styles)
            node.changing = changing or any(change.styles for change in node.changes)
            if node.place is None:
                node.place = node.styles if {"origin", "position"} & node.styles.keys() else place
            if parent is not None:
                node.steps, node.never = parent.steps + len(node.changes) + 1, parent.never
                node.container, node.base, node.reading = parent.container, parent.base, parent.reading
            if node.ruby == "container":
                node.container = node.container or node
            elif node.ruby == "base":
                node.base = node.base or node
            elif node.ruby in ("text", "delimiter"):
                node.reading = node.reading or node
            if node.never is None and node.appears >= node.goes:
                node.never = node
            if node.has_picture and node.has_text:
                self._found.left(node.line, "a picture behind text")
            elif node.has_picture:
                self._found.lost(node.line, "picture subtitles: there is no text to read")
            if node.kind == PARAGRAPH:
                self.paragraphs.append(node)
            stack.extend(reversed(node.children))

    def _place(self) -> None:
        """Give the text that names no region, or one that is not there, the region that is meant."""
        leaves = [leaf for paragraph in self.paragraphs for leaf in paragraph.leaves()]
        defined = self.regions.keys() - self._inline_regions
        without = [leaf for leaf in leaves if not leaf.region]
        is_used = any(leaf.region in defined for leaf in leaves)
        for leaf in leaves:
            if leaf.region and leaf.region not in self.regions:
                reason = f"there is no region {leaf.region!r}, read as text at the foot of the picture"
                self._found.mended(leaf.line, reason)
                self.regions[leaf.region] = _region(self._sheet.initial)
        if without and defined and is_used:
            for leaf in without:
                leaf.unplaced = leaf.unplaced or (
                    "it is in no region, and the file has some, so no player shows it: give it one"
                )
        elif without:
            self.regions[""] = _region(self._sheet.initial)
            if defined:
                self._found.mended(
                    without[0].line,
                    "none of its text is in a region, though the file has some, so that a player shows nothing: "
                    "read as text at the foot of the picture",
                )


def _region(styles: dict[str, str]) -> Region:
    return Region(styles, look=Look().within(styles))


def _has_words(element: Element) -> bool:
    """Say whether an element has text that is not a picture in letters."""
    pending = [element]
    while pending:
        node = pending.pop()
        if node.name == "image" or (node.space == TT and node.name in _DATA):
            continue
        for child in node.children:
            if isinstance(child, Element):
                pending.append(child)
            elif child.text.strip():
                return True
    return False
