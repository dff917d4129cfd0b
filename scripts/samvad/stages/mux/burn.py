"""Draw subtitles into the picture, for players that show no tracks: the one place where a film is encoded anew."""

from __future__ import annotations

from pathlib import Path

from samvad.core import files
from samvad.documents.subtitles import fonts, formats
from samvad.media import ffmpeg
from samvad.stages.mux import installed_fonts, media


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
    cues = formats.read(subtitles).cues
    drawn = folder / "burn.ass"
    files.write_text(drawn, formats.write("ass", cues))
    family = fonts.family_for(cue.text for cue in cues)
    found = installed_fonts.find(family)
    fonts_folder = {} if found is None else {"fontsdir": str(found.path.parent)}
    source = ffmpeg.source(film, threads=threads)
    # The filter "subtitles" draws Devanagari letter by letter: it leaves libass at its simple shaper (ffmpeg 5.1).
    picture = source["V:0"].filter("ass", filename=str(drawn), shaping="complex", **fonts_folder)
    options: ffmpeg.Options = {
        **{"c:v": "libx264", "crf": crf, "preset": "medium", "pix_fmt": "yuv420p", "threads": threads},
        **{"c:a": "aac", "b:a": "192k", "movflags": "+faststart", "f": "mp4"},
    }
    media.write([picture, source["a:0?"]], film, target, options, {"filter_complex_threads": threads})
    return family
