"""Draw subtitles into the picture, for players that show no tracks: the one place where a film is encoded anew."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from samvad.core import files
from samvad.documents.subtitles import ass_format, formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import clock, ffmpeg, film_headers
from samvad.stages.mux import installed_fonts, media

#: How small letters may become before a line is broken where it does not fit, as a share.
_SMALLEST = 0.75
#: Distance from the edges as a share of the picture: 5 % at the sides, 6 % below (inside the safe area of EBU R 95).
_SIDE, _FOOT = 0.05, 0.06
#: Transfer functions (ffmpeg's words) of pictures whose range no ordinary screen has.
_WIDE_RANGE = ("smpte2084", "arib-std-b67")
#: How ffmpeg's encoders want colours to be named, by what ffprobe calls them; its names of two gammas differ.
_COLOURS = {"color_space": "colorspace", "color_transfer": "color_trc", "color_primaries": "color_primaries"}
_GAMMAS = {"bt470m": "gamma22", "bt470bg": "gamma28"}


@dataclass(frozen=True)
class Shape:
    """A picture as it is shown: turned, and with square pixels."""

    width: int
    height: int

    @property
    def drawing(self) -> Shape:
        """Return the same shape, its shorter side 1080 long."""
        scale = Fraction(ass_format.SHORTER_SIDE, min(self.width, self.height))
        return Shape(round(self.width * scale), round(self.height * scale))


def shape_of(picture: film_headers.Picture) -> Shape:
    """Return the shape in which a player shows a picture."""
    across, _, down = (picture.pixel_aspect or "1:1").partition(":")
    aspect = Fraction(int(across), int(down)) if across.isdigit() and down.isdigit() and int(down) else Fraction(1)
    width = max(1, round(picture.width * (aspect or 1)))
    sideways = picture.rotation_degrees % 180 == 90
    return Shape(picture.height, width) if sideways else Shape(width, picture.height)


def letter_height(cues: Sequence[Cue], font: installed_fonts.Font, width: float) -> int:
    """Return how high letters are, in the measure of ``Shape.drawing``, so that the lines of cues fit into a width.

    They shrink to three quarters so that no line need be broken anew; then only so far that no word is cut off.
    """
    lines = [line for cue in cues for line in cue.lines]
    room = width - 2 * ass_format.OUTLINE - ass_format.SHADOW
    whole = room / max((font.width(line) for line in lines), default=1)
    words = room / max((font.width(word) for line in lines for word in line.split()), default=1)
    return max(1, int(min(ass_format.LETTERS, max(whole, _SMALLEST * ass_format.LETTERS), words)))


def drawn(cues: Sequence[Cue], shape: Shape, font: installed_fonts.Font) -> str:
    """Return cues as SubStation Alpha, laid out for a picture of a shape; lines that do not fit are broken."""
    import pysubs2

    picture = shape.drawing
    side = round(picture.width * _SIDE)
    file = pysubs2.SSAFile.from_string(formats.write("ass", cues), format_="ass")
    # WrapStyle 0 breaks lines that are too long, into parts of like length.
    file.info.update({"PlayResX": str(picture.width), "PlayResY": str(picture.height), "WrapStyle": "0"})
    file.styles["Default"] = pysubs2.SSAStyle(
        fontname=font.family,
        fontsize=float(letter_height(cues, font, picture.width - 2 * side)),
        outline=float(ass_format.OUTLINE),
        shadow=float(ass_format.SHADOW),
        marginl=side,
        marginr=side,
        marginv=round(picture.height * _FOOT),
    )
    return str(file.to_string("ass"))


def is_wide_range(picture: film_headers.Picture) -> bool:
    """Return whether a picture is HDR (ITU-R BT.2100), which an ordinary screen cannot show as it is."""
    return picture.colour.get("color_transfer") in _WIDE_RANGE


@functools.cache
def can_tone() -> bool:
    """Return whether ffmpeg can turn HDR into what ordinary screens show: its library zimg is left out of some builds.

    Raises:
        ToolError: ffmpeg is missing.
    """
    return ffmpeg.has_filter("zscale")


def toned(picture: ffmpeg.Stream, held: film_headers.Picture) -> ffmpeg.Stream:
    """Return a picture as ordinary screens show it: HDR in BT.709, another one as it is."""
    if not is_wide_range(held) or not can_tone():
        return picture
    stated = {
        "tin": held.colour["color_transfer"],
        "min": held.colour.get("color_space", "bt2020nc"),
        "pin": held.colour.get("color_primaries", "bt2020"),
        "rin": held.colour.get("color_range", "tv"),
    }
    # White as bright as paper is 100 cd/m²; brighter light is pressed together (the curve of Hable), its hue kept.
    light = picture.filter("zscale", t="linear", npl=100, **stated).filter("format", "gbrpf32le")
    narrow = light.filter("zscale", p="bt709").filter("tonemap", tonemap="hable", desat=0)
    return narrow.filter("zscale", t="bt709", m="bt709", r="tv").filter("format", "yuv420p")


def _colours(picture: film_headers.Picture) -> dict[str, str | int | list[str] | None]:
    """Return ffmpeg's options that state the copy's colours: the film's, which encoding does not hand on."""
    if is_wide_range(picture) and can_tone():
        return dict.fromkeys(_COLOURS.values(), "bt709")
    stated = {name: picture.colour[key] for key, name in _COLOURS.items() if key in picture.colour}
    if "color_trc" in stated:
        stated["color_trc"] = _GAMMAS.get(stated["color_trc"], stated["color_trc"])
    return {name: value for name, value in stated.items() if value not in ("gbr", "rgb")}


