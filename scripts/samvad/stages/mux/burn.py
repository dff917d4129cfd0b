"""Draw subtitles into the picture, for players that show no tracks: the one place where a film is encoded anew."""

from __future__ import annotations

from pathlib import Path

from samvad.core import files
from samvad.documents.subtitles import fonts, formats
from samvad.stages.mux.media import run_ffmpeg

#: What ffmpeg's filters take for a sign of their own, at the two levels at which they look (ffmpeg-filters, "Notes on
#: filtergraph escaping").
_FIRST_LEVEL = ("\\", "'", ":")
_SECOND_LEVEL = ("\\", "'", "[", "]", ",", ";")


def burn(film: Path, subtitles: Path, target: Path, folder: Path, crf: int, threads: int) -> str:
    """Write an MP4 of the film with subtitles drawn into its picture; return the font family.

    The picture is encoded as H.264, the first track of the sound as AAC.

    Args:
        film: the film.
        subtitles: the track to draw.
        target: the file to write.
        folder: where files may be written on the way.
        crf: quality of the picture: 18 is hardly told from the film, 28 is small.
        threads: CPU threads to use.

    Raises:
        MediaError: ffmpeg cannot do it.
        DiskError: the disk is full.
        ToolError: ffmpeg or fontconfig is missing.
    """
    cues = formats.read(subtitles)
    drawn = folder / "burn.ass"
    files.write_text(drawn, formats.ass(cues))
    family = fonts.family_for(cue.text for cue in cues)
    found = fonts.find(family)
    # The filter "subtitles" draws Devanagari letter by letter: it leaves libass at its simple shaper (ffmpeg 5.1).
    options = f"filename={_escaped(str(drawn))}:shaping=complex"
    if found is not None:
        options += f":fontsdir={_escaped(str(found.path.parent))}"
    command = ["ffmpeg", "-nostdin", "-nostats", "-v", "error", "-y", "-threads", str(threads), "-i", f"file:{film}"]
    command += ["-map", "0:V:0", "-map", "0:a:0?", "-vf", f"ass={options}", "-c:v", "libx264", "-crf", str(crf)]
    command += ["-preset", "medium", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k", "-threads", str(threads)]
    run_ffmpeg([*command, "-movflags", "+faststart", "-f", "mp4"], film, target)
    return family


def _escaped(text: str) -> str:
    for signs in (_FIRST_LEVEL, _SECOND_LEVEL):
        for sign in signs:
            text = text.replace(sign, f"\\{sign}")
    return text
