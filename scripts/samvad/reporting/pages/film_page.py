"""The report of one film: a page with all its data in it, which plays the film, or its small copy, beside it."""

from __future__ import annotations

import html
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from samvad.core import schemas, stages
from samvad.core.errors import SamvadError
from samvad.core.times import clock
from samvad.core.typed_json import JsonObject
from samvad.documents import mux_proof, stage_manifest, waveform
from samvad.documents.headline import Headline
from samvad.documents.machine_cues import Origin
from samvad.documents.probe import Probe
from samvad.documents.segments import QUARANTINE, Segment, SegmentsDocument
from samvad.documents.stage_manifest import StageManifest
from samvad.documents.subtitle_check import Finding, TrackCheck
from samvad.documents.subtitles.cues import Cue, graphemes
from samvad.documents.word_account import Funnel
from samvad.reporting.pages.filling import fill
from samvad.settings.subtitle_profiles import Profile
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.checking import RULES, level_of, shares_within, source_of
from samvad.stages.subtitle_gen.tracks import Track
from samvad.stages.subtitle_gen.worth import sureness
from samvad.text import languages

#: What a doubtful translation is called among a cue's flags.
_DOUBT = "translation"
#: So many places of each rule are listed that took words out; ``qc.json`` has all.
_MOST_PLACES = 50
_PAGE = schemas.ROOT / "scripts" / "samvad" / "reporting" / "pages" / "film"
#: From the report to the folder of stage 01, which lies beside that of stage 09.
_DEMUX = f"../{stages.BY_NAME['demux'].folder}"


@dataclass(frozen=True)
class TrackView:
    """A track as the report shows it.

    Attributes:
        track: what the machine made.
        cues: what viewers see; a person may have corrected it.
        origins: where each cue comes from, or None.
        found: breaches of the rules.
        rules: what the cues are to keep.
        corrected: whether a person has corrected them.
        objected: what a person would object to beside the rules.
        check: what ``qc.json`` says of it.
    """

    track: Track
    cues: Sequence[Cue]
    origins: Sequence[Origin | None]
    found: Sequence[Finding]
    rules: Rules
    corrected: bool
    objected: Sequence[Finding] = ()
    check: TrackCheck | None = None


