"""Clips for the benchmarks of songs and hallucinations, made by code, and real recordings where they are at hand.

All sound is 16 kHz mono. Speech is espeak-ng's, and singing a formant synthesizer's: both are synthetic, and marked so.
"""

from __future__ import annotations

import subprocess
import sys
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sound_files import samples_of

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media"
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.sample import unspoken as sounds  # noqa: E402 -- the benchmarks are no package
from samvad.sample.unspoken import RATE_HZ, Samples  # noqa: E402

LANGUAGES = ("en", "es", "hi")
NOISES = (
    "rain",
    "crowd",
    "engine",
    "wind",
    "applause",
    "train",
    "pink",
    "waves",
    "laughter",
    "thunder",
    "hiss",
    "steps",
)
MUSIC = ("chords", "strings", "dance", "drone", "melody", "drums")
VOICES = {
    "en": ("en-gb", "en-us", "en-gb+f3", "en-us+m3"),
    "es": ("es", "es-419", "es+f3", "es+m3"),
    "hi": ("hi", "hi+f3", "hi+m3", "hi+f2"),
}
#: What is said: answers of one word as well as long sentences, and phrases that Whisper is known to make up.
SAID = {
    "en": (
        "Where were you last night? We waited at the station until eleven.", "No. I never said that.",
        "The old house by the river was sold to a family from the north.", "Thank you. Please sit down.",
        "She opened the letter, read it twice, and put it back into the drawer.", "Come here! Come here, quickly!",
        "Yes, yes, I know.",
        "I'm sorry. It was not your fault.",
    ),
    "es": (
        "¿Dónde estabas anoche? Te esperamos en la estación hasta las once.", "No. Yo nunca dije eso.",
        "La casa vieja junto al río fue vendida a una familia del norte.", "Gracias. Siéntese, por favor.",
        "Ella abrió la carta, la leyó dos veces y la guardó en el cajón.", "¡Ven aquí! ¡Ven aquí, rápido!",
        "Sí, sí, ya lo sé.",
        "Lo siento. No fue culpa tuya.",
    ),
    "hi": (
        "तुम कल रात कहाँ थे? हम ग्यारह बजे तक स्टेशन पर इंतज़ार करते रहे।", "नहीं। मैंने ऐसा कभी नहीं कहा।",
        "नदी के किनारे वाला पुराना मकान एक परिवार ने खरीद लिया है।", "धन्यवाद। कृपया बैठ जाइए।",
        "उसने चिट्ठी खोली, दो बार पढ़ी और फिर दराज़ में रख दी।", "इधर आओ! जल्दी इधर आओ!",
        "हाँ, हाँ, मुझे मालूम है।",
        "माफ़ करना। यह तुम्हारी गलती नहीं थी।",
    ),
}  # fmt: skip
#: What is said in the clips that figures are reported on, by voices of their own.
SAID_LATER = {
    "en": (
        "What did the doctor tell you this morning?", "Stop the car. I want to get out here.",
        "My brother works in a factory near the harbour.", "Good evening, ladies and gentlemen.",
        "We have been married for eleven years.", "Give me the key. Now!",
        "It was raining when they came home.", "You don't understand. Nobody does.",
    ),
    "es": (
        "¿Qué te dijo el médico esta mañana?", "Para el coche. Quiero bajarme aquí.",
        "Mi hermano trabaja en una fábrica cerca del puerto.", "Buenas noches, señoras y señores.",
        "Llevamos casados once años.", "Dame la llave. ¡Ahora mismo!",
        "Estaba lloviendo cuando llegaron a casa.", "Tú no entiendes. Nadie entiende.",
        "El tren sale a las ocho y media de la mañana.", "¿Quién está ahí? Abre la puerta.",
        "Mañana vamos a visitar a la abuela en el pueblo.", "No tengas miedo. Todo va a salir bien.",
        "Mi padre compró este reloj en mil novecientos setenta.", "¿Por qué no me llamaste ayer por la tarde?",
        "Tengo hambre. Vamos a comer algo.", "Nunca olvidaré lo que hiciste por nosotros.",
    ),
    "hi": (
        "डॉक्टर ने आज सुबह तुमसे क्या कहा?", "गाड़ी रोको। मुझे यहीं उतरना है।",
        "मेरा भाई बंदरगाह के पास एक कारखाने में काम करता है।", "नमस्कार, देवियों और सज्जनों।",
        "हमारी शादी को ग्यारह साल हो गए।", "मुझे चाबी दो। अभी!",
        "जब वे घर आए तब बारिश हो रही थी।", "तुम नहीं समझते। कोई नहीं समझता।",
    ),
}  # fmt: skip
VOICES_LATER = {
    "en": ("en-us+f2", "en-gb-scotland", "en-us+m7", "en-gb+f4"),
    "es": ("es+f2", "es-419+m1", "es+m7", "es-419+f4"),
    "hi": ("hi+f4", "hi+m1", "hi+m7", "hi+f1"),
}
SUNG = "sung"
CONDITIONS = ("clean", "music 10 dB", "noise 10 dB", "music 0 dB", "noise 0 dB")
_MARGIN_SECONDS = 1.2
_LIKEVOICES = ("laughter", "crowd", "applause", "dance")


