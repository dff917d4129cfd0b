"""Word times from a wav2vec2 aligner, through WhisperX, where the language has one and it can be had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samvad.core import checksums
from samvad.core.errors import ModelError, NetworkError
from samvad.core.failures import is_memory_shortage, working_on
from samvad.documents.segments import Segment, Word
from samvad.logs import events
from samvad.logs.spans import span
from samvad.media.audio import FilmAudio
from samvad.models import http, origins, patience, weights
from samvad.text import languages

#: The aligner needs a little sound around the sentence: Whisper's own times can be off by this much.
_MARGIN_MS = 200


def check_setting(setting: str) -> None:
    """Check the setting before anything is recognised.

    Raises:
        ModelError: it is a folder without a wav2vec2 model.
    """
    if setting not in ("auto", "whisper") and not (Path(setting) / "config.json").is_file():
        raise ModelError(
            f"asr.align_model {setting!r} is not a folder with a wav2vec2 model (it has no config.json).",
            "Correct it, or set it to auto or whisper.",
            path=setting,
        )


def find_aligner(language: str, setting: str, engine: str) -> tuple[str | None, str]:
    """Return what WhisperX is to load for a language, and why there is nothing where it is None.

    Args:
        language: short code.
        setting: ``auto``, ``whisper`` or a folder with a wav2vec2 model.
        engine: with ``faster-whisper`` nothing is aligned that was not asked for: an aligner needs PyTorch.

    Returns:
        A name for ``whisperx.load_align_model`` (or None), and the reason in words.
    """
    if setting == "whisper":
        return None, "asr.align_model is whisper"
    if setting != "auto":
        return setting, "given"
    if engine == "faster-whisper":
        return None, "faster-whisper gives them itself"
    known = known_aligners()
    if language not in known:
        return None, f"WhisperX knows no aligner for {language}"
    name = known[language]
    if _cached(name) or _hub_answers():
        return name, "WhisperX's own for the language"
    return None, f"the aligner {name} is not in the cache and the hub cannot be reached"


def fetch(language: str) -> str:
    """Fetch and load the aligner of a language, unless it is here; return its name.

    Raises:
        ModelError: WhisperX knows none for the language, or it cannot be loaded.
        NetworkError: it is not here, and the hub cannot be reached.
    """
    name = known_aligners().get(language)
    if name is None:
        raise ModelError(
            f"WhisperX knows no aligner for {language}: word times stay Whisper's own.", "Nothing is to be done."
        )
    if not _cached(name) and not _hub_answers():
        raise NetworkError(
            f"The aligner {name} is not in the cache and the hub cannot be reached.", "Is there a network?"
        )
    _load(language, "cpu", name)
    return name


def at_hand(setting: str, engine: str) -> list[str]:
    """Return the aligners on this machine, which decide the word times: their names, or the checksum of a folder."""
    if setting == "whisper" or (setting == "auto" and engine == "faster-whisper"):
        return []
    if setting == "auto":
        return sorted({name for name in known_aligners().values() if _cached(name)})
    return [checksums.of_folder(Path(setting))]


def align(
    segments: Sequence[Segment], audio: FilmAudio, language: str, name: str, device: str
) -> tuple[list[Segment], int]:
    """Give the words of one language's segments times from a wav2vec2 aligner.

    Args:
        segments: in order of time; those of other languages are passed on.
        audio: the film's audio.
        language: short code of the language that the aligner hears.
        name: the aligner, from ``find_aligner``.
        device: ``cpu`` or ``cuda``.

    Returns:
        The segments, and how many of them could not be aligned and keep Whisper's own times.

    Raises:
        ModelError: the aligner cannot be loaded.
        NetworkError: it cannot be fetched.
    """
    import whisperx.alignment

    # Segments are sentences already. NLTK's splitter would fetch a model, and does not know the danda.
    whisperx.alignment.nltk_load = lambda _: _WholeText()
    with span("model_loading"):
        model, metadata = _load(language, device, name)
    aligned, kept = [], 0
    floor_ms = 0
    for number, segment in enumerate(segments, 1):
        events.progress(number, len(segments), "aligned_segments")
        result = segment
        if segment.language == language and segment.words:
            start_ms = max(floor_ms, segment.start_ms - _MARGIN_MS)
            end_ms = min(audio.duration_ms, segment.end_ms + _MARGIN_MS)
            with working_on(start_ms, segment.id):
                found = _align_one(whisperx.alignment, model, metadata, segment, audio.piece(start_ms, end_ms), device)
            result = _with_times(segment, found, start_ms, end_ms)
            kept += result is segment
        floor_ms = max(floor_ms, result.end_ms)
        aligned.append(result)
    return aligned, kept


def _load(language: str, device: str, name: str) -> tuple[Any, Any]:
    """Load an aligner, which is fetched where it is not here.

    Raises:
        ModelError: it cannot be loaded.
        NetworkError: it is not here, and its hub cannot be reached.
    """
    import whisperx.alignment

    if Path(name).is_dir():
        origins.check(Path(name), origins.ANEW)
    else:
        origins.check_cached(name)
    try:
        found: tuple[Any, Any] = whisperx.alignment.load_align_model(language, device, model_name=name)
        return found
    except (OSError, ValueError, RuntimeError) as error:
        if is_memory_shortage(error):
            raise
        remedy = "Set asr.align_model to whisper, or to the folder of a wav2vec2 model that is whole."
        if http.is_unreachable(error):
            raise NetworkError(
                f"The aligner {name} cannot be fetched ({error}).", f"Run again, or: {remedy}"
            ) from error
        raise ModelError(f"The aligner {name} cannot be loaded ({error}).", remedy) from error


class _WholeText:
    """A sentence splitter that finds one sentence."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def _align_one(module: Any, model: Any, metadata: Any, segment: Segment, samples: Any, device: str) -> list[Any]:
    text = " ".join(word.text for word in segment.words)
    seconds = len(samples) / 16_000
    result = module.align([{"start": 0.0, "end": seconds, "text": text}], model, metadata, samples, device)
    words: list[Any] = result["word_segments"]
    return words


