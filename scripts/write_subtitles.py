"""Stage 09: cut the film's text into cues that keep a profile's rules, write subtitle files, check and report them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from samvad.core import files
from samvad.documents import (
    added_tracks,
    approvals,
    coverage,
    machine_cues,
    review,
    segments,
    speech_regions,
    subtitle_check,
)
from samvad.documents import probe as probe_document
from samvad.documents import tracks as tracks_document
from samvad.documents.approvals import Approval
from samvad.documents.machine_cues import MachineCue, MachineCues, Origin
from samvad.documents.probe import Probe
from samvad.documents.review import Decision
from samvad.documents.subtitle_check import Checks, TrackCheck
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.tracks import FurtherTrack, SubtitleFiles, Tracks
from samvad.logs.spans import span
from samvad.media import sound_curve
from samvad.reporting.pages import film_page
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_profiles import Profile
from samvad.settings.subtitle_rules import FILM_FRAME_RATE, Rules
from samvad.stages.subtitle_gen import (
    beforehand,
    checking,
    corrections,
    following,
    further,
    listening,
    objections,
    pictures,
    qc,
    shortening,
    telling,
    transcript,
    worth,
)
from samvad.stages.subtitle_gen.funnel import Spoken
from samvad.stages.subtitle_gen.options import STAGE, Options
from samvad.stages.subtitle_gen.shortening import Proposal
from samvad.stages.subtitle_gen.tracks import Track, languages_of_tracks, make_track
from samvad.stages.subtitle_gen.turns import Listen
from samvad.text import languages

log = logging.getLogger(__name__)


def frame_rate(probe: Probe) -> Fraction:
    """Return the film's frames a second, or those of cinema film where it has no video or says nonsense."""
    rate = probe.video.frame_rate if probe.video else None
    # Containers without a rate report their clock instead (1000 or 90000), and slide shows one frame in seconds.
    return rate if rate is not None and 10 <= rate <= 120 else FILM_FRAME_RATE


def heard(run: StageRun) -> sound_curve.SoundCurve | None:
    """Return what stage 06 heard; None where it is off, or had nothing that listens."""
    path = run.read_optional("lyrics_detection", "sound_curve")
    return sound_curve.read(path) if path else None


def rules_for(run: StageRun, options: Options, profile: Profile, rate: Fraction) -> Callable[[str, str], Rules]:
    """Return what gives the rules of a further track, by its purpose and language."""
    own = subtitle_profiles.load(options.sdh_profile)
    for path in own.files:
        run.holds("sdh_profile", path)
    return lambda purpose, language: (own if purpose == tracks_document.SDH else profile).rules(language, rate)


def shown(run: StageRun, track: Track, film_ms: int) -> tuple[Sequence[Cue], Sequence[Origin | None], bool]:
    """Return the cues that viewers are to see, where they come from, and whether a person has corrected them."""
    path = corrections.path_of(run.job_folder, track.language)
    if path.exists():
        run.add_external_input(path, f"correction_{track.language}")
    found = corrections.load(run.job_folder, track.language, film_ms)
    if found is None:
        return track.cues, track.origins, False
    corrected, mended = found
    if mended:
        places = "; ".join(note.said() for note in mended[:5]) + ("; …" if len(mended) > 5 else "")
        run.warn(f"The corrected track in {languages.name(track.language)} was mended to be shown: {places}")
    log.info("The track in %s is the one that a person corrected", languages.name(track.language))
    return corrected, corrections.origins_of(corrected, track.cues, track.origins), True


def write_track(run: StageRun, track: Track, cues: Sequence[Cue], wanted: Sequence[str]) -> dict[str, str]:
    """Write a track's files and return their names by kind."""
    names = {kind: f"{run.film}.{track.language}.{kind}" for kind in wanted}
    for kind, name in names.items():
        text = formats.write(kind, cues, track.language)
        files.write_text(run.output(name, f"{kind}_{track.language}"), text)
    return names


@dataclass(frozen=True)
class Asked:
    """What people ask for: formats, which shorter texts are taken, and which tracks they have approved."""

    formats: tuple[str, ...]
    decisions: tuple[Decision, ...]
    take_all: bool
    approved: Mapping[str, Approval]


@dataclass(frozen=True)
class Made:
    """A track with its files: what ``tracks.json``, ``qc.json``, ``cues.json`` and the report say of it."""

    entry: SubtitleFiles
    check: TrackCheck
    machine: tuple[MachineCue, ...]
    view: film_page.TrackView
    shorter: tuple[tuple[str, Proposal], ...]


@dataclass(frozen=True)
class Voices:
    """Where a film's voices are, start and end in ms of each stretch.

    Attributes:
        speech: where somebody speaks, or None where that is not known.
        perhaps: where somebody may speak under other sound.
        loud: where other sound is too loud to hear anybody.
    """

    speech: Sequence[tuple[int, int]] | None
    perhaps: Sequence[tuple[int, int]]
    loud: Sequence[tuple[int, int]]


