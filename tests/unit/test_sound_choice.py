"""The film's dialogue is what is heard: no commentary, no description, no music; no channel that cancels another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from samvad.core.errors import MediaError
from samvad.documents.probe import AudioTrack
from samvad.stages.demux import channels, tracks


def track(number: int, language: str | None = None, title: str = "", *flags: str, default: bool = False) -> AudioTrack:
    return AudioTrack(
        **{"track": number, "stream": number + 1, "codec": "aac", "language": language, "channels": 2},
        **{"layout": "stereo", "sample_rate_hz": 48_000, "title": title, "default": default},
        **{"start_ms": 0, "duration_ms": None, "flags": flags},
    )


def chosen(wanted: str, *found: AudioTrack) -> tuple[int, bool]:
    choice = tracks.choose(found, wanted.split(), None, "film.mkv")
    assert choice.reason
    return choice.track.track, bool(choice.doubt)


NO_DIALOGUE = [
    *["Commentary", "Director's Commentary", "Commentary by the director", "Director", "Kommentar des Regisseurs"],
    *["Commentaire audio", "Comentario del director", "Commento del regista", "Комментарий режиссёра", "コメンタリー"],
    *["निर्देशक की टिप्पणी", "टिप्पणी", "Audiokommentar", "Cast and Crew", "评论音轨"],
    *[
        "Audio description",
        "Audio Description (English)",
        "English AD",
        "AD",
        "A.D.",
        "Descriptive Video Service",
        "DVS",
    ],
    *[
        "Audiodescription",
        "Audiodeskription",
        "Hörfilmfassung",
        "Audiodescripción",
        "ऑडियो विवरण",
        "for the visually impaired",
    ],
    *["English (described video)", "Тифлокомментарий", "Isolated Score", "Music and Effects", "M&E", "Karaoke"],
]
DIALOGUE = [
    "",
    "Director's Cut",
    "Stereo",
    "Surround 5.1",
    "Hindi",
    "हिन्दी",
    "Adventure",
    "Original",
    "English AC3",
    "Madras",
]


@pytest.mark.parametrize("title", NO_DIALOGUE)
def test_a_title_tells_what_is_no_dialogue_even_of_the_default_track(title: str) -> None:
    assert chosen("en", track(0, "en", title, default=True), track(1, "en", "Stereo")) == (1, False)
    assert chosen("en", track(0, "en", title)) == (0, True), "alone, it is taken with a doubt"


@pytest.mark.parametrize("title", DIALOGUE)
def test_other_titles_are_the_films_own(title: str) -> None:
    assert tracks.not_dialogue(track(0, "en", title)) is None


@pytest.mark.parametrize("flag", ["comment", "visual_impaired", "descriptions", "karaoke", "clean_effects"])
def test_a_flag_tells_it_too(flag: str) -> None:
    assert chosen("", track(0, None, "", flag, default=True), track(1, default=True)) == (1, False)


@pytest.mark.parametrize(
    ("wanted", "found", "number", "doubtful"),
    [
        ("hi en", [track(0, "en", default=True), track(1, "hi")], 1, False),
        ("hi", [track(0, "en", "Commentary"), track(1, "ta")], 1, False),
        ("hi", [track(0, "hi", "Commentary", default=True), track(1, "en")], 1, False),
        ("", [track(0, "en"), track(1, "hi", default=True)], 1, False),
        ("", [track(0, "en", "", "dub"), track(1, "hi", "", "original")], 1, False),
        ("hi", [track(0, "hi", "Hindi (dubbed)"), track(1, "hi", "Original")], 1, False),
        ("hi", [track(0, "hi", "Stereo"), track(1, "hi", "5.1")], 0, True),
        ("hi", [track(0, "hi", default=True), track(1, "hi")], 0, False),
        ("", [track(0, "en", default=True), track(1, "hi", default=True)], 0, False),
        ("", [track(0), track(1)], 0, True),
        ("en", [track(0, "en", "", "hearing_impaired"), track(1, "en", "Commentary")], 0, False),
    ],
)
def test_language_flags_and_order_are_weighed(
    wanted: str, found: list[AudioTrack], number: int, doubtful: bool
) -> None:
    assert chosen(wanted, *found) == (number, doubtful)


def test_what_was_left_out_is_said() -> None:
    choice = tracks.choose([track(0, "en", "Director's Commentary"), track(1, "en")], ["en"], None, "film.mkv")
    assert choice.reason == 'its language tag is en; track 0 is a commentary (its title "Director\'s Commentary")'


# -- channels ----------------------------------------------------------------------------------------------------------

RATE_HZ = 8000


def speech(seed: int, seconds: int = 40) -> np.ndarray:
    """Return noise that comes and goes as syllables and sentences do."""
    random = np.random.default_rng(seed)
    syllables = np.repeat(random.random(seconds * 5) ** 2, RATE_HZ // 5)
    sentences = np.repeat(random.random(seconds // 2) > 0.25, 2 * RATE_HZ)
    return random.normal(size=seconds * RATE_HZ) * syllables * np.maximum(sentences, 0.001) * 0.2


def steady(seed: int, seconds: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=seconds * RATE_HZ) * 0.05


def judged(left: np.ndarray, right: np.ndarray, *more: np.ndarray) -> channels.Verdict:
    """Judge left and right, a centre, and what all other channels have together."""
    levels = channels.Levels(centre=bool(more), others=3 if more[1:] else 0)
    levels.take(np.stack([left, right, *more], axis=1).astype("<f4").tobytes())
    return channels.judge(levels.powers(), "centre")


def test_what_belongs_together_is_mixed_without_a_word() -> None:
    voice, room = speech(1), steady(2) * 0.5
    mixed = channels.Verdict("mix")
    assert judged(voice, voice) == mixed
    assert judged(voice + room, voice + steady(3) * 0.5) == mixed, "a voice in the middle, other sounds around it"
    assert judged(voice, voice * 0.2) == mixed
    assert judged(voice, voice * 0) == mixed
    assert judged(steady(4), steady(5)) == mixed, "music as wide as can be"
    assert judged(voice * 0, voice * 0) == mixed


def test_two_people_with_a_microphone_each_are_both_heard() -> None:
    turns = np.repeat(np.arange(20) % 2, 2 * RATE_HZ)
    assert judged(speech(1) * turns, speech(2) * (1 - turns)).channel == "mix"


def test_opposite_phase_is_undone_or_passed_by_and_said() -> None:
    voice = speech(1)
    whole, part = (
        judged(voice, -voice * 0.9),
        judged(voice, np.where(np.arange(len(voice)) < len(voice) // 2, voice, -voice)),
    )
    assert (whole.channel, part.channel) == ("side", "left")
    assert "opposite phase" in whole.warning and "opposite phase" in part.warning


def test_a_passage_in_opposite_phase_is_not_lost_in_a_long_sound() -> None:
    """A reel, or one microphone that was wired wrongly: a small part of a film, and every word of it."""
    voice, turned = speech(1, 200), np.ones(200 * RATE_HZ)
    turned[60 * RATE_HZ : 64 * RATE_HZ] = -1
    verdict = judged(voice, voice * turned * 0.9)
    assert verdict.channel == "left" and "opposite phase" in verdict.warning and "00:01:0" in verdict.warning
    other = speech(2, 200)
    left_out = np.where(np.arange(len(voice)) < 30 * RATE_HZ, 0, 1)  # there, the other channel alone is heard
    verdict = judged(voice * left_out, np.where(left_out, voice * turned * 0.9, other))
    assert verdict.channel == "mix" and "loses it" in verdict.warning


@pytest.mark.parametrize(("turned_seconds", "alone_seconds", "loudness"), [(2, 3, 1.0), (44, 60, 0.6)])
def test_a_channel_is_not_left_out_that_has_more_of_its_own_than_the_mix_loses(
    turned_seconds: int, alone_seconds: int, loudness: float
) -> None:
    """A passage in opposite phase, and a longer one in which the lower channel alone has a voice."""
    voice, other, at = speech(1, 200), speech(2, 200), np.arange(200 * RATE_HZ)
    turned = np.where((at >= 80 * RATE_HZ) & (at < (80 + turned_seconds) * RATE_HZ), -0.9, 0.9)
    alone = (at >= 10 * RATE_HZ) & (at < (10 + alone_seconds) * RATE_HZ)
    verdict = judged(np.where(alone, 0, voice), np.where(alone, other * loudness, voice * turned))
    assert verdict.channel == "mix" and "loses it" in verdict.warning
    less = judged(np.where(alone, 0, voice), np.where(alone, 0, voice * turned))
    assert less.channel == "left"


def test_a_voice_in_other_channels_than_the_first_three_is_heard() -> None:
    voice, music, nothing = speech(1, 100), steady(2, 100) * 0.02, np.zeros(100 * RATE_HZ)
    behind = np.where((np.arange(len(voice)) > 70 * RATE_HZ), 1.0, 0.0)
    verdict = judged(music, music, voice * (1 - behind), voice * behind)
    assert verdict.channel == "all" and "beyond left, right and centre" in verdict.warning
    assert judged(nothing, nothing, nothing, voice).channel == "all"
    room = music + voice * 0.1
    assert judged(music, music, voice, room) == channels.Verdict("mix"), "what is around a voice is not needed"
    rumble = np.sin(2 * np.pi * 40 * np.arange(len(voice)) / RATE_HZ) * 0.3
    assert judged(music, music, voice, rumble) == channels.Verdict("mix"), "what is too low to be speech"


@pytest.mark.parametrize(("seconds", "channel"), [(2, "mix"), (20, "all")])
def test_an_effect_in_other_channels_is_named_and_is_no_reason_to_hear_all_their_noise(
    seconds: int, channel: str
) -> None:
    voice, music = speech(1, 300), steady(2, 300) * 0.02
    short = np.where(np.abs(np.arange(len(voice)) / RATE_HZ - 70) < seconds / 2, 1.0, 0.0)
    verdict = judged(music, music, voice * (1 - short), voice * short)
    assert verdict.channel == channel and "beyond left, right and centre" in verdict.warning


def surround(layout: str, count: int) -> AudioTrack:
    return dataclasses.replace(track(0), channels=count, layout=layout)


def test_no_channel_is_left_out_where_no_layout_says_what_it_is() -> None:
    assert channels.mixing(surround("5.1", 6), "mix", "centre") == ["pan=mono|c0<c2+0.3*c0+0.3*c1"]
    assert channels.mixing(surround("5.1", 6), "all", "centre") == ["pan=mono|c0<c2+0.3*c0+0.3*c1+0.3*c3+0.3*c4+0.3*c5"]
    for layout, count in (("", 4), ("quad", 4), ("6.0(front)", 6)):
        (mixed,) = channels.mixing(surround(layout, count), "mix", "centre")
        assert all(f"c{number}" in mixed.split("<")[1] for number in range(count))
    assert channels.mixing(surround("quad", 4), "mix", "plain") == []
    assert channels.mixing(track(0), "mix", "centre") == []


def test_a_language_in_each_channel_is_noticed() -> None:
    verdict = judged(speech(1), speech(2))
    assert verdict.channel == "left" and "a guess" in verdict.warning
    noise = judged(steady(3), speech(2))
    assert noise.channel == "right" and "does not sound like speech" in noise.warning


def test_a_centre_without_a_sound_is_not_waited_for() -> None:
    voice, nothing = speech(1), np.zeros(40 * RATE_HZ)
    assert judged(voice, voice, voice) == channels.Verdict("mix")
    assert judged(voice, voice, nothing) == channels.Verdict("left and right")
    assert judged(voice, -voice, nothing).channel == "side"


@pytest.mark.parametrize("asked", ["centre", "2", "99"])
def test_a_channel_that_is_not_there_is_refused_with_the_key(asked: str) -> None:
    with pytest.raises(MediaError, match=f"no channel '{asked}': it has 2") as caught:
        channels.check(track(0), asked, "film.mkv")
    assert "audio_channel" in str(caught.value.remedy)


def test_channels_that_are_there_are_taken() -> None:
    for asked in ("auto", "mix", "left", "right", "0", "1"):
        channels.check(track(0), asked, "film.mkv")


@pytest.mark.parametrize("block", [4, 1000, 9601, 1 << 16])
def test_energies_are_those_of_each_tenth_of_a_second_however_the_sound_comes(block: int) -> None:
    """Left, right, their mean, half their difference, the centre; the last tenth is not whole."""
    sound = np.random.default_rng(5).normal(0, 0.1, (8000 * 2 + 300, 3)).astype("<f4")
    sound[:800, 1] = -sound[:800, 0]
    levels, given = channels.Levels(centre=True), sound.tobytes()
    for place in range(0, len(given), block):
        levels.take(given[place : place + block])
    powers = levels.powers()
    assert levels.seconds == pytest.approx(2.0375)
    assert powers.shape == (21, 5)
    left, right, centre = sound.astype(np.float64).T
    parts = (left, right, (left + right) / 2, (left - right) / 2, centre)
    assert powers[3] == pytest.approx([np.square(part[2400:3200]).mean() for part in parts])
    assert powers[20] == pytest.approx([np.square(part[16_000:]).mean() for part in parts])
    assert powers[0, 2] == 0 and powers[0, 3] == pytest.approx(powers[0, 0])


def test_what_is_no_number_in_a_damaged_sound_has_no_energy() -> None:
    sound = np.full((1600, 2), 0.5, dtype="<f4")
    sound[10, 0], sound[20, 1] = np.nan, np.inf
    levels = channels.Levels(centre=False)
    levels.take(sound.tobytes())
    assert levels.powers().tolist() == [[0, 0, 0, 0], [0.25, 0.25, 0.25, 0]]
    assert channels.Levels(centre=False).powers().size == 0
