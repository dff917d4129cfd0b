"""Collect what a model writes where nobody speaks: the phrases of stage 07, for the model in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.media import ffmpeg, film_file
from samvad.models.whisper import Whisper
from samvad.sample import unspoken as sounds
from samvad.text import languages, sentence_ends
from samvad.text.phrases import COLUMNS
from samvad.text.repetition import loop_span, plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PIECE_SECONDS = 10
#: A longer text (characters) does not come a second time.
_LONGEST = 80
#: Rounds from which it is a loop, as in stage 07.
_LOOP_REPEATS = 4


_TAKE_OUT = "Take it out of --sounds."


def made_sounds(seeds: int) -> Iterator[NDArray[np.float32]]:
    """Yield every kind of sound that Samvad makes, from so many seeds."""
    for seed in range(seeds):
        for kind in sounds.KINDS:
            yield sounds.make(kind, PIECE_SECONDS, seed).astype("float32")


def own_sounds(paths: Iterable[Path]) -> Iterator[NDArray[np.float32]]:
    """Yield pieces of a user's own recordings, in which nobody may speak.

    Raises:
        MediaError: a file cannot be read; names it.
    """
    import numpy as np

    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_dir():
                continue
            film_file.check(file, _TAKE_OUT)
            done = ffmpeg.run([ffmpeg.source(file)], None, {"ac": 1, "ar": sounds.RATE_HZ, "f": "s16le"})
            if done.code:
                raise MediaError(f"{file} cannot be read as sound ({done.last_line}).", _TAKE_OUT, path=str(file))
            sound = np.frombuffer(done.output, dtype="<i2").astype(np.float32) / np.float32(32768)
            for start in range(0, len(sound), PIECE_SECONDS * sounds.RATE_HZ):
                piece = sound[start : start + PIECE_SECONDS * sounds.RATE_HZ]
                if len(piece) >= sounds.RATE_HZ:
                    yield piece


def heard(whisper: Whisper, pieces: Sequence[NDArray[np.float32]], language: str, batch_size: int) -> Iterator[str]:
    """Yield what a Whisper model writes of each piece, decoded in batches; an empty text for nothing."""
    import numpy as np
    from faster_whisper import BatchedInferencePipeline

    pipeline = BatchedInferencePipeline(whisper.model)
    for first in range(0, len(pieces), batch_size):
        batch, end = pieces[first : first + batch_size], 0.0
        texts: dict[int, str] = {}
        spans = []
        for piece in batch:
            spans.append({"start": end, "end": end + len(piece) / sounds.RATE_HZ})
            end = spans[-1]["end"]
        found, _ = pipeline.transcribe(
            np.concatenate(batch), language=languages.for_whisper(language), clip_timestamps=spans, vad_filter=False,
            temperature=0.0, batch_size=batch_size,
        )  # fmt: skip
        for segment in found:
            number = max(n for n, span in enumerate(spans) if span["start"] <= segment.start + 0.02)
            texts[number] = f"{texts.get(number, '')} {segment.text}"
        yield from (texts.get(number, "").strip() for number in range(len(batch)))


def phrases(texts: Iterable[str], least: int) -> dict[str, int]:
    """Return the sentences that came in at least so many texts, in plain form, the most frequent first.

    Of a loop the first round counts, which is what stage 07 would leave of it. Long sentences do not come again.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        parts = {_first_rounds(plain(part)) for part in (text, *sentence_ends.split(text))}
        counts.update(part for part in parts if part and len(part) <= _LONGEST)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {phrase: count for phrase, count in ranked if count >= least}


def as_list(found: Mapping[str, int], language: str, source: str, notes: Sequence[str]) -> str:
    """Return phrases in the form of a phrase list, with notes on top; the source tells how often each came."""
    lines = [f"# {note}" for note in notes] + ["\t".join(COLUMNS)]
    return "\n".join(lines + [f"{language}\t{phrase}\t{source} ({count})" for phrase, count in found.items()]) + "\n"


def _first_rounds(text: str) -> str:
    """Return a text without the further rounds of its loops."""
    while (span := loop_span(text, _LOOP_REPEATS)) is not None:
        first, period, end = span
        text = text[: first + period] + text[end:]
    return " ".join(text.split())