@span("cutting")
def make(
    run: StageRun,
    document: segments.SegmentsDocument,
    rules: Rules,
    shots: list[int],
    asked: Asked,
    film_ms: int,
    voices: Voices,
    listen: Listen | None,
    way: Spoken | None,
) -> Made:
    """Cut, check and write a track."""
    track = make_track(
        document,
        rules,
        shots,
        listen,
        lambda found: shortening.decided(found, asked.decisions, rules.language, take_all=asked.take_all),
    )
    run.metric(f"shorter_proposed_{track.language}", len(track.shorter), "cues")
    run.metric(f"shorter_taken_{track.language}", sum(item.taken for item in track.shorter), "cues")
    cues, origins, corrected = shown(run, track, film_ms)
    approval = asked.approved.get(track.language)
    if approval is not None:
        telling.of_approval(run, approval, track.language, track.cues)
    said = None if corrected else [(item.said_from_ms, item.said_to_ms) for item in track.origins]
    context = checking.Context(shots or None, said)
    found, objected = checking.check(cues, rules, context), objections.find(cues, rules, context)
    telling.of_rules(run, track, cues, found, rules)
    for kind, count in objections.counts(objected).items():
        run.metric(f"{kind.replace(' ', '_')}_{track.language}", count, "cues")
    entry = SubtitleFiles(
        language=track.language,
        translated=track.translated,
        cues=len(cues),
        hearing_impaired=rules.hearing_impaired,
        corrected=corrected,
        files=write_track(run, track, cues, asked.formats),
    )
    words = following.of_track(run, way, track, cues, corrected=corrected)
    machine = tuple(map(MachineCue.of, track.cues, track.origins))
    missing = [] if corrected else worth.gaps(document, track.language, voices.speech or ())
    covered = [] if corrected else worth.gaps(document, track.language, voices.perhaps)
    loud = [] if corrected else worth.gaps(document, track.language, voices.loud)
    doubts = [] if corrected else worth.doubts(document, track.language, origins)
    check = replace(
        qc.track_check(cues, rules, found, objected),
        doubts=tuple(doubts),
        missing=tuple((gap.start_ms, gap.end_ms) for gap in missing),
        perhaps=tuple((gap.start_ms, gap.end_ms) for gap in covered),
        loud=tuple((gap.start_ms, gap.end_ms) for gap in loud),
        words=words,
    )
    unexplained = words.lost + words.added if words else 0
    known = worth.headline(document, check, voices.speech, missing, corrected=corrected, unexplained=unexplained)
    check = replace(check, headline=known)
    telling.of_worth(run, track.language, check, missing)
    view = film_page.TrackView(track, cues, origins, found, rules, corrected, objected, check)
    shorter = tuple((track.language, item) for item in track.shorter)
    return Made(entry, check, machine, view, shorter)


def where_spoken(run: StageRun) -> Voices:
    """Return where somebody speaks, and where that could not be heard."""
    found, heard = run.read_optional("asr", "speech_regions"), run.read_optional("asr", "coverage")
    speech = speech_regions.read(found, spoken=True) if found else None
    return Voices(speech, coverage.perhaps(heard) if heard else (), coverage.loud(heard) if heard else ())


def approved_tracks(run: StageRun, there: Sequence[str]) -> Mapping[str, Approval]:
    """Return which tracks people have approved, and say of which of them there is none now."""
    path = approvals.path_of(run.job_folder)
    if path.is_file():
        run.add_external_input(path, "approvals")
    approved = approvals.read_optional(run.job_folder).tracks
    for language in sorted(approved.keys() - set(there)):
        who = f"{approved[language].by} approved the track in {languages.name(language)}"
        run.warn(f"{who}, but the film has none now: its targets are others.")
    return approved


@dataclass(frozen=True)
class More:
    """The further tracks: what ``tracks.json`` and ``qc.json`` say of them."""

    entries: tuple[FurtherTrack, ...]
    checks: dict[str, TrackCheck]

    def judged(self, made: Made) -> Made:
        """Return a track whose headline also has what the tracks made of it have lost."""
        check = worth.with_further(made.check, self.checks.values())
        return replace(made, check=check, view=replace(made.view, check=check))

    def told(self) -> list[tuple[str, str]]:
        """Return each track with its files, its cues and how they keep the hard rules, for the report."""
        return [
            (
                f"{entry.purpose} {entry.language}{'+' * bool(entry.second)}{entry.second}",
                f"{', '.join(entry.files.values())}: {entry.cues} cues, "
                f"{self.checks[entry.suffix].within['hard']:.0%} keep every hard rule",
            )
            for entry in self.entries
        ]


