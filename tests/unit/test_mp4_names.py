"""Tracks of MP4 and QuickTime are called what people called them: a commentary is one by its name alone."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from muxing import ffmpeg
from samvad.media import film_headers, mp4_names

_FILM = [
    *("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=1", "-f", "lavfi", "-i", "sine=duration=1"),
    *("-map", "0", "-map", "1", "-map", "1", "-map", "1", "-c:v", "mpeg4", "-c:a", "aac"),
]
_NAMES = ["-metadata:s:a:0", "title=निर्देशक की टिप्पणी", "-metadata:s:a:0", "handler_name=Stereo"]
_HANDLER = ["-metadata:s:a:1", "handler_name=Audio description"]


@pytest.mark.parametrize("name", ["film.mov", "film.mp4", "fragments.mp4"])
def test_a_track_has_its_own_name_or_that_of_its_handler(tmp_path: Path, name: str) -> None:
    shape = ["-movflags", "frag_keyframe+empty_moov+delay_moov"] if name.startswith("fragments") else []
    ffmpeg(*_FILM, *_NAMES, *_HANDLER, *shape, tmp_path / name)
    titles = [stream.title for stream in film_headers.read(tmp_path / name).streams]
    assert titles == ["", "निर्देशक की टिप्पणी", "Audio description", ""]


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _track(number: int, *names: bytes, version: int = 0) -> bytes:
    times = bytes(16 if version else 8)
    head = _box(b"tkhd", bytes([version, 0, 0, 3]), times, struct.pack(">I", number), bytes(60))
    return _box(b"trak", head, _box(b"mdia", bytes(40)), _box(b"udta", *names))


def _international(text: bytes, language: int) -> bytes:
    return _box(b"\xa9nam", struct.pack(">HH", len(text), language), text)


def test_quicktime_states_a_names_length_and_language(tmp_path: Path) -> None:
    film = tmp_path / "film.mov"
    tracks = [
        _track(7, _international("Commentaire du réalisateur".encode("mac-roman"), 1)),
        _track(9, _international("Kommentar über alles".encode(), 0x15C7), version=1),
        _track(3, _box(b"free", b"\0" * 4), _box(b"name", b"Two\0words\n")),
        _track(4, _box(b"name", b"")),
    ]
    film.write_bytes(_box(b"ftyp", b"qt  ") + _box(b"mdat", bytes(100)) + _box(b"moov", *tracks))
    assert mp4_names.read(film) == {7: "Commentaire du réalisateur", 9: "Kommentar über alles", 3: "Two words"}


def test_boxes_that_lie_have_no_names(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    whole = _box(b"ftyp", b"isom") + _box(b"moov", _track(1, _box(b"name", b"Commentary")))
    film.write_bytes(whole)
    assert mp4_names.read(film) == {1: "Commentary"}
    for cut in range(len(whole)):
        film.write_bytes(whole[:cut])
        assert mp4_names.read(film) == {}
    place = whole.index(b"name") - 4
    for length in (0xFFFFFFFF, 7, 1):
        film.write_bytes(whole[:place] + struct.pack(">I", length) + whole[place + 4 :])
        assert mp4_names.read(film) == {}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SoundHandler", ""),
        ("Core Media Audio", ""),
        ("#Mainconcept MP4 Sound Media Handler", ""),
        ("ISO Media file produced by Google Inc.", ""),
        ("Stereo", ""),
        ("GPAC ISO Audio Handler", ""),
        ("\fCommentary by the director", "Commentary by the director"),
        ("Audio description", "Audio description"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_what_a_program_calls_all_tracks_is_no_name(name: str, told: str) -> None:
    assert mp4_names.of_handler(name) == told
