"""Stage 06: find the songs of a film and mark the segments that are sung."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from samvad.core.times import seconds_to_ms
from samvad.documents import provenance, review, segments
from samvad.documents import songs as songs_document
from samvad.documents.segments import SegmentsDocument
from samvad.film import glossary as entries
from samvad.film import metadata
from samvad.logs.spans import span
from samvad.media import sound_curve
from samvad.media.sound_curve import SoundCurve
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.lyrics_detection import backends, songs, support
from samvad.stages.lyrics_detection.options import STAGE, Options


def titles_for(run: StageRun, duration_ms: int) -> list[str]:
    """Return the titles of the film's songs: from its metadata, and glossary entries of the context ``song``."""
    found = []
    path = run.read_optional("tmdb", "film_metadata")
    if path is not None:
        film = metadata.read(path)
        found += film.soundtrack
        if not run.reads_segments_of("ner") and (doubt := metadata.doubt_of_length(film, duration_ms)):
            run.warn(doubt)  # stage 05 says so, where it is on
    glossary = run.read_optional("glossary_load", "glossary")
    for entry in entries.read(glossary).entries if glossary is not None else ():
        if entry.context == "song":
            found += [entry.term, *entry.alternatives]
    return list(dict.fromkeys(found))


def choose_backend(run: StageRun, options: Options) -> backends.Backend | None:
    """Return the backend to use, recorded; None for none."""
    run.devices("cpu", "cpu")
    with span("model_loading"):
        backend = backends.choose(options, run.warn)
    run.used(
        *(backend.models if backend else ()),
        **provenance.library_versions(*(backend.packages if backend else ("numpy",))),
    )
    return backend


def heard_before(run: StageRun, backend: backends.Backend | None, audio: Path) -> SoundCurve | None:
    """Return what stage 04 heard in the same sound by the same weights; None where that is to be heard now."""
    if backend is None or backend.is_of is None or not run.has_read_what("asr", "audio"):
        return None
    path = run.read_optional("asr", "sound_curve")
    curve = sound_curve.read(path, "asr") if path else None
    return replace(curve, model="") if curve and backend.is_of(curve, audio) else None


def work(run: StageRun, options: Options) -> None:
    """Listen to the audio, find the songs, mark the segments."""
    rule = songs.SongRule(
        options.threshold, seconds_to_ms(options.min_song_seconds), seconds_to_ms(options.merge_gap_seconds)
    )
    document = segments.read(run.read_segments())
    audio = run.read("demux", "audio")
    titles = titles_for(run, document.duration_ms)
    decisions = review.read_songs(run.add_external_input(options.review, "review")) if options.review else ()
    backend = choose_backend(run, options)
    known = heard_before(run, backend, audio)
    if run.reuse(backend=backend.name if backend else "none"):
        return

    found: tuple[songs_document.Song, ...] = ()
    if backend is not None:
        with span("detection"):
            heard = known or backend.listen(audio)
        speaks = support.of_steps(document.segments, titles, len(heard.music), heard.step_ms)
        found = songs.find(heard, rule, speaks)
        sound_curve.write(run.output("sound_curve.json", "sound_curve"), heard)
    write(run, document, songs.obey(found, decisions))
    run.metric("song_titles_known", len(titles), "titles")
    run.metric("decided_by_a_person", len(decisions), "rows")


def write(run: StageRun, document: SegmentsDocument, found: tuple[songs_document.Song, ...]) -> None:
    """Write the marked segments and the songs, and record how much of them there is."""
    marked = songs.mark(document, found)
    segments.write(run.output("segments.json", "segments"), marked)
    songs_document.write(run.output("songs.json", "songs"), songs_document.Songs(songs=found))
    run.metric("songs", len(found), "songs")
    run.metric("song_seconds", sum(song.end_ms - song.start_ms for song in found) / 1000, "s")
    run.metric("song_segments", sum(segment.kind == "song" for segment in marked.segments), "segments")


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