@dataclass(frozen=True)
class Clip:
    """A clip and its truth.

    Attributes:
        name: of its own.
        group: kinds that belong together; a whole group is in one half.
        half: 0: limits are set on it; 1: figures are reported on it, and nobody looks at it to set a limit.
        real: whether it is a recording.
        language: spoken in it; empty where nobody speaks.
        text: what is said.
        condition: such as ``noise 0 dB``, or the kind of sound.
    """

    name: str
    group: str
    half: int
    real: bool
    condition: str
    language: str = ""
    text: str = ""
    samples: Samples = field(default_factory=lambda: np.zeros(0), repr=False)


def silent_clips() -> list[Clip]:
    """Return 124 clips in which nobody speaks, 7 to 11 s long, for both halves.

    In each, two are of every kind of sound, three of those most like voices. Those of the second half come from other
    seeds, and as films have them: down a telephone, with another sound, from afar, in a large room.
    """
    made = [
        (place, kind, seed)
        for place, kind in enumerate(sounds.KINDS)
        for seed in range(3 if kind in _LIKEVOICES else 2)
    ]
    first = [
        Clip(f"{kind} {seed}", kind, 0, False, kind, samples=sounds.make(kind, 7 + 2 * seed, 100 + seed))
        for _, kind, seed in made
    ]
    second = []
    for place, kind, seed in made:
        way = list(_WAYS)[(place + 2 * seed - seed // 2) % len(_WAYS)]
        sound = _WAYS[way](sounds.make(kind, 7 + 2 * seed, 300 + seed), place + seed)
        second.append(Clip(f"{kind} {seed} {way}", kind, 1, False, kind, samples=sound))
    return first + second


def _telephone(sound: Samples, number: int) -> Samples:
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    return np.fft.irfft(spectrum * ((hz > 300) & (hz < 3400)), len(sound))


def _with_another(sound: Samples, number: int) -> Samples:
    other = list(sounds.KINDS)[(7 * number + 3) % len(sounds.KINDS)]
    return 0.5 * (sound + sounds.make(other, len(sound) / RATE_HZ, 400 + number)[: len(sound)])


def _far(sound: Samples, number: int) -> Samples:
    return 0.05 * sound


def _in_a_hall(sound: Samples, number: int) -> Samples:
    """Return a sound with the echoes of a large room: noise that dies away by 60 dB in 1.5 s."""
    seconds = np.arange(round(1.5 * RATE_HZ)) / RATE_HZ
    echo = np.random.RandomState(number).randn(len(seconds)) * 10 ** (-2 * seconds)
    size = len(sound) + len(echo)
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size), size)[: len(sound)]
    return 0.9 * wet / max(1e-9, float(np.abs(wet).max())) * float(np.abs(sound).max())


_WAYS = {"telephone": _telephone, "with another": _with_another, "far": _far, "hall": _in_a_hall}


def spoken_clips() -> list[Clip]:
    """Return synthetic speech in three languages: clean, and under music and noise at 10 and 0 dB.

    The second half has sentences, voices, speeds, noises and music of its own, and Spanish twice as often, of which
    there are no recordings.
    """
    clips = []
    for language in LANGUAGES:
        for half, (said, voices) in enumerate(((SAID, VOICES), (SAID_LATER, VOICES_LATER))):
            for number, text in enumerate(said[language]):
                spoken = speak(text, voices[language][number % 4], (150, 135 + 30 * (number % 2))[half])
                for condition in CONDITIONS:
                    name = f"{language} {number + 100 * half}"
                    clips.append(
                        Clip(
                            f"{name} {condition}", name, half, False, condition, language, text,
                            _covered(spoken, condition, number + 20 * half),
                        )
                    )  # fmt: skip
    return clips


def _covered(spoken: Samples, condition: str, number: int) -> Samples:
    margin = np.zeros(round(_MARGIN_SECONDS * RATE_HZ))
    clip = np.concatenate([margin, spoken, margin])
    if condition == "clean":
        return clip
    kinds = MUSIC if condition.startswith("music") else NOISES
    return under(
        clip, sounds.make(kinds[number % len(kinds)], len(clip) / RATE_HZ, 500 + number), float(condition.split()[1])
    )


