"""What naming the language of each stretch of speech costs beside decoding, and how often the name is wrong.

Recordings in English, Hindi and Spanish are joined to films whose languages are known: scenes in one, lines that
alternate, and a song. Speech is found as stage 04 does; CPU seconds are of this process, with Whisper base, int8. With
--output the names are written down, to be compared with another version's.

Usage: envs/run asr ../benchmarks/languages.py [--film NAME ...] [--no-decoding] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import wave
from pathlib import Path

from sound_files import samples_of

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media"
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.media.audio import FilmAudio  # noqa: E402
from samvad.models import weights  # noqa: E402
from samvad.stages.asr import language, regions  # noqa: E402
from samvad.stages.asr.engine import Engine, EngineOptions  # noqa: E402
from samvad.stages.asr.recogniser import first_try  # noqa: E402
from samvad.stages.asr.regions import Region  # noqa: E402

STORY = [f"A_indic/hi_story_{name}.wav" for name in ("2426_029", "3437_020", "2645_029", "1203_086", "2070_003")]
READ = [f"B_english/en_{name}.wav" for name in ("librivox_0870", "librivox_0890", "librivox_0930", "mary")]
SCENE, SWITCH, SONG = (
    *("A_indic/comp_hi_scene_open.flac", "A_indic/comp_hien_switch_open.flac"),
    "C_music_noise/song_es_Fantasma_-_L.mp3",
)
BY_TURNS = [name for pair in zip(STORY[:4], READ, strict=True) for name in pair]
SONNETS = [f"B_english/en_sonnet_{name}.mp3" for name in ("p001", "p003")]
FILMS = {
    "Hindi and English by turns": (["hi", "en"], [SONNETS[0], SCENE, SWITCH, *BY_TURNS, SONNETS[1]]),
    "Hindi with a few English lines": (["hi", "en"], [SCENE, *STORY, READ[0], SCENE, READ[2], *STORY]),
    "English with a Spanish song": (["en", "es"], [SONNETS[1], SONG, "B_english/en_jfk.flac", SONG, SONNETS[0]]),
}
#: Between two recordings.
PAUSE_SECONDS = 0.8
RATE_HZ = 16_000


def make_film(names: list[str], target: Path) -> list[tuple[float, float, str]]:
    """Join recordings to a WAV file; return start and end in s, and language, of what is said."""
    truth: list[tuple[float, float, str]] = []
    at = 0.0
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        for name in names:
            sound = samples_of(MEDIA / name)
            file.writeframes(sound + bytes(2 * round(PAUSE_SECONDS * RATE_HZ)))
            seconds = len(sound) / 2 / RATE_HZ
            timeline = MEDIA / "refs" / f"{Path(name).stem}.timeline.json"
            if timeline.is_file():
                parts = json.loads(timeline.read_text("utf-8"))
                truth += [(at + p["start"], at + p["end"], p["lang"]) for p in parts if p["kind"] == "speech"]
            else:
                truth.append((at, at + seconds, Path(name).name.removeprefix("song_")[:2]))
            at += seconds + PAUSE_SECONDS
    return truth


def spoken_in(region: Region, truth: list[tuple[float, float, str]]) -> str | None:
    """Return the language of what most of a region is; None for a sound in which nothing is said."""

    def shared(part: tuple[float, float, str]) -> float:
        return min(region.end_ms / 1000, part[1]) - max(region.start_ms / 1000, part[0])

    best = max(truth, key=shared)
    return best[2] if shared(best) > 0 else None


def main() -> None:
    """Measure and print, as rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", choices=FILMS, nargs="+", default=list(FILMS))
    parser.add_argument("--no-decoding", action="store_true", help="name languages only")
    parser.add_argument("--output", type=Path, help="write each region with its name, as JSON")
    options = parser.parse_args()
    if not (MEDIA / SCENE).is_file():
        sys.exit(f"The recordings are not at {MEDIA}.")
    threads = os.cpu_count() or 1
    engine = Engine(weights.resolve_whisper("base"), EngineOptions("cpu", "int8", threads, 5))
    names = {}
    print("| film | speech | regions | heard twice | wrong | naming: CPU s | decoding: CPU s | share |")
    print("|---|---|---|---|---|---|---|---|")
    for title in options.film:
        given, recordings = FILMS[title]
        with tempfile.TemporaryDirectory(prefix="samvad-languages-") as scratch:
            truth = make_film(recordings, Path(scratch) / "film.wav")
            audio = FilmAudio(Path(scratch) / "film.wav")
            speech = regions.cut_long(regions.silero_regions(audio, 0.5), 28_000, audio)
            asked = []

            def hear(found, silence_ms, audio=audio, asked=asked):
                asked.append(len(found))
                return engine.brief_language_probabilities(audio, found, silence_ms)

            began = time.process_time()
            named = language.name_languages(hear, speech, given)
            naming = time.process_time() - began
            decoding = 0.0
            windows = [] if options.no_decoding else engine.windows(named)
            for code in given:
                own = [window for window in windows if window.language == code]
                if own:
                    began = time.process_time()
                    engine.decode(audio, own, first_try(engine), hear=True, size=8)
                    decoding += time.process_time() - began
        wrong = [r for r in named if (said := spoken_in(r, truth)) and said != r.language]
        names[title] = [(region.start_ms, region.end_ms, region.language) for region in named]
        print(
            f"| {title} | {sum(r.length_ms for r in speech) / 1000:.0f} s | {len(speech)} | {sum(asked[1:])} "
            f"| {sum(r.length_ms for r in wrong) / 1000:.1f} s | {naming:.2f} | {decoding:.2f} "
            f"| {f'{naming / decoding:.0%}' if decoding else ''} |",
            flush=True,
        )
    if options.output:
        options.output.write_text(json.dumps(names) + "\n")


if __name__ == "__main__":
    main()
