"""Speech under music and noise that nobody hears: how much of it gets text, is named as missing, or is lost in silence.

Recordings over recorded and made music and noise, at several ratios, and the same sounds without speech. Each is heard
as stage 04 hears it, by its own detectors and recogniser (Whisper base, int8), once; what is found by weak signs of a
voice (``samvad.stages.asr.covered``) is counted apart, so that there are two lines of each: before, and since.

Spoken is what Silero hears of the recording alone. Lost is what of that has no text and is in no gap of coverage.json.

Half 0 of voices, music and noise is what limits were set on, half 1 what they are reported on.

Usage: envs/run asr ../benchmarks/covered_speech.py [--half N] [--engine ENGINE] [--over 0 -5 -10] [--voices N]
       [--only EXPRESSION] [--threads N] [--detect] [--after-speech]

With --detect nothing is recognised: what a detector hears is then missing, and what is perhaps speech or lost is the
most that can be. With --after-speech each sound follows a clear voice, as in a film, so that it is known how loud its
speech is.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from clips import Samples, recording
from recognition import MEDIA, ROOT, write_wav
from sound_files import RATE_HZ

sys.path.insert(0, str(ROOT / "scripts"))

from samvad.documents import coverage
from samvad.sample import unspoken

#: Language, recording, and the part of it in seconds.
VOICES: dict[int, tuple[tuple[str, str, float, float | None], ...]] = {
    0: (
        ("en", "B_english/en_librivox_0870.wav", 0, None),
        ("en", "B_english/en_leopard_quilter.wav", 0, None),
        ("en", "B_english/en_jfk.flac", 0, None),
        ("hi", "A_indic/hi_story_2426_029.wav", 0, None),
        ("hi", "A_indic/hi_story_3437_020.wav", 0, None),
    ),
    1: (
        ("en", "B_english/en_sonnet_p003.mp3", 5, 17),
        ("en", "B_english/en_acoustic_corpus.wav", 0, 10),
        ("en", "B_english/en_cv_22058264.mp3", 0, None),
        ("hi", "A_indic/hi_story_2645_029.wav", 0, None),
        ("hi", "A_indic/hi_story_2070_003.wav", 0, None),
    ),
}
#: Recorded music and noise, each with its part in seconds; then what code makes.
RECORDED: dict[int, tuple[tuple[str, float, float | None], ...]] = {
    0: (
        ("C_music_noise/mix_musan.mp3", 0, 11),
        ("C_music_noise/mix_musan.mp3", 29.2, 40.8),
        ("C_music_noise/song_es_Fantasma_-_L.mp3", 0, 8.5),
    ),
    1: (
        ("C_music_noise/mix_musan.mp3", 11, 22),
        ("C_music_noise/mix_musan.mp3", 41, 52.6),
        ("C_music_noise/song_es_Fantasma_-_L.mp3", 8.5, 17),
        ("C_music_noise/music_sax.wav", 0, None),
        ("D_video/bbb_51.mp4", 0, None),
    ),
}
MADE = {
    0: ("dance", "drums", "chords", "crowd", "rain", "train", "wind"),
    1: ("dance", "strings", "drone", "melody", "engine", "applause", "waves", "laughter"),
}
_VOICE_DB, _ALONE_DB, _PAUSE_SECONDS, _MADE_SECONDS, _UNSPOKEN_SECONDS = -26.0, -18.0, 2, 12, 20


@dataclass(frozen=True)
class Case:
    """A sound, its language, and how much louder the voice in it is than the rest, in dB; no voice: None."""

    name: str
    language: str
    ratio_db: float | None
    sound: Samples
    voice: Samples


@dataclass
class Sums:
    """Seconds: spoken, with text, without text and named, perhaps speech and named, lost; words beside all speech.

    Attributes:
        hidden: seconds of what is lost that lie where sound is said to be too loud to hear speech in it.
        loud: all seconds of which that is said.
    """

    spoken: float = 0.0
    text: float = 0.0
    missing: float = 0.0
    perhaps: float = 0.0
    lost: float = 0.0
    seconds: float = 0.0
    named: float = 0.0
    words: int = 0
    hidden: float = 0.0
    loud: float = 0.0

    def add(self, other: Sums) -> None:
        """Add the figures of another sound."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def line(self) -> str:
        """Return the figures for people."""
        return (
            f"spoken {self.spoken:5.1f} s: text {self.text:5.1f}, missing {self.missing:4.1f}, perhaps "
            f"{self.perhaps:4.1f}, lost {self.lost:4.1f} ({self.hidden:.1f} where it is too loud); "
            f"{self.seconds:5.1f} s in all, perhaps {self.named:4.1f}, too loud {self.loud:4.1f}, {self.words} words"
        )


