"""Write the subtitles that other tools make of the same words. Run by benchmarks/subtitles.py in those tools' own
environments: WhisperX's (the project's asr environment), or one with stable-ts.

Usage: python subtitle_peers.py whisperx|stable-ts WORDS.json FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def whisperx(result: dict, folder: Path) -> None:
    """Write WhisperX's default SRT, the one with 42 characters in two lines, and its SubtitlesProcessor's."""
    from whisperx.SubtitlesProcessor import SubtitlesProcessor
    from whisperx.utils import WriteSRT

    writer = WriteSRT(str(folder))
    for name, width, count in (("whisperx", None, None), ("whisperx_42x2", 42, 2)):
        options = {"max_line_width": width, "max_line_count": count, "highlight_words": False}
        with (folder / f"{name}.srt").open("w", encoding="utf-8") as file:
            writer.write_result(result, file, options)
    processor = SubtitlesProcessor(result["segments"], result["language"], max_line_length=42, is_vtt=False)
    processor.save(str(folder / "whisperx_processor.srt"), advanced_splitting=True)


def stable_ts(result: dict, folder: Path) -> None:
    """Write stable-ts's default SRT, and that of the regrouping that subgen uses."""
    import stable_whisper

    for segment in result["segments"]:
        for word in segment["words"]:
            word["word"] = f" {word['word']}"
            word["probability"] = word.pop("score", None) or 0.0
    for name, regroup in (("stable_ts", True), ("stable_ts_subgen", "cm_sl=84_sl=42++++++1")):
        made = stable_whisper.WhisperResult(json.loads(json.dumps(result)), check_sorted=False)
        made.regroup(regroup)
        made.to_srt_vtt(str(folder / f"{name}.srt"), word_level=False)


if __name__ == "__main__":
    tool, source, target = sys.argv[1:]
    words = json.loads(Path(source).read_text(encoding="utf-8"))
    {"whisperx": whisperx, "stable-ts": stable_ts}[tool](words, Path(target))
