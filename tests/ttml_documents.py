"""TTML documents made at random, of all that may change when what of their text is shown."""

from __future__ import annotations

import random

_NAMESPACES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" '
    'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
)
_STYLES = (
    '<styling><style xml:id="gone" tts:display="none"/><style xml:id="chained" style="slanted"/>'
    '<style xml:id="slanted" tts:fontStyle="italic"/><style xml:id="shown" tts:display="auto"/>'
    '<style xml:id="heavy" tts:fontWeight="bold"/>{initial}</styling>'
)
_LOOKS = (
    'tts:display="none"',
    'tts:display="auto"',
    'style="gone"',
    'style="chained"',
    'style="shown gone"',
    'style="gone shown"',
    'style="slanted heavy"',
    'style="heavy" tts:fontStyle="normal"',
    'tts:fontStyle="italic"',
    'tts:fontStyle="normal"',
    'tts:fontWeight="normal"',
    'tts:textDecoration="underline"',
    'tts:textDecoration="noUnderline"',
    'tts:textDecoration="lineThrough"',
)
_CHANGES = (
    'tts:display="none"',
    'tts:display="auto"',
    'tts:color="red"',
    'tts:fontStyle="italic"',
    'tts:textDecoration="underline"',
)


class _Maker:
    """One document; what it has besides plain times is drawn for it as a whole, so that simple ones come, too."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = 0
        self.regions = self.random.choice([[], [], ["a"], ["a", "b"]])
        self.sequences, self.styles, self.spaces, self.changes = (self.random.random() < 0.45 for _ in range(4))
        self.ruby = self.random.random() < 0.2
        self.timed = self.random.choice([0.2, 0.5, 0.8])

    def document(self) -> str:
        regions = "".join(
            f'<region xml:id="{name}"{self.times(0.3)}{self.attributes(0)}{self.hidden()}>{self.change()}</region>'
            for name in self.regions
        )
        # Text in no region is another matter: players show none of it.
        region = f' region="{self.random.choice(self.regions)}"' if self.regions else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<tt {_NAMESPACES} xml:lang="en" ttp:frameRate="25" '
            f'ttp:tickRate="50"{self.preserved()}>'
            f"<head>{self.head()}<layout>{regions}</layout></head>"
            f"<body{region}{self.attributes(0.3)}>{self.change()}<div{self.attributes(0.3)}>{self.block(1)}</div></body></tt>"
        )

    def head(self) -> str:
        initial = f"<initial {self.random.choice(_LOOKS[-6:])}/>"
        return _STYLES.replace("{initial}", self.seldom(0.3 * self.styles, initial))

    def hidden(self) -> str:
        return self.seldom(0 if self.styles else 0.1, ' tts:display="none"')

    def preserved(self) -> str:
        return self.seldom(0.3 * self.spaces, ' xml:space="preserve"')

    def block(self, depth: int) -> str:
        made = self.change()
        for _ in range(self.random.randint(1, 3)):
            made += self.seldom(0.03, '<image src="a.png" type="image/png"/>')
            if depth < 3 and self.random.random() < 0.3:
                made += f"<div{self.region()}{self.attributes(0.5)}>{self.block(depth + 1)}</div>\n"
            else:
                made += f"<p{self.region()}{self.attributes(1)}>{self.inline(0)}</p>\n"
        return made

    def inline(self, depth: int) -> str:
        made = self.change()
        for _ in range(self.random.randint(0, 4)):
            kind = self.random.random()
            if kind < 0.45 or depth == 3:
                made += self.space() + self.word() + self.space()
            elif kind < 0.55:
                made += f"<br{self.times(0.1)}/>"
            elif kind < 0.6:
                made += "<metadata><ttm:desc>a note</ttm:desc></metadata>"
            elif kind < 0.65:
                made += "<!-- a comment -->"
            elif self.ruby and depth < 2 and kind < 0.75:
                made += (
                    f'<span tts:ruby="container"{self.times(0.2)}><span tts:ruby="base">{self.word()}</span> '
                    f'<span tts:ruby="text"{self.times(0.2)}>{self.word()}</span></span>'
                )
            else:
                made += f"<span{self.region()}{self.attributes(0.5)}>{self.inline(depth + 1)}</span>"
        return made

    def attributes(self, timed: float) -> str:
        made = self.times(self.timed * timed)
        if self.sequences:
            made += self.seldom(0.4, f' timeContainer="{self.random.choice(["seq", "seq", "par"])}"')
        if self.styles:
            made += self.seldom(0.4, f" {self.random.choice(_LOOKS)}")
        if self.spaces:
            made += self.seldom(0.3, f' xml:space="{self.random.choice(["preserve", "default"])}"')
        return made

    def times(self, often: float) -> str:
        made = self.seldom(often, f' begin="{self.time(8)}"')
        if self.random.random() < often:
            names = self.random.choice([["end"], ["end"], ["dur"], ["dur", "end"]])
            made += "".join(f' {name}="{self.time(20)}"' for name in names)
        return made

    def time(self, most: int) -> str:
        number = self.random.randint(0, most)
        return self.random.choice(
            [
                f"{number}s",
                f"{number}.5s",
                f"{number * 1000}ms",
                f"{number * 25}f",
                f"{number * 50}t",
                f"00:00:{number:02d}",
                f"00:00:{number:02d}.040",
                f"00:00:{number:02d}:{self.random.randint(0, 24):02d}",
            ]
        )

    def change(self) -> str:
        style = self.random.choice(_CHANGES)
        return self.seldom(0.4 * self.changes, f"<set{self.times(0.7)} {style}/>")

    def region(self) -> str:
        return self.seldom(0.15, f' region="{self.random.choice(self.regions)}"') if self.regions else ""

    def space(self) -> str:
        return self.random.choice(["", " ", "\n  ", " \t "] if self.spaces else ["", " "])

    def word(self) -> str:
        self.words += 1
        return f"w{self.words}"

    def seldom(self, often: float, written: str) -> str:
        return written if self.random.random() < often else ""


def made(count: int, first: int = 0) -> list[str]:
    """Return documents; the same numbers make the same ones."""
    return [_Maker(seed).document() for seed in range(first, first + count)]
