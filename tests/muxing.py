"""Stage 10 as a test runs it: small films, and what came of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import support
from samvad.core import files
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue

SRT = "1\n00:00:00,500 --> 00:00:01,400\n{}\n\n"
PICTURE = ["-f", "lavfi", "-i", "testsrc=duration=3:size=128x72:rate=25"]
SOUND = ["-f", "lavfi", "-i", "sine=duration=3"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]


def ffmpeg(*options: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, options)], check=True)


def probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", f"file:{path}"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def packets(path: Path) -> list[list[str]]:
    """Return the checksums of each picture and sound stream's packets, byte for byte; of priming samples, none."""
    entries = [
        "-show_packets",
        "-show_data_hash",
        "md5",
        "-show_entries",
        "packet=codec_type,stream_index,flags,data_hash",
    ]
    command = ["ffprobe", "-v", "error", *entries, "-of", "json", f"file:{path}"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["packets"]
    heard = [packet for packet in found if packet["codec_type"] in ("video", "audio") and "D" not in packet["flags"]]
    numbers = sorted({packet["stream_index"] for packet in heard})
    return [[packet["data_hash"] for packet in heard if packet["stream_index"] == number] for number in numbers]


def subtitle_streams(path: Path) -> list[dict[str, Any]]:
    return [stream for stream in probe(path)["streams"] if stream["codec_type"] == "subtitle"]


def text_of(path: Path, number: int) -> str:
    """Return the number-th subtitle track as SubRip."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", f"0:s:{number}", "-f", "srt", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def make_job(
    folder: Path,
    film: Path,
    tracks: tuple[tuple[str, bool], ...] = (("hi", False), ("en", True)),
    *,
    kind: str = "srt",
    empty: tuple[str, ...] = (),
    duration_ms: int = 3000,
    video: bool = True,
    text: str | None = None,
    hearing_impaired: bool = False,
    further: dict[str, dict[str, object]] | None = None,
    **known: object,
) -> list[object]:
    """Make stages 01 and 09 of a job and return the options that name them.

    Further tracks are given by the key of their output; what is ``known`` stands in the probe.
    """
    job = support.make_job(folder)
    picture = support.VIDEO if video else None
    probe = support.probe_document(video=picture, duration_ms=duration_ms, checksum=files.sha256_of(film), **known)
    demux = support.finished_stage(
        job,
        "demux",
        {"probe": ("probe.json", probe)},
        [support.file_record(film, "film")],
    )
    outputs = {}
    listed = []
    for language, translated in tracks:
        cues = [] if language in empty else [Cue(500, 1400, (text or f"text in {language}",))]
        body = formats.write(kind, cues, language)
        name = f"test.{language}.{kind}"
        outputs[f"{kind}_{language}"] = (name, body.encode())
        listed.append(
            {
                "language": language,
                "translated": translated,
                "cues": len(cues),
                "hearing_impaired": hearing_impaired,
                "files": {kind: name},
            }
        )
    more = []
    for key, about in (further or {}).items():
        name = f"test.{key}.{kind}"
        body = formats.write(kind, [Cue(500, 1400, (f"text of {key}",))], str(about["language"]))
        outputs[f"{kind}_{key}"] = (name, body.encode())
        more.append({**about, "cues": 1, "files": {kind: name}})
    all_tracks = {"schema_version": "1.0", "tracks": listed, "further": more}
    outputs["tracks"] = ("tracks.json", json.dumps(all_tracks).encode())
    subtitle_gen = support.finished_stage(job, "subtitle_gen", outputs)
    return ["--job-folder", job, "--film", "test", "--demux", demux, "--subtitle-gen", subtitle_gen]


def run(
    inputs: list[object], *options: str, languages: tuple[str, ...] = ("hi", "en"), choice: str = "translated"
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the script; return the subtitled film's path, and how it went."""
    done = support.run_script("mux", *inputs, "--languages", *languages, "--default-track", choice, *options)
    return Path(str(inputs[1])) / "10_mux" / "test.mkv", done


def manifest(result: Path) -> dict[str, Any]:
    return support.manifest_of(result.parents[1], "mux")


def messages(result: Path) -> list[str]:
    return [item["message"] for item in manifest(result)["warnings"]]


def identified(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(subprocess.run(["mkvmerge", "-J", path], capture_output=True, check=True).stdout)
    return found


HINDI = "क्षत्रिय हिन्दी में कहते हैं"