def under(speech: Samples, other: Samples, ratio_db: float) -> Samples:
    """Return speech with another sound below it; the ratio is that of the powers where there is speech."""
    loud = speech[np.abs(speech) > 0.02 * np.abs(speech).max()]
    gain = np.sqrt(np.mean(loud**2) / max(1e-12, float(np.mean(other**2)))) * 10 ** (-ratio_db / 20)
    mixed = speech + gain * other[: len(speech)]
    return mixed / max(1.0, np.abs(mixed).max() / 0.95)


def speak(text: str, voice: str, speed_wpm: int = 150) -> Samples:
    """Return a text spoken by espeak-ng."""
    command = ["espeak-ng", "-b", "1", "-v", voice, "-s", str(speed_wpm), "--stdout", "--", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    return 0.9 * _floats(samples_of(made))


def recording(name: str, start: float = 0.0, end: float | None = None) -> Samples:
    """Return a real recording, or a part of it between two times in seconds."""
    sound = _floats(samples_of(MEDIA / name))
    return sound[round(start * RATE_HZ) : None if end is None else round(end * RATE_HZ)]


def _floats(samples: bytes) -> Samples:
    return np.frombuffer(samples, "<i2").astype(np.float64) / 32768


def real_silent_clips() -> list[Clip]:
    """Return recordings in which nobody speaks, where they are at hand."""
    parts = (
        ("sax", "C_music_noise/music_sax.wav", 0, None), ("silence", "C_music_noise/silence_2s.wav", 0, None),
        ("dog", "C_music_noise/esc50_1-100032-A-0.wav", 0, None),
        ("thunder", "C_music_noise/esc50_3-103051-C-19.wav", 0, None),
        ("instrumental 1", "C_music_noise/mix_musan.mp3", 0, 11),
        ("instrumental 2", "C_music_noise/mix_musan.mp3", 11, 22),
        ("noises 1", "C_music_noise/mix_musan.mp3", 29, 41), ("noises 2", "C_music_noise/mix_musan.mp3", 41, 52.8),
        ("film sound", "D_video/bbb_51.mp4", 0, None), ("muted film", "D_video/en_muted.mp4", 0, 12),
        ("song's intro 1", "C_music_noise/song_es_Fantasma_-_L.mp3", 0, 8.5),
        ("song's intro 2", "C_music_noise/song_es_Fantasma_-_L.mp3", 8.5, 17),
        ("laughter", "A_indic/comp_hi_scene_open.flac", 11.55, 12.9),
    )  # fmt: skip
    return [
        Clip(f"real {name}", name.split(" ")[0], place % 2, True, name, samples=recording(path, start, end))
        for place, (name, path, start, end) in enumerate(parts)
        if (MEDIA / path).is_file()
    ]


def real_spoken_clips() -> list[Clip]:
    """Return recordings of speech with exact references, clean and under noise and music, where they are at hand."""
    clips = []
    names = [
        "A_indic/hi_story_2426_029.wav", "A_indic/hi_story_3437_020.wav", "A_indic/hi_story_2645_029.wav",
        "A_indic/hi_story_1203_086.wav", "A_indic/hi_story_2070_003.wav", "A_indic/hi_story_4062_003.wav",
        "B_english/en_librivox_0870.wav", "B_english/en_librivox_0890.wav", "B_english/en_librivox_0930.wav",
        "B_english/en_cv_22058264.mp3", "B_english/en_cv_22058267.mp3", "B_english/en_acoustic_corpus.wav",
        "B_english/en_leopard_quilter.wav", "B_english/en_mary.wav", "B_english/en_carrots1.wav",
        "B_english/en_jfk.flac",
    ]  # fmt: skip
    for number, name in enumerate(names):
        if not (MEDIA / name).is_file():
            continue
        text = (MEDIA / "refs" / f"{Path(name).name}.txt").read_text("utf-8").strip()
        spoken = recording(name)
        for condition in ("clean", "music 10 dB", "noise 0 dB"):
            clips.append(
                Clip(
                    f"real {Path(name).stem} {condition}", Path(name).stem, number % 2, True, condition,
                    Path(name).name[:2], text, _covered(spoken, condition, number),
                )
            )  # fmt: skip
    return clips


def real_sung_clips() -> list[Clip]:
    """Return pieces of real songs, where they are at hand: what is decoded of them is taken for sung words."""
    parts = [
        ("es", "C_music_noise/song_es_Fantasma_-_L.mp3", start, start + 12.6) for start in (17.6, 30.6, 43.8, 56.5)
    ] + [("en", "C_music_noise/song_en_slow_motion_dream.mp3", 0, None)]
    return [
        Clip(f"sung {number}", "sung", number % 2, True, SUNG, language, samples=recording(path, start, end))
        for number, (language, path, start, end) in enumerate(parts)
        if (MEDIA / path).is_file()
    ]


def write_wav(path: Path, sound: Samples) -> None:
    """Write a sound as 16-bit WAV at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