def render(
    job_folder: Path,
    title: str,
    probe: Probe,
    document: SegmentsDocument,
    shots: Sequence[int],
    views: Sequence[TrackView],
    profile: Profile,
    small_copy: str | None = None,
    beside: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page.

    Args:
        job_folder: the film's job.
        title: the film's title.
        probe: what stage 01 found out about the film.
        document: the film's segments.
        shots: times of its shot changes in ms.
        views: its tracks.
        profile: the rules that they keep.
        small_copy: the name of the film's small copy, which lies beside the page; None where there is none: the film
            itself is played, where the browser can.
        beside: what else was made of the film's text, each with what there is to say of it.
    """
    manifests = _manifests(job_folder)
    demux = {made.type: Path(made.path).name for made in manifests["demux"].outputs} if "demux" in manifests else {}
    rate = views[0].rules.frame_rate if views else 24
    data = {
        "title": title,
        "subtitle": _subtitle(probe, document),
        "duration": max(1, probe.duration_ms or document.duration_ms),
        "media": small_copy or _film_beside(job_folder, manifests),
        "poster": f"{_DEMUX}/{demux['poster']}" if "poster" in demux else None,
        **_waveform(job_folder, demux),
        "shots": list(shots),
        "profile": profile.title,
        "frameRate": float(rate),
        "tracks": [_track(view, document) for view in views],
        "segments": {segment.id: _segment(segment) for segment in document.segments},
        "quarantined": [segment.id for segment in document.segments if segment.verdict == QUARANTINE],
        "facts": [*_facts(probe, document, manifests, profile), *beside],
        "stages": [_stage(name, manifests[name]) for name in stages.BY_NAME if name in manifests],
    }
    # In a script element only "</" and "<!--" mean something: no "<" stays one.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return fill(_PAGE, {"TITLE": html.escape(title), "DATA": text})


def _manifests(job_folder: Path) -> dict[str, StageManifest]:
    """Return the manifests of the stages before this one, as far as they can be read."""
    before = [stage for stage in stages.STAGES if stage.number < stages.BY_NAME["subtitle_gen"].number]
    read = {stage.name: stage_manifest.read_optional(job_folder / stage.folder / "manifest.json") for stage in before}
    return {name: manifest for name, manifest in read.items() if manifest is not None}


def _film_beside(job_folder: Path, manifests: Mapping[str, StageManifest]) -> str | None:
    """Return the address of the film as stage 01 read it, from the page's folder on."""
    film = manifests["demux"].film_file() if "demux" in manifests else None
    if film is None:
        return None
    return quote(os.fsencode(os.path.relpath(film.path, job_folder / stages.BY_NAME["subtitle_gen"].folder)))


def _waveform(job_folder: Path, demux: Mapping[str, str]) -> JsonObject:
    path = job_folder / stages.BY_NAME["demux"].folder / demux.get("waveform", "waveform.json")
    try:
        found = waveform.read(path)
    except SamvadError:
        return {"peaks": "", "peaksASecond": 25}
    return {"peaks": found.peaks, "peaksASecond": found.peaks_a_second}


def _track(view: TrackView, document: SegmentsDocument) -> JsonObject:
    rules = view.rules
    flags: dict[int, list[list[str]]] = {}
    for item in (*view.found, *view.objected):
        flags.setdefault(item.cue, []).append([item.rule, item.level, item.message])
    check = view.check
    for doubt in check.doubts if check else ():
        flags.setdefault(doubt.cue, []).append([_DOUBT, "warning", ", ".join(doubt.flags)])
    segments = {segment.id: segment for segment in document.segments}
    cues = [
        _cue(cue, origin, flags.get(number, []), segments, view)
        for number, (cue, origin) in enumerate(zip(view.cues, view.origins, strict=True), start=1)
    ]
    by_words = rules.reading_speed_wpm is not None
    return {
        "language": view.track.language,
        "name": languages.name(view.track.language) + (" (corrected)" if view.corrected else ""),
        "same": not view.track.translated,
        "limit": rules.reading_speed_wpm if by_words else rules.reading_speed_cps,
        "unit": "words/min" if by_words else "characters/s",
        "shortest": rules.min_cue_ms,
        "longest": rules.max_cue_ms,
        "width": rules.max_line_characters,
        "gap": rules.gap_ms,
        "within": shares_within(len(view.cues), view.found),
        "rules": [{"rule": rule, "level": level_of(rule, rules), "source": source_of(rule, rules)} for rule in RULES],
        "missing": [list(stretch) for stretch in check.missing] if check else [],
        "perhaps": [list(stretch) for stretch in check.perhaps] if check else [],
        "loud": [list(stretch) for stretch in check.loud] if check else [],
        "headline": _headline(check.headline, check.words) if check and check.headline else None,
        "words": _words(check.words) if check and check.words else None,
        "cues": cues,
    }


def _headline(found: Headline, words: Funnel | None) -> JsonObject:
    """Return the figures of a headline, each with its grade; of a track without cues that alone."""
    grades = {"words": "good", **found.grades}
    shares = {
        "words accounted for": (_accounted(words) if words and (found.cues or found.unexplained) else None, "words"),
        "text for the speech": (found.coverage, "coverage"),
        "speech that nothing covers": (_uncovered(found), "perhaps"),
        "sure of the words": (found.sure, "sure"),
        "translations not doubtful": (1 - found.doubtful / found.cues if found.cues else None, "doubtful"),
        "every hard rule": (found.rules if found.cues else None, "rules"),
    }
    return {
        "grade": found.grade,
        "told": found.told(),
        "loud": found.loud,
        "figures": [
            [name, share, grades.get(key, "none")] for name, (share, key) in shares.items() if share is not None
        ],
    }


def _uncovered(found: Headline) -> float | None:
    """Return the share of the speech that no other sound may hide; None where there is no sign of any."""
    if not found.perhaps_seconds:
        return None
    spoken = found.speech_seconds or 0.0
    return spoken / (spoken + found.perhaps_seconds)


def _accounted(found: Funnel) -> float:
    """Return the share of the words that were heard that a cue or a record accounts for; never all but a few."""
    heard = max(1, found.steps[0].words if found.steps else 1)
    unexplained = found.lost + found.added
    return min(0.999, max(0.0, 1 - unexplained / heard)) if unexplained else 1.0


def _words(found: Funnel) -> JsonObject:
    """Return the way of the film's words: its steps, what was taken out by rule, and what is not explained."""
    rules: dict[str, JsonObject] = {}
    for item in found.taken:
        rule = rules.setdefault(f"{item.stage}\n{item.rule}", {"stage": item.stage, "rule": item.rule, "words": 0})
        rule["words"] += item.words
        places = rule.setdefault("places", [])
        if len(places) < _MOST_PLACES:
            places.append([item.start_ms, item.text, item.why])
    return {
        "steps": [vars(step) for step in found.steps],
        "rules": list(rules.values()),
        "unexplained": [vars(item) for item in found.unexplained],
    }


def _cue(
    cue: Cue, origin: Origin | None, flags: list[list[str]], segments: Mapping[int, Segment], view: TrackView
) -> JsonObject:
    ids = [number for number in (origin.segments if origin else ()) if number in segments]
    by_words = view.rules.reading_speed_wpm is not None
    seconds = max(1, cue.duration_ms) / 1000
    said = " ".join(segments[number].text for number in ids)
    translations = _translations(ids, segments, view)
    return {
        "start": cue.start_ms,
        "end": cue.end_ms,
        "lines": list(cue.lines),
        "italic": sorted({style.line for style in cue.styles if style.kind == "i"}),
        "segments": ids,
        # Also in a track in the film's main language: what was said in another language is shown beside it.
        "translated": any(text and _bare(text) != _bare(said) for text in translations),
        "song": any(segments[number].kind == "song" for number in ids),
        "characters": cue.characters,
        "graphemes": graphemes(cue.text),
        "speed": round(cue.words * 60 / seconds if by_words else cue.characters / seconds, 1),
        "sure": sureness([segments[number] for number in ids]),
        "flags": flags,
        "why": origin.why if origin else "",
        "full": origin.full if origin else "",
        # A correction is seen where its words are neither the translation nor what was said.
        "hand": view.corrected and not any(_bare(cue.text) in _bare(text) for text in (said, *translations)),
    }


def _translations(ids: Sequence[int], segments: Mapping[int, Segment], view: TrackView) -> list[str]:
    found = [segments[number].translations.get(view.track.language) for number in ids]
    return [" ".join(item.text for item in found if item)]


def _bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _segment(segment: Segment) -> JsonObject:
    return {
        "start": segment.start_ms,
        "end": segment.end_ms,
        "text": segment.text,
        "language": segment.language,
        "verdict": segment.verdict,
        "reasons": list(segment.reasons),
        "names": sorted({entity.text for entity in segment.entities}),
    }


def _subtitle(probe: Probe, document: SegmentsDocument) -> str:
    parts = [clock(probe.duration_ms or document.duration_ms).rsplit(".", 1)[0]]
    if spoken := _spoken(document):
        parts.append(f"spoken in {', '.join(languages.name(code) for code in spoken)}")
    if probe.video:
        parts.append(f"{probe.video.width} × {probe.video.height}")
    return " · ".join(parts)


def _spoken(document: SegmentsDocument) -> list[str]:
    """Return the languages of what is shown, the one that is spoken longest first; without any text, the film's."""
    lengths: Counter[str] = Counter()
    for segment in document.segments:
        if segment.verdict != QUARANTINE:
            lengths[segment.language] += segment.end_ms - segment.start_ms
    found = [code for code, _ in lengths.most_common()] or [document.language]
    return [code for code in found if code != "und"]


def _facts(
    probe: Probe, document: SegmentsDocument, manifests: Mapping[str, StageManifest], profile: Profile
) -> list[tuple[str, str]]:
    counts = {"segments": len(document.segments), "quarantined": 0, "suspect": 0, "songs": 0, "names": 0}
    for segment in document.segments:
        counts["quarantined"] += segment.verdict == QUARANTINE
        counts["suspect"] += segment.verdict == "suspect"
        counts["songs"] += segment.kind == "song"
        counts["names"] += len(segment.entities)
    demux = manifests.get("demux")
    film = demux.film_file() if demux else None
    facts = [("file", film.path if film else ""), ("checksum", film.checksum if film else "")]
    facts.append(("container", probe.container))
    if probe.video:
        facts.append(("picture", f"{probe.video.codec}, {probe.video.width} × {probe.video.height}"))
    for track in probe.audio:
        channel = f", {probe.chosen_channel}" if probe.chosen_channel not in (None, "mix") else ""
        why = f" (recognised{channel}: {probe.chosen_because})"
        chosen = why if track.track == probe.chosen_audio_track else ""
        spoken = languages.name(track.language) if track.language else "no language"
        facts.append((f"sound {track.track}", f"{track.codec}, {track.channels} channels, {spoken}{chosen}"))
    mux = manifests.get("mux")
    proved = mux_proof.told({metric.name: metric.value for metric in mux.metrics}) if mux else None
    facts += [("proved", proved)] if proved else []
    facts += [(key, str(value)) for key, value in counts.items()]
    facts.append(("profile", f"{profile.title} ({profile.name})"))
    if demux:
        facts.append(("Samvad", f"{demux.software.samvad} {(demux.software.git_commit or '')[:12]}".strip()))
        facts.append(("run", demux.run_id))
    return facts


def _stage(name: str, manifest: StageManifest) -> JsonObject:
    software = manifest.software
    models = [f"{model.name} {(model.revision or '')[:12]}".strip() for model in software.models]
    tools = [f"{tool} {version}" for tool, version in software.tools.items()]
    device = software.device_actual
    return {
        "name": stages.BY_NAME[name].folder.replace("_", " ", 1),
        "status": manifest.status,
        "seconds": float(manifest.duration_seconds),
        "used": " · ".join([*models, *([f"on {device}"] if device else []), *tools]),
    }
