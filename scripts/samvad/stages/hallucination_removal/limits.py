"""Where a value becomes a sign that a text was not spoken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Where a value becomes a signal.

    Attributes:
        speech_overlap: less of the segment (0 to 1) in a speech region than this.
        region_margin_ms: regions are taken as this much wider on both sides: word times are not exact.
        voice_peak: nowhere in the segment a higher probability of speech or singing than this; generous, because
            in narrow-band recordings clear speech is heard at 0.1 on the average.
        sure_overlap: where voice detection hears speech in so much of the segment, the two contradict each other, and
        contradicted_peak: the sound curve must be this sure: speech at 0 dB under noise was heard at 0.03 to 0.1.
        sure_peak: where the sound curve is as sure as this in what is speech to voice detection, too,
        sure_logprob: and the model as sure of its tokens, in the mean,
        sure_word: and of its words, no_speech_prob alone is not enough to take out a known phrase ("I'm sorry." under
            music as loud as it: 0.99, -0.13 and 0.91, with a no_speech_prob of 0.73 of all that was decoded with it).
        no_speech_prob: more than this (Whisper's own limit).
        avg_logprob: less than this (Whisper's own limit).
        word_probability: a lower mean than this (base: 0.08 to 0.29 on English made of noise, 0.44 and up on speech).
        hopeless_logprob: where the words are doubted too, less than this is a second sign: one token in six was
            expected. Of 216 segments of speech, clean and under noise, none with a true word was under -1.65.
        loop_characters: so many characters in a loop at least,
        loop_repeats: with its unit so often at least, so that ``No, no, no, no!`` is none,
        loop_share: in at least this part of the text (0 to 1), or in so many characters:
        loop_characters_alone: a loop however long the text around it.
        said_rounds: but one of so many rounds at most is not cut where nothing else is wrong, and each has time for it.
        cut_words: different words that there must be beside a word that loops, where it is cut back; a single one is
            nobody's sentence.
        compression_ratio: more than this (Hindi of 120 words: 95 % under 1.68),
        compression_characters: in a text of so many characters at least; below, it says nothing.
        repeats: a text said so often before, within ``repeat_window_ms`` (once, where nobody speaks so fast),
        short_repeats: or this often, where it has fewer than ``short_characters``: people do repeat "Yes.".
        at_once_ms: but once is enough where it begins so soon after itself, this many times faster than anybody speaks
        at_once_times: (of 7 letters in 66 ms at most): a short word's times are rough, but not as rough as that.
        other_scripts: a larger part of its letters (0 to 1) of scripts that its language is not written in than this.
        characters_per_second: more than this; nobody speaks twice as fast as people can read,
        pace_characters: in a text of so many characters at least; the times of a short word are too rough for it.
    """

    speech_overlap: float = 0.2
    region_margin_ms: int = 200
    voice_peak: float = 0.1
    sure_overlap: float = 0.8
    sure_peak: float = 0.9
    sure_logprob: float = -0.5
    sure_word: float = 0.7
    contradicted_peak: float = 0.02
    no_speech_prob: float = 0.6
    avg_logprob: float = -1.0
    word_probability: float = 0.3
    hopeless_logprob: float = -1.75
    loop_characters: int = 24
    loop_repeats: int = 4
    loop_share: float = 0.5
    loop_characters_alone: int = 60
    said_rounds: int = 5
    cut_words: int = 2
    compression_ratio: float = 2.0
    compression_characters: int = 60
    repeats: int = 2
    short_repeats: int = 5
    short_characters: int = 12
    at_once_ms: int = 500
    at_once_times: float = 3.0
    repeat_window_ms: int = 30_000
    other_scripts: float = 0.5
    characters_per_second: float = 35.0
    pace_characters: int = 20
