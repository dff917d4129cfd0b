"""How the result's pictures are shown: turned, stretched and coloured as in the film, by what its headers say."""

from __future__ import annotations

from pathlib import Path

from samvad.core import subprocesses
from samvad.media import film_headers, film_packets
from samvad.media.film_headers import Header, Picture
from samvad.media.film_packets import Packet

#: Numbers of ITU-T H.273 by ffmpeg's words for them; mkvpropedit's name of the property first.
_COLOUR = {
    "color_range": ("color-range", {"tv": 1, "pc": 2}),
    "color_space": (
        "color-matrix-coefficients",
        {"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "bt2020nc": 9, "bt2020c": 10},
    ),
    "color_transfer": (
        "color-transfer-characteristics",
        {
            **{"bt709": 1, "gamma22": 4, "bt470m": 4, "gamma28": 5, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7},
            **{"linear": 8, "iec61966-2-1": 13, "bt2020-10": 14, "bt2020-12": 15, "smpte2084": 16},
            **{"arib-std-b67": 18},
        },
    ),
    "color_primaries": (
        "color-primaries",
        {
            **{"bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "film": 8, "bt2020": 9},
            **{"smpte428": 10, "smpte431": 11, "smpte432": 12},
        },
    ),
}
#: How much the shape may differ: Matroska states it in whole pixels.
_ASPECT = 0.01
#: Data beside the pictures that make them look as they should, by ffprobe's names.
_SIDE_DATA = ("Mastering display metadata", "Content light level metadata", "DOVI configuration record")


def mend(film: Header, result: Path) -> tuple[Header, list[Packet]]:
    """Write into a Matroska result what its headers lack of the film's; return them, and the packets of its beginning.

    Raises:
        ToolError: mkvpropedit is missing, or fails.
    """
    header, packets = film_headers.read_with_packets(result, film_packets.BEGINNING_SECONDS)
    edits: list[str] = []
    for place, (own, made) in enumerate(zip(film.moving, header.moving, strict=False), start=1):
        if own.picture and made.picture and (found := _edits(own.picture, made.picture)):
            edits += ["--edit", f"track:v{place}", *(word for item in found for word in ("--set", item))]
    if not edits:
        return header, packets
    subprocesses.ask(["mkvpropedit", str(result), *edits])  # it moves no packet in time
    return film_headers.read(result), packets


def _edits(own: Picture, made: Picture) -> list[str]:
    edits = []
    if own.rotation_degrees != made.rotation_degrees:
        # Matroska, too, counts against the clock (RFC 9559, "ProjectionPoseRoll").
        edits += ["projection-type=0", f"projection-pose-roll={own.rotation_degrees}"]
    if own.aspect and not _alike(own, made):
        edits += [f"display-width={round(made.height * own.aspect)}", f"display-height={made.height}", "display-unit=0"]
    for key, (name, numbers) in _COLOUR.items():
        number = numbers.get(own.colour.get(key, ""))
        if number is not None and own.colour[key] != made.colour.get(key):
            edits.append(f"{name}={number}")
    return edits


def _alike(own: Picture, made: Picture) -> bool:
    return not own.aspect or not made.aspect or abs(made.aspect / own.aspect - 1) <= _ASPECT


def differences(film: Header, result: Header) -> list[str]:
    """Return in words how pictures of the result are shown otherwise than the film's; empty where they are not."""
    wrong = []
    for own, made in zip(film.moving, result.moving, strict=False):
        if own.picture is None or made.picture is None:
            continue
        name = f"picture {own.index}"
        if (own.picture.rotation_degrees - made.picture.rotation_degrees) % 360:
            turned = made.picture.rotation_degrees
            wrong.append(f"{name} is turned by {turned}°, not by {own.picture.rotation_degrees}°")
        if not _alike(own.picture, made.picture):
            wrong.append(f"{name} has another shape")
        if (own.picture.width, own.picture.height) != (made.picture.width, made.picture.height):
            wrong.append(f"{name} is {made.picture.width}x{made.picture.height} pixels")
        wrong += [
            f"{name} has {key} {made.picture.colour.get(key, 'unknown')}, not {value}"
            for key, value in own.picture.colour.items()
            if made.picture.colour.get(key) != value
        ]
        lost = [data for data in _SIDE_DATA if data in own.picture.side_data - made.picture.side_data]
        wrong += [f"{name} has lost its {data}" for data in lost]
    return wrong
