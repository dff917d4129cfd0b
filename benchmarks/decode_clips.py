"""Recognise the benchmarks' clips with Whisper, each once, and keep what it said; run in the environment `asr`.

Usage: decode_clips.py FOLDER: reads FOLDER/jobs.json (file, language, mode, rank of each), adds to FOLDER/decoded.json
what is not in it yet. The mode `raw` decodes the whole clip, `vad` only what Silero takes for speech.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from samvad.core import files
from samvad.models import weights

BATCH = 8


def main() -> None:
    """Decode what is missing, in batches, and save after each batch."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    folder = Path(sys.argv[1])
    known = folder / "decoded.json"
    done: dict[str, Any] = json.loads(known.read_text("utf-8")) if known.is_file() else {}
    jobs = [job for job in json.loads((folder / "jobs.json").read_text("utf-8")) if key(job) not in done]
    model = WhisperModel(str(weights.resolve_whisper("base").folder), device="cpu", compute_type="int8", cpu_threads=1)
    pipeline = BatchedInferencePipeline(model)
    options = VadOptions(threshold=0.5, min_silence_duration_ms=300, speech_pad_ms=120)
    # What says most comes first, so that a run that is broken off has been worth while.
    for rank, mode, language in sorted({(job["rank"], job["mode"], job["language"]) for job in jobs}):
        these = [job for job in jobs if (job["rank"], job["mode"], job["language"]) == (rank, mode, language)]
        for start in range(0, len(these), BATCH):
            for job, answer in zip(
                these[start : start + BATCH],
                decode(
                    pipeline,
                    [decode_audio(str(folder / job["file"])) for job in these[start : start + BATCH]],
                    language,
                    mode,
                    lambda sound: get_speech_timestamps(sound, options),
                ),
                strict=True,
            ):
                done[key(job)] = answer
            files.write_text(known, json.dumps(done, ensure_ascii=False))
            print(rank, mode, language, start + BATCH, "of", len(these), flush=True)


def key(job: dict[str, str]) -> str:
    """Return what a job's answer is kept under; the file's name is the hash of its sound."""
    return f"{job['file']} {job['language']} {job['mode']}"


def decode(pipeline: Any, clips: list[Any], language: str, mode: str, speech_of: Any) -> list[dict[str, Any]]:
    """Return for each clip its speech regions (ms) and what was decoded: pieces with text, words and figures."""
    import numpy as np

    gap = np.zeros(16_000, dtype=np.float32)
    pieces, owners, offset, track = [], [], 0.0, []
    answers: list[dict[str, Any]] = []
    for number, clip in enumerate(clips):
        speech = [(found["start"] // 16, found["end"] // 16) for found in speech_of(clip)]
        answers.append({"regions": speech, "pieces": []})
        spans = [(0.0, len(clip) / 16_000)] if mode == "raw" else [(a / 1000, b / 1000) for a, b in speech]
        for first, last in spans:
            pieces.append({"start": offset + first, "end": offset + last})
            owners.append((number, offset))
        track += [clip, gap]
        offset += (len(clip) + len(gap)) / 16_000
    if not pieces:
        return answers
    found, _ = pipeline.transcribe(
        np.concatenate(track),
        language=language,
        beam_size=1,
        batch_size=BATCH,
        clip_timestamps=pieces,
        word_timestamps=True,
        vad_filter=False,
        temperature=0.0,
        max_new_tokens=200,
    )
    starts = [piece["start"] for piece in pieces]
    for segment in found:
        if not segment.text.strip():
            continue
        place = max(n for n, start in enumerate(starts) if start <= segment.start + 0.02)
        number, offset = owners[place]
        answers[number]["pieces"].append(
            {
                "start_ms": round((pieces[place]["start"] - offset) * 1000),
                "end_ms": round((pieces[place]["end"] - offset) * 1000),
                "text": segment.text.strip(),
                "avg_logprob": round(segment.avg_logprob, 4),
                "no_speech_prob": round(segment.no_speech_prob, 4),
                "compression_ratio": round(segment.compression_ratio, 4),
                "words": [
                    [
                        word.word,
                        round((word.start - offset) * 1000),
                        round((word.end - offset) * 1000),
                        round(word.probability, 3),
                    ]
                    for word in segment.words or []
                ],
            }
        )
    return answers


if __name__ == "__main__":
    main()