def burn(
    film: clock.Film,
    streams: tuple[film_headers.Stream, int | None],
    subtitles: Path,
    font: installed_fonts.Font,
    target: Path,
    folder: Path,
    crf: int,
    threads: int,
) -> None:
    """Write an MP4 of the film with subtitles drawn into its picture.

    The picture is encoded as H.264, one track of the sound as AAC. It keeps the film's pixels and their aspect, and is
    turned as it is shown.

    Args:
        film: the film, so that its pictures and its sound are drawn and heard on its clock.
        streams: its picture, and the number among its streams of the sound to take, if any.
        subtitles: the track to draw.
        font: what it is drawn in.
        target: the file to write.
        folder: where files may be written on the way.
        crf: quality of the picture: 18 is hardly told from the film, 28 is small.
        threads: CPU threads to use.

    Raises:
        MediaError: ffmpeg cannot do it.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    moving, sound = streams
    assert moving.picture is not None
    shape = shape_of(moving.picture)
    script = folder / "burn.ass"
    files.write_text(script, drawn(formats.read(subtitles).cues, shape, font))
    source = film.source(threads=threads)
    name, _, begin = ffmpeg.SHOWN.partition("=start=")
    picture = toned(source[str(moving.index)].filter(name, start=begin), moving.picture).filter(
        "ass",
        filename=str(script),
        fontsdir=str(font.path.parent),
        # The filter "subtitles" draws Devanagari letter by letter: it leaves libass at its simple shaper (ffmpeg 5.1).
        shaping="complex",
        # What the picture will look like tells libass how much wider a player draws the pixels.
        original_size=f"{shape.width}x{shape.height}",
    )
    options: ffmpeg.Options = {
        **{"c:v": "libx264", "crf": crf, "preset": "medium", "pix_fmt": "yuv420p", "threads": threads},
        **{"c:a": "aac", "b:a": "192k", "movflags": "+faststart", "f": "mp4"},
        **_colours(moving.picture),
        # Each picture at its time, however unevenly they come: ffmpeg's own way for MP4 repeats and leaves out some.
        **{"fps_mode:v": "vfr", "enc_time_base:v": "1:90000"},
    }
    heard = [] if sound is None else [source[str(sound)]]
    media.write(
        [picture, *heard],
        film.path,
        target,
        options,
        {"filter_complex_threads": threads},
        read_along=film.read_along,
    )