def rms(sound: Samples) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(sound))))


def at(sound: Samples, level_db: float) -> Samples:
    """Return a sound whose audible part has a level in dB of full scale."""
    audible = sound[np.abs(sound) > 0.02 * np.abs(sound).max()]
    return sound / rms(audible) * 10 ** (level_db / 20)


def beds(half: int) -> dict[str, Samples]:
    """Return the music and noise of a half by name."""
    found = {
        f"{Path(name).stem}@{start}": np.asarray(recording(name, start, end)) for name, start, end in RECORDED[half]
    }
    made = {
        f"made {kind}": unspoken.make(kind, _MADE_SECONDS, 700 + 111 * half + n) for n, kind in enumerate(MADE[half])
    }
    return {**found, **made}


def covered(half: int, ratios: list[float], voices: int) -> Iterator[Case]:
    """Yield speech over each music and noise of a half, by so many of its voices."""
    pause = np.zeros(_PAUSE_SECONDS * RATE_HZ)
    for number, (name, bed) in enumerate(beds(half).items()):
        for place in range(voices):
            language, file, start, end = VOICES[half][(number + place) % len(VOICES[half])]
            voice = np.concatenate([pause, at(np.asarray(recording(file, start, end)), _VOICE_DB), pause])
            whole = np.resize(bed, len(voice))
            for ratio in ratios:
                sound = voice + whole / rms(whole) * 10 ** ((_VOICE_DB - ratio) / 20)
                yield Case(f"{Path(file).stem} over {name} at {ratio:.0f} dB", language, ratio, sound, voice)


def after_speech(case: Case, half: int) -> Case:
    """Return a case behind a clear voice, of which nothing is asked."""
    pause = np.zeros(_PAUSE_SECONDS * RATE_HZ)
    clear = np.concatenate([at(np.asarray(recording(VOICES[half][0][1], 0, 7)), _VOICE_DB), pause])
    voice = np.concatenate([np.zeros(len(clear)), case.voice]) if len(case.voice) else case.voice
    return replace(case, sound=np.concatenate([clear, case.sound]), voice=voice)


def silent(half: int) -> Iterator[Case]:
    """Yield sounds of a half in which nobody speaks."""
    for name, bed in beds(half).items():
        yield Case(f"{name} alone", "en", None, at(bed, _ALONE_DB), np.zeros(0))
    for number, kind in enumerate(unspoken.KINDS):
        if number % 2 == half:
            sound = unspoken.make(kind, _UNSPOKEN_SECONDS, 900 + number)
            yield Case(f"{kind} alone", "en", None, sound, np.zeros(0))


def listener(engine: str, threads: int) -> Any:
    """Return what hears a case: its figures before weak signs of a voice were followed, and since.

    Args:
        engine: of stage 04; empty: nothing is recognised.
        threads: of a decoder.
    """
    from samvad.media import sound_events
    from samvad.media.audio import FilmAudio
    from samvad.models import weights
    from samvad.stages.asr import covered as signs
    from samvad.stages.asr import gaps, loudness, memory, quiet, recogniser, regions, retries
    from samvad.stages.asr.engine import Engine, EngineOptions

    def loaded() -> Any:
        kind: Any = Engine
        if engine == "whisperx":
            from samvad.stages.asr.whisperx_engine import WhisperXEngine as kind  # noqa: N813 -- one name for both
        model = weights.resolve_whisper("base")
        options = EngineOptions("cpu", "int8", threads, 5, "native")
        return memory.OutOfMemoryFallback(lambda _: kind(model, options), memory.Setting("cpu", "int8", 8), print)

    fallback = loaded() if engine else None

    def hear(case: Case, folder: Path) -> tuple[Sums, Sums, str]:
        audio = FilmAudio(wav(folder / "film.wav", case.sound))
        curve = sound_events.listen(audio.path)
        first, softer = regions.silero_regions(audio, 0.5), quiet.softer(audio, 0.5)
        speech = quiet.with_quiet(first, softer, curve, audio.duration_ms)
        speech = regions.with_singing(speech, regions.sung_regions(curve, 0.5), audio.duration_ms)
        found = loudness.measure(audio, speech)
        perhaps = signs.perhaps(speech, audio, curve, found)
        loud = [(one.start_ms, one.end_ms) for one in found.hiding([*speech, *perhaps], audio.duration_ms)]
        named = [replace(region, language=case.language) for region in regions.cut_long(speech, 28_000, audio)]
        weak = [replace(region, language=case.language) for region in perhaps]
        first: list[Any] = []
        since = first
        if named and fallback:  # where nothing was recognised nothing is tried: stage 04 only names it
            one = recogniser.Recogniser(fallback, audio, "native", (), 4, lambda *_: None, voice_peak=curve.voice_peak)
            faults = retries.Retrier(one.decode, audio, one.script, one.terms, one.attempts).faults
            first = one.recognise(named)
            since = gaps.GapFiller(one.decode, audio, faults, curve.voice_peak, weak=True).fill(first, weak)
        spoken = (
            []
            if case.ratio_db is None
            else [
                (region.start_ms, region.end_ms)
                for region in regions.silero_regions(FilmAudio(wav(folder / "voice.wav", case.voice)), 0.5)
            ]
        )
        text = " ".join(chunk.text for chunk in since if chunk not in first)
        return (
            judged(case, spoken, named, [], first),
            judged(case, spoken, named, [(region.start_ms, region.end_ms) for region in weak], since, loud),
            text,
        )

    return hear