def _with_times(segment: Segment, found: Sequence[dict[str, Any]], start_ms: int, end_ms: int) -> Segment:
    """Return the segment with the aligner's times; with its own where the aligner lost count of the words.

    A word that the aligner has no time for keeps Whisper's, between its neighbours.
    """
    timed = ["start" in word and "end" in word for word in found]
    if len(found) != len(segment.words) or not any(timed):
        return segment
    words = []
    position = start_ms
    for number, (word, times) in enumerate(zip(segment.words, found, strict=True)):
        if timed[number]:
            begin, finish = (start_ms + round(times[key] * 1000) for key in ("start", "end"))
        else:
            latest = next((found[n]["start"] for n in range(number + 1, len(found)) if timed[n]), None)
            latest_ms = end_ms if latest is None else start_ms + round(latest * 1000)
            begin, finish = min(word.start_ms, latest_ms), min(word.end_ms, latest_ms)
        begin = min(max(position, begin), end_ms)
        finish = min(max(begin, finish), end_ms)
        words.append(Word(begin, finish, word.text, word.score))
        position = begin
    finish = max(word.end_ms for word in words)
    return replace(segment, start_ms=words[0].start_ms, end_ms=finish, words=tuple(words))


def known_aligners() -> dict[str, str]:
    """Return WhisperX's table of aligners by language, without importing its aligner (7 CPU seconds)."""
    import ast
    import importlib.util

    package = importlib.util.find_spec("whisperx")
    if package is None or package.origin is None:
        return {}
    tree = ast.parse((Path(package.origin).parent / "alignment.py").read_text(encoding="utf-8"))
    tables: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            tables.update(ast.literal_eval(node.value))
    return {languages.from_whisper(code): name for code, name in tables.items()}


def unanswered() -> tuple[str, str] | tuple[None, None]:
    """Return the hub's endpoint and address where aligners are asked for there; nothing where it is not to be asked."""
    url = weights.hub_address()
    return (None, None) if weights.is_offline() else (http.address(url), url)


def place_of(language: str) -> Path | None:
    """Return where a language's aligner will lie, when it is fetched; None where nobody can say."""
    name = known_aligners().get(language, "")
    return origins.cached_snapshots(name) if "/" in name else None


def _cached(name: str) -> bool:
    torch_home = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch")
    if "/" in name:
        return origins.cached_snapshots(name).is_dir()
    # torchaudio's pipelines keep their weights under a name of their own; any fairseq file may be the one.
    return any((torch_home / "hub" / "checkpoints").glob("wav2vec2_*"))


def _hub_answers() -> bool:
    if weights.is_offline():
        return False
    endpoint = weights.hub_address()
    try:
        http.probe(http.address(endpoint), "The hub", endpoint, replace(patience.policy(), attempts=1))
    except NetworkError:
        return False
    return True