def make_further(
    run: StageRun,
    options: Options,
    document: segments.SegmentsDocument,
    shots: list[int],
    views: Sequence[film_page.TrackView],
    rules_of: Callable[[str, str], Rules],
    listen: Listen | None,
) -> More:
    """Make the tracks that are made of others, write their files, and record how they keep their rules."""
    if not (options.further or options.bilingual):
        return More((), {})
    tracks = {view.track.language: further.Shown(view.cues, view.origins, view.corrected) for view in views}
    film = further.Film(document, shots, listen, tracks)
    entries, checks = [], {}
    for item in further.make(film, options.further, options.bilingual, rules_of, lambda: heard(run), run.warn):
        entry = FurtherTrack(item.language, item.purpose, len(item.cues), {}, item.second)
        names = {kind: f"{run.film}.{entry.suffix}.{kind}" for kind in dict.fromkeys(options.formats)}
        for kind, name in names.items():
            text = formats.write(kind, item.cues, item.language)
            files.write_text(run.output(name, f"{kind}_{entry.key}"), text)
        run.metric(f"cues_{entry.key}", len(item.cues), "cues")
        run.metric(f"within_hard_{entry.key}", item.check.within["hard"], "share")
        following.of_further(run, entry, item.check.words)
        entries.append(replace(entry, files=names))
        checks[entry.suffix] = item.check
    return More(tuple(entries), checks)


def write_transcripts(
    run: StageRun, document: segments.SegmentsDocument, views: Sequence[film_page.TrackView], options: Options
) -> dict[str, str]:
    """Write each track's text for reading, and return the names of the files."""
    names = {}
    for view in views:
        language = view.track.language
        said = transcript.of_segments(document, language)
        if view.corrected:
            said = transcript.of_cues(view.cues, view.origins, document, language)
        for kind in dict.fromkeys(options.transcript):
            name = f"{run.film}.{language}.{kind}"
            path = run.output(name, f"{kind}_{language}")
            if kind == "docx":
                files.write_bytes(path, transcript.as_docx(said, options.title or run.film, language))
            else:
                files.write_text(path, transcript.as_text(said))
            names[f"{kind}_{language}"] = name
    return names


def work(run: StageRun, options: Options) -> None:
    """Write the tracks of all target languages, the check, and the report."""
    beforehand.check(vars(options), options.languages)
    probe = probe_document.read(run.read("demux", "probe"))
    document = segments.read(run.read_segments())
    rate, profile = frame_rate(probe), subtitle_profiles.load(options.profile)
    for path in profile.files:
        run.holds("profile", path)
    spoken, without = languages_of_tracks(document, options.languages)
    path = added_tracks.path_of(run.job_folder)
    if path.is_file():  # beyond the targets, a person's work alone
        run.add_external_input(path, "added")
        added = added_tracks.read_optional(run.job_folder)
        spoken += [code for code in added if code not in spoken]
        without = [code for code in without if code not in added]
    for target in without:
        run.warn(
            f"Nothing of the film has text in {languages.name(target)}: translation is off or gave none, "
            f"so there are no subtitles in {languages.name(target)}."
        )
    seen = pictures.look(run, probe, options)
    shots = list(seen.cuts_ms)
    voices = where_spoken(run)
    film_ms = max(probe.duration_ms, document.duration_ms)
    decisions = review.read_shorter(run.add_external_input(options.review, "review")) if options.review else ()
    approved = approved_tracks(run, spoken)
    way = following.spoken(run, document)
    asked = Asked(tuple(dict.fromkeys(options.formats)), decisions, options.shorten == "take", approved)
    listen = listening.of(run)
    made = [
        make(run, document, profile.rules(language, rate), shots, asked, film_ms, voices, listen, way)
        for language in spoken
    ]
    views = [item.view for item in made]
    more = make_further(run, options, document, shots, views, rules_for(run, options, profile, rate), listen)
    if listen:
        listen.keep(run.check_inputs)
    texts = write_transcripts(run, document, views, options)
    run.metric("languages", ", ".join(spoken) or None)
    run.metadata("frame_rate", float(rate))
    run.metadata("frame_rate_numerator", rate.numerator)
    run.metadata("frame_rate_denominator", rate.denominator)
    run.metadata("profile", options.profile)
    run.metadata("profile_title", profile.title)
    run.metadata("shots", len(shots))
    made = [more.judged(item) for item in made]
    checks = Checks(profile=profile.title, tracks=tuple(item.check for item in made), further=more.checks)
    subtitle_check.write(run.output("qc.json", "qc"), checks)
    files.write_text(
        run.output("shorter.tsv", "shorter"), shortening.table(row for item in made for row in item.shorter)
    )
    machine = MachineCues(tracks={item.entry.language: item.machine for item in made})
    machine_cues.write(run.output("cues.json", "cues"), machine)
    beside = [*more.told(), *((f"transcript {kind.replace('_', ' ')}", name) for kind, name in texts.items())]
    about = (run.job_folder, options.title or run.film, probe, document, shots, [item.view for item in made], profile)
    page = film_page.render(*about, seen.small_copy, beside)
    files.write_text(run.output("report.html", "report"), page)
    all_tracks = Tracks(tracks=tuple(item.entry for item in made), further=more.entries, transcripts=texts)
    tracks_document.write(run.output("tracks.json", "tracks"), all_tracks)


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
