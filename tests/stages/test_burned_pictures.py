"""Stage 10: subtitles drawn into pictures of every shape, in fonts that have the letters, with the chosen sound."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import support
import tools
from muxing import X264, ffmpeg, make_job
from samvad.core import files
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import clock, film_headers
from samvad.stages.mux import burn, drawn, installed_fonts

#: Two lines as long as subtitles may be, and a word that no line break helps.
LONG = ("We were walking along the river, and then", "the whole of Thiruvananthapuram was singing")
#: Pictures as films have them: name, pixels, aspect of a pixel, what else stands in the file.
SHAPES = {
    "wide": ("640x360", "1", ()),
    "cinema": ("1024x428", "1", ()),
    "portrait": ("360x640", "1", ()),
    "narrow": ("216x480", "1", ()),
    "square": ("400x400", "1", ()),
    "dvd, 16:9": ("720x576", "64/45", ()),
    "dvd, 4:3": ("720x480", "8/9", ()),
    "small": ("176x144", "12/11", ()),
    "turned": ("640x360", "1", ("-metadata:s:v:0", "rotate=90")),
}


def black_film(path: Path, size: str, aspect: str, *options: str) -> Path:
    picture = f"color=black:size={size}:rate=10:duration=2,setsar={aspect}"
    plain = path.with_name("upright.mp4")
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=duration=2", *X264, plain)
    ffmpeg("-i", plain, "-c", "copy", *options, path)
    return path


def shown(film: Path) -> NDArray[np.uint8]:
    """Return a picture of a film as players show it: turned, and with square pixels; grey."""
    shape = burn.shape_of(moving(film))
    view = ["-vf", f"scale={shape.width}:{shape.height},setsar=1", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    command = ["ffmpeg", "-v", "error", "-ss", "1", "-i", film, "-frames:v", "1", *view]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(shape.height, shape.width)


def moving(film: Path) -> film_headers.Picture:
    picture = film_headers.read(film).of_kind("video")[0].picture
    assert picture is not None
    return picture


def burned(film: Path, *lines: str, times: tuple[int, int] = (0, 2000)) -> Path:
    held, track, target = film_headers.read(film), film.with_name("track.srt"), film.with_name("burned.mp4")
    files.write_text(track, formats.write("srt", [Cue(*times, lines)]))
    streams = held.of_kind("video")[0], held.of_kind("audio")[0].index
    burn.burn(clock.opened(film, held), streams, track, installed_fonts.drawing(lines), target, film.parent, 10, 2)
    return target


@pytest.mark.parametrize("name", SHAPES)
def test_no_word_is_cut_off_whatever_the_shape(tmp_path: Path, name: str) -> None:
    film = black_film(tmp_path / "film.mp4", *SHAPES[name][:2], *SHAPES[name][2])
    result = burned(film, *LONG)
    before, after = burn.shape_of(moving(film)), burn.shape_of(moving(result))
    assert (after.width / after.height) == pytest.approx(before.width / before.height, rel=0.01)
    picture = shown(result)
    height, width = picture.shape
    rows, columns = np.nonzero(picture > 100)
    assert 0.04 * width <= columns.min() and columns.max() <= 0.96 * width, "inside the safe area"
    assert columns.max() - columns.min() > 0.5 * min(width, height * 16 / 9), "the line is large enough to be read"
    assert height / 2 < rows.min() and rows.max() < 0.96 * height, "at the foot of the picture"


@pytest.mark.parametrize("name", ["portrait", "dvd, 16:9", "dvd, 4:3", "turned"])
def test_letters_keep_their_proportions(tmp_path: Path, name: str) -> None:
    tools.font("Noto Sans")

    def ring(film: Path) -> Fraction:
        rows, columns = np.nonzero(shown(burned(film, "O")) > 100)
        return Fraction(int(columns.max() - columns.min() + 1), int(rows.max() - rows.min() + 1))

    wide = ring(black_film(tmp_path / "wide.mp4", "1280x720", "1"))
    size, aspect, options = SHAPES[name]
    other = black_film(
        tmp_path / "other.mp4", "x".join(str(2 * int(side)) for side in size.split("x")), aspect, *options
    )
    assert float(ring(other)) == pytest.approx(float(wide), rel=0.08)


def test_what_is_drawn_is_seen_at_its_time_and_what_is_not_is_missed(tmp_path: Path) -> None:
    film = black_film(tmp_path / "film.mp4", "320x180", "1")
    cues = [Cue(500, 1500, ("Hello",))]
    copy = clock.opened(burned(film, "Hello", times=(500, 1500)))
    assert drawn.look(clock.opened(film), copy, cues) == drawn.Seen(1, (), 0)
    assert drawn.look(clock.opened(film), copy, [Cue(200, 800, ("Hello",))]) == drawn.Seen(0, (), 1), "it comes late"
    assert drawn.look(clock.opened(film), clock.opened(film), cues) == drawn.Seen(0, (500,), 0)


def test_a_wide_range_is_toned_down_and_other_colours_keep_their_names(tmp_path: Path) -> None:
    def colours(*named: str) -> dict[str, str]:
        options = [
            word
            for name, value in zip(("color_primaries", "color_trc", "colorspace"), named, strict=True)
            for word in (f"-{name}", value)
        ]
        encoder = ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none:pools=1", *options)
        film = tmp_path / "film.mkv"
        picture = "testsrc2=size=128x72:rate=10:duration=1"
        ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=duration=1", *encoder, film)
        return dict(moving(burned(film, "O")).colour)

    named = {"color_space": "bt2020nc", "color_transfer": "bt2020-10", "color_primaries": "bt2020"}
    assert colours("bt2020", "bt2020-10", "bt2020nc").items() >= named.items()
    assert burn.can_tone()
    assert set(colours("bt2020", "smpte2084", "bt2020nc").values()) - {"tv"} == {"bt709"}


def test_letters_shrink_before_a_line_is_broken_and_no_further_than_can_be_read() -> None:
    font = installed_fonts.drawing(["a"])
    one, long = [Cue(0, 1, ("Hello",))], [Cue(0, 1, (" ".join(["word"] * 30),))]
    assert burn.letter_height(one, font, 1700) == 66
    assert burn.letter_height(long, font, 1700) == 49  # three quarters: libass breaks the line
    assert burn.letter_height([Cue(0, 1, ("w" * 100,))], font, 1700) < 49  # a word can't be broken


def without_indian_fonts(folder: Path) -> dict[str, str]:
    """Return an environment in which only fonts with Latin letters are installed."""
    only = folder / "fonts"
    only.mkdir()
    listed = subprocess.run(["fc-list", ":lang=en", "file"], capture_output=True, text=True, check=True).stdout
    for path in (Path(line.strip().rstrip(":")) for line in listed.splitlines()):
        if "DejaVuSans" in path.name or path.name == "NotoSans-Regular.ttf":
            (only / path.name).symlink_to(path)
    settings = folder / "fonts.conf"
    settings.write_text(f"<fontconfig><dir>{only}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>")
    return {"FONTCONFIG_FILE": str(settings)}


def test_letters_that_no_font_has_are_refused_before_the_work(tmp_path: Path) -> None:
    film = black_film(tmp_path / "film.mp4", "320x180", "1")
    inputs = make_job(tmp_path, film, (("hi", True),), duration_ms=2000, text="नमस्ते")
    options = ("--languages", "hi", "--default-track", "first", "--burn-in", "hi")
    done = support.run_script("mux", *inputs, *options, env=without_indian_fonts(tmp_path))
    assert done.returncode == 2
    assert "U+0928" in done.stderr and "fonts-noto-core" in done.stderr
    assert not list((tmp_path / "10_mux").glob("*.m*4")) and not list((tmp_path / "10_mux").glob("*.mkv"))


def test_the_copy_has_the_sound_that_was_recognised(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    tones = [word for pitch in (300, 1000) for word in ("-f", "lavfi", "-i", f"sine={pitch}:duration=2")]
    picture = ("-f", "lavfi", "-i", "color=black:size=320x180:rate=10:duration=2")
    ffmpeg(*picture, *tones, "-map", "0", "-map", "1", "-map", "2", *X264, film)
    first = json.loads(support.probe_document())["audio"][0]
    both = [first, {**first, "track": 1, "stream": 2}]
    inputs = make_job(tmp_path / "job", film, (("en", True),), duration_ms=2000, audio=both, chosen_audio_track=1)
    options = ("--languages", "en", "--default-track", "first", "--burn-in", "en", "--burn-in-crf", "40")
    done = support.run_script("mux", *inputs, *options)
    assert done.returncode == 0, done.stderr
    copy = Path(str(inputs[1])) / "10_mux" / "test.en.burned.mp4"
    command = ["ffmpeg", "-v", "error", "-i", copy, "-map", "0:a", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"]
    sound = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.int16)
    assert len(film_headers.read(copy).of_kind("audio")) == 1
    loudest = np.argmax(np.abs(np.fft.rfft(sound[4000:12000].astype(float))))
    assert loudest == pytest.approx(1000, abs=5)