def wav(path: Path, sound: Samples) -> Path:
    """Write a sound as stage 01 would."""
    return write_wav(path, (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def judged(
    case: Case,
    spoken: list[tuple[int, int]],
    speech: Any,
    perhaps: list[tuple[int, int]],
    chunks: Any,
    loud: Sequence[tuple[int, int]] = (),
) -> Sums:
    """Return what became of the speech in a case, by tenths of a second."""
    words = [(word.start_ms, word.end_ms, word.text) for chunk in chunks for word in chunk.words]
    clear = [(region.start_ms, region.end_ms) for region in speech if not region.sung]
    gone = [(gap.start_ms, gap.end_ms) for gap in coverage.measure(clear, words).gaps]
    weak = [(gap.start_ms, gap.end_ms) for gap in coverage.measure(perhaps, words).gaps]
    length = len(case.sound) // (RATE_HZ // 10) + 1
    said = marked(spoken, length)
    # As in coverage: a word stands for the speech around it, and what is under a second long between words is a breath.
    bare = [(gap.start_ms, gap.end_ms) for gap in coverage.measure(spoken, words).gaps]
    text = said & ~marked(bare, length)
    missing = said & ~text & marked(gone, length)
    named = said & ~text & ~missing & marked(weak, length)
    lost = said & ~text & ~missing & ~named
    return Sums(
        said.sum() / 10,
        text.sum() / 10,
        missing.sum() / 10,
        named.sum() / 10,
        lost.sum() / 10,
        length / 10,
        sum(end - start for start, end in weak) / 1000,
        len(words) if case.ratio_db is None else 0,
        (lost & marked(loud, length)).sum() / 10,
        sum(end - start for start, end in loud) / 1000,
    )


def marked(stretches: Sequence[tuple[int, int]], length: int) -> Any:
    """Return which tenths of a second lie in some stretches."""
    found = np.zeros(length, bool)
    for start, end in stretches:
        found[round(start / 100) : round(end / 100)] = True
    return found


def main() -> None:
    """Hear all sounds, and print a line for each and for each ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=int, choices=(0, 1), default=1)
    parser.add_argument("--engine", default="faster-whisper")
    parser.add_argument("--over", type=float, nargs="*", default=[0.0, -5.0, -10.0])
    parser.add_argument("--voices", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--after-speech", action="store_true", help="each sound behind a clear voice")
    parser.add_argument("--detect", action="store_true", help="recognise nothing")
    options = parser.parse_args()
    if not MEDIA.is_dir():
        sys.exit(f"The recordings are not at {MEDIA}.")
    engine = "" if options.detect else options.engine
    hear = listener(engine, options.threads)
    sums: dict[float | None, tuple[Sums, Sums]] = {}
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as name:
        for case in [*covered(options.half, options.over, options.voices), *silent(options.half)]:
            if not re.search(options.only, case.name):
                continue
            before, since, text = hear(after_speech(case, options.half) if options.after_speech else case, Path(name))
            for total, one in zip(sums.setdefault(case.ratio_db, (Sums(), Sums())), (before, since), strict=True):
                total.add(one)
            print(f"{case.name}\n    before {before.line()}\n    since  {since.line()}", flush=True)
            if text:
                print(f"    added: {text}", flush=True)
    for ratio, (before, since) in sums.items():
        what = "without speech" if ratio is None else f"at {ratio:.0f} dB"
        print(f"{engine or 'detectors'}, {what}\n    before {before.line()}\n    since  {since.line()}")


if __name__ == "__main__":
    main()
