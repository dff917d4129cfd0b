"""Stage 10's proof: what was done to a result on purpose, it finds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import clock_films
import support
from clock_films import Recipe
from muxing import ffmpeg, make_job
from samvad.core import files
from samvad.core.errors import SamvadError
from samvad.documents.mux_proof import StreamProof
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import clock, film_headers
from samvad.stages.mux import between, compared, cues, looks, mp4, routes, whole
from samvad.stages.mux.film import FilmFile
from samvad.stages.mux.matroska import NewTrack

DURATION_MS = clock_films.SECONDS * 1000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> FilmFile:
    """Return a film of chirps and flashes, its sound uncompressed."""
    folder = tmp_path_factory.mktemp("film")
    path = clock_films.make(Recipe("mkv", "h264", "pcm_s16le"), folder, folder)
    return FilmFile(clock.opened(path), leaps=False, duration_ms=DURATION_MS)


def faults(film: FilmFile, result: Path) -> list[str]:
    """Return what the proof finds wrong with a result."""
    header = film_headers.read(result)
    return routes.wrong_in(film, routes.check(film, film, result, header, None, 1), header)


def merged(folder: Path, *options: object) -> Path:
    result = folder / "result.mkv"
    subprocess.run(["mkvmerge", "-q", "-o", result, *map(str, options)], check=True)
    return result


def test_a_silent_sound_that_was_recognised_is_named_once() -> None:
    """It is compared twice, and nothing proves it either time."""
    said: list[str] = []
    proofs = [StreamProof(1, "audio", "nothing", ()), StreamProof(2, "audio", "nothing", ())]
    routes.warn_unproved(SimpleNamespace(warn=said.append), [*proofs, proofs[0]])
    assert said == [
        f"Nothing proves that the film's sound (stream {stream}) is in time: it is silent, or too even."
        for stream in (1, 2)
    ]


def test_a_whole_copy_is_proved(film: FilmFile, tmp_path: Path) -> None:
    assert faults(film, merged(tmp_path, film.path)) == []


def test_a_proof_counts_what_it_has_compared(film: FilmFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that muxes said 100 % before: who watches is to see that work goes on."""
    said: list[tuple[float, float]] = []
    monkeypatch.setattr("samvad.logs.events.progress", lambda done, total, unit: said.append((done, total)))
    assert faults(film, merged(tmp_path, film.path)) == []
    assert said == [(0, 2), (1, 2), (2, 2)]


def test_sound_that_comes_a_tenth_of_a_second_late_is_found(film: FilmFile, tmp_path: Path) -> None:
    (fault,) = faults(film, merged(tmp_path, "--sync", "1:100", film.path))
    assert "sound (stream 1" in fault
    assert "100.0 ms late" in fault


def test_pictures_that_come_early_are_found(film: FilmFile, tmp_path: Path) -> None:
    late = merged(tmp_path, "--sync", "0:80", film.path)
    (fault,) = faults(film, late)
    assert "picture (stream 0" in fault
    assert "80.0 ms late" in fault


@pytest.mark.parametrize(
    "filters",
    ["volume=0", "areverse", "aresample=48000,asetrate=50000,aresample=48000"],
    ids=["silent", "other", "fast"],
)
def test_sound_that_is_not_the_films_is_found(film: FilmFile, tmp_path: Path, filters: str) -> None:
    result = tmp_path / "result.mkv"
    ffmpeg("-i", film.path, "-map", 0, "-c:v", "copy", "-af", filters, "-c:a", "pcm_s16le", result)
    assert any("sound (stream 1" in fault and "is not in it" in fault for fault in faults(film, result))


def test_sound_whose_bytes_are_read_in_the_wrong_order_is_found(film: FilmFile, tmp_path: Path) -> None:
    raw, result = tmp_path / "sound.raw", tmp_path / "result.mkv"
    ffmpeg("-i", film.path, "-map", "0:a", "-f", "s16be", raw)
    sound = ("-f", "s16le", "-ar", clock_films.RATE_HZ, "-ac", 1, "-i", raw)
    ffmpeg("-i", film.path, *sound, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le", result)
    assert any("is not in it" in fault for fault in faults(film, result))


def test_other_pictures_are_found(film: FilmFile, tmp_path: Path) -> None:
    result = tmp_path / "result.mkv"
    ffmpeg("-i", film.path, "-map", 0, "-vf", "hflip,negate", "-c:v", "mpeg4", "-c:a", "copy", result)
    assert any("picture (stream 0" in fault and "is not in it" in fault for fault in faults(film, result))


def test_a_stream_that_is_missing_is_found(film: FilmFile, tmp_path: Path) -> None:
    with pytest.raises(SamvadError, match="1 pictures and sounds, not 2"):
        faults(film, merged(tmp_path, "--no-audio", film.path))


def test_a_picture_that_is_not_turned_or_stretched_as_the_film_is_mended_or_found(
    film: FilmFile, tmp_path: Path
) -> None:
    turned = merged(tmp_path, "--aspect-ratio", "0:4/3", film.path)
    subprocess.run(["mkvpropedit", "-q", turned, "--edit", "track:v1", "--set", "projection-pose-roll=90"], check=True)
    wrong = looks.differences(film.header, film_headers.read(turned))
    assert [text.split(" ", 2)[2] for text in wrong] == ["is turned by 90°, not by 0°", "has another shape"]
    assert looks.differences(film.header, looks.mend(film.header, turned)[0]) == []


CUES = [Cue(1000, 1800, ("one",)), Cue(2000, 2500, ("two", "lines")), Cue(3000, 3500, ("three",))]


def test_cues_that_are_missing_moved_or_changed_are_found() -> None:
    assert cues.differences(CUES, CUES) == []
    assert cues.differences(CUES, CUES[:2]) == ["it has 2 cues, not 3"]
    moved = [*CUES[:2], Cue(3100, 3600, ("three",))]
    assert cues.differences(CUES, moved) == ["the cue at 00:00:03.000 is at 00:00:03.100 to 00:00:03.600"]
    other = [CUES[0], Cue(2000, 2500, ("two",)), CUES[2]]
    assert "says 'two', not 'two\\nlines'" in cues.differences(CUES, other)[0]


def test_cues_outside_the_film_stay_out_and_are_told() -> None:
    stray = [*CUES, Cue(3600, 3600, ("never",)), Cue(4800, 9000, ("long",)), Cue(36_000_000, 36_001_000, ("hours",))]
    kept, told = cues.within(stray, DURATION_MS)
    assert kept == [*CUES, Cue(4800, DURATION_MS, ("long",))]
    assert [text.rpartition(" ")[0].split(" ")[3] for text in told] == [
        "00:00:03.600",
        "00:00:04.800",
        "10:00:00.000",
    ] or told
    assert len(told) == 3


def test_mp4_keeps_the_times_of_cues_after_a_silence_of_45_minutes(tmp_path: Path) -> None:
    path, srt, target = tmp_path / "film.mp4", tmp_path / "film.srt", tmp_path / "result.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "color=size=16x16:rate=1:duration=2800", "-c:v", "libx264", "-preset", "ultrafast", path
    )
    late = [Cue(1000, 2000, ("early",)), Cue(2_700_000, 2_701_000, ("late",))]
    srt.write_text(formats.write("srt", late), encoding="utf-8")
    track = NewTrack(srt, "en", "English", default=True)
    film = FilmFile(clock.opened(path), leaps=False, duration_ms=2_800_000)
    mp4.write(target, film, film.streams, [track], "", tmp_path, keep_default_subtitles=True)
    streams = film_headers.read(target).of_kind("subtitle")
    assert [one.cues for one in cues.prove(target, streams, [(track, mp4.shown(track))], tmp_path)] == [2]


def second_job(folder: Path, film: Path, **changed: str) -> tuple[Path, list[object]]:
    """Return the folder and the options of a job that keeps what it finds in a cache that others use."""
    inputs = make_job(folder, film, **changed)  # type: ignore[arg-type]
    settings = {"folder": str(folder.parent / "results"), "max_gb": 1}
    record = {"run_id": "test_20250101T000000Z_abc123", "film": "test", "cache": settings}
    files.write_json(Path(str(inputs[1])) / "run.json", record)
    return Path(str(inputs[1])) / "10_mux", inputs


def mux(inputs: list[object], cache: dict[str, str]) -> None:
    done = support.run_script("mux", *inputs, "--languages", "hi", "en", "--default-track", "translated", env=cache)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("sound", "picture", "late"), [(18, 50, 0), (12, 25, 25)])
def test_a_film_whose_sound_is_over_before_its_middle_is_proved(
    tmp_path: Path, sound: int, picture: int, late: int
) -> None:
    """Two of the three places that are looked at have no sound. In the second film, the picture begins behind it."""
    path = tmp_path / "film.mkv"
    noise = f"anoisesrc=duration={sound}:amplitude=0.3:seed=1:sample_rate=16000"
    moving = f"testsrc2=duration={picture}:size=128x72:rate=10"
    ffmpeg("-f", "lavfi", "-i", noise, "-itsoffset", late, "-f", "lavfi", "-i", moving, "-map", 1, "-map", 0,
           "-c:v", "mpeg4", "-c:a", "flac", path)  # fmt: skip
    film = FilmFile(clock.opened(path), leaps=False, duration_ms=50_000)
    result = merged(tmp_path, path)
    header = film_headers.read(result)
    found = routes.check(film, film, result, header, None, 1)
    heard = next(one for one in found if one.kind == "audio")
    assert heard.by == "sound" and heard.places and not heard.lost_at_ms
    assert routes.wrong_in(film, found, header) == []


def test_the_same_bytes_are_proved_once_and_others_anew(tmp_path: Path) -> None:
    film = clock_films.make(Recipe("mkv", "h264", "pcm_s16le"), tmp_path, tmp_path)
    cache = support.new_cache(tmp_path)
    jobs = {name: second_job(tmp_path / name, film) for name in ("first", "second", "damaged")}
    jobs["other"] = second_job(tmp_path / "other", film, text="said otherwise")
    jobs["off"] = second_job(tmp_path / "off", film)
    (jobs["off"][0].parent / "run.json").unlink()  # results are not reused
    logs, said = {}, "The same bytes were proved before"
    for name, (folder, inputs) in jobs.items():
        if name == "damaged":
            for known in (tmp_path / "cache" / "proofs").iterdir():
                known.write_text(known.read_text("utf-8").replace('"streams"', '"stream"'), "utf-8")
        if name == "second":  # under another name of the film, which the list of tracks has in it
            listed = folder.parent / "09_subtitle_gen" / "tracks.json"
            listed.write_text(listed.read_text("utf-8") + " ", "utf-8")
            maker = listed.with_name("manifest.json")
            told = json.loads(maker.read_text("utf-8"))
            record = support.file_record(listed, "tracks", "09_subtitle_gen/tracks.json")
            told["outputs"] = [record if item["type"] == "tracks" else item for item in told["outputs"]]
            files.write_json(maker, told)
        mux(inputs, cache)
        logs[name] = (folder / "stage.log").read_text("utf-8")
    assert [name for name in jobs if said in logs[name]] == ["second"]
    assert "['ffmpeg'" in logs["first"] and "['ffmpeg'" not in logs["second"], "nothing of it is decoded again"
    first, second = (support.manifest_of(jobs[name][0].parent, "mux") for name in ("first", "second"))
    for manifest in (first, second):
        for output in manifest["outputs"]:
            del output["mtime_ns"]
    assert all(first[key] == second[key] for key in ("outputs", "metrics", "warnings"))
    made = jobs["second"][0] / "test.mkv"
    assert made.read_bytes() == (jobs["first"][0] / "test.mkv").read_bytes()
    (output,) = [item for item in second["outputs"] if item["type"] == "subtitled_film"]
    assert output["checksum"] == files.sha256_of(made)
    proofs = [(jobs[name][0] / "proof.json").read_bytes() for name in jobs]
    assert len(set(proofs[:3] + proofs[4:])) == 1
    assert len(list((tmp_path / "cache" / "proofs").iterdir())) == 2


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> FilmFile:
    """Return a broadcast (AAC, whose packets Matroska has in another form) that is silent but for three stretches."""
    path = tmp_path_factory.mktemp("quiet") / "film.ts"
    loud = "between(t,1,3)+between(t,9,11)+between(t,18,20)"
    sound = f"anoisesrc=duration=24:amplitude=0.3:seed=1:sample_rate=48000,volume='{loud}':eval=frame"
    picture = "testsrc2=duration=24:size=96x64:rate=10"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-g", 20, "-c:v", "libx264", "-c:a", "aac", path)
    return FilmFile(clock.opened(path), leaps=False, duration_ms=24_000)


def test_a_whole_copy_of_a_broadcast_is_proved_from_end_to_end(quiet: FilmFile, tmp_path: Path) -> None:
    result = merged(tmp_path, quiet.path)
    header = film_headers.read(result)
    found = routes.check(quiet, quiet, result, header, None, 1)
    assert routes.wrong_in(quiet, found, header) == []
    assert [one.whole for one in found] == ["packets", "packets"]
    whole = result.rename(tmp_path / "whole.mkv")
    again = merged(tmp_path, whole)  # of Matroska, the packets are the same
    film = FilmFile(clock.opened(whole), leaps=False, duration_ms=24_000)
    assert [one.whole for one in routes.check(film, film, again, film_headers.read(again), None, 1)] == ["packets"] * 2


@pytest.mark.parametrize("at", [5.0, 14.0, 22.0])
@pytest.mark.parametrize("seconds", [0.4, 1.0])
def test_sound_in_a_silent_place_of_the_film_is_found(
    quiet: FilmFile, tmp_path: Path, at: float, seconds: float
) -> None:
    copy, result = merged(tmp_path, quiet.path), tmp_path / "planted.mkv"
    planted = f"anoisesrc=duration={seconds}:amplitude=0.1:seed=5:sample_rate=48000,adelay={round(at * 1000)}"
    mixed = f"[0:a]aresample=async=1:first_pts=0[own];{planted}[new];[own][new]amix=inputs=2:normalize=0[both]"
    coded = ("-map", "0:v", "-map", "[both]", "-c:v", "copy", "-c:a", "flac")
    ffmpeg("-i", copy, "-filter_complex", mixed, *coded, result)
    (fault,) = faults(quiet, result)
    assert f"{at:.0f}." in fault and "is not in it" in fault


@pytest.mark.parametrize(("planted", "found"), [("0", False), ("0.1", True)])
def test_a_copy_with_sound_encoded_anew_is_proved_from_end_to_end(
    quiet: FilmFile, tmp_path: Path, planted: str, found: bool
) -> None:
    """Such is the one with subtitles drawn in: another encoder's noise is none, sound in a silent place is."""
    result = tmp_path / "copy.mp4"
    new = f"anoisesrc=duration=1:amplitude={planted}:seed=5:sample_rate=48000,adelay=5000[new]"
    mixed = f"[0:a]aresample=async=1:first_pts=0[own];{new};[own][new]amix=inputs=2:normalize=0[both]"
    coded = ("-map", "0:v", "-map", "[both]", "-c:v", "copy", "-c:a", "aac", "-b:a", "192k")
    ffmpeg("-i", quiet.path, "-filter_complex", mixed, *coded, result)
    header = film_headers.read(result)
    made = clock.Film(result, header, clock.Start(0, round(header.start_seconds * 1e6), leaps=False))
    own, counterpart = (one.of_kind("audio")[0] for one in (quiet.header, header))
    heard = StreamProof(own.index, "audio", "recognised sound", ())
    proved = between.heard(heard, (quiet.film, own), (made, counterpart), 24.0)
    assert proved.whole == "sound"
    assert [at for at in proved.lost_at_ms if not 5000 <= at < 5300] == []
    assert bool(proved.lost_at_ms) == found


@pytest.mark.parametrize(
    ("line", "is_damage"),
    [
        ("[ac3 @ 0x563ffc01cbc0] error decoding the audio block", True),
        ("Error while decoding stream #0:1: Error number -16976906 occurred", True),
        ("[h264 @ 0x5] concealing 12 DC, 12 AC, 12 MV errors in P frame", True),
        ("[null @ 0x564e824bbdc0] Application provided invalid, non monotonically increasing dts to muxer", False),
        ("[rawvideo @ 0x564e824] Application provided invalid, non monotonically increasing dts to muxer", False),
        ("[h264 @ 0x564e824bbdc0] reference picture missing during reorder", False),
        ("[h264 @ 0x564e824bbdc0] Missing reference picture, default is 65562", False),
    ],
)
def test_what_ffmpeg_says_of_its_output_is_no_damage_of_the_film(line: str, is_damage: bool) -> None:
    """At each leap of a film's times it says so: other sound near one would count as damage, and pass."""
    assert compared.tells_of_damage(line) == is_damage


@pytest.fixture(scope="module", params=["film.mp4", "film.ts", "film.mkv"])
def copied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FilmFile:
    """Return a film of half a minute whose packets Matroska takes as they are, or nearly: seeks lead to few of them."""
    path = tmp_path_factory.mktemp("copied") / str(request.param)
    sound = "anoisesrc=duration=30:amplitude=0.3:seed=1:sample_rate=48000"
    picture = "testsrc2=duration=30:size=96x64:rate=25"
    coded = ("-g", 25, "-c:v", "libx264", "-c:a", "ac3")
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *coded, path)
    return FilmFile(clock.opened(path), leaps=False, duration_ms=30_000)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        pytest.param("v", "noise=drop=eq(n\\,210)", "picture (stream 0, by picture) at 8.", id="one picture lost"),
        pytest.param("v", "noise=drop=between(n\\,200\\,224)", "picture (stream 0, by picture) at ", id="a second"),
        pytest.param("v", "noise=amount=if(eq(n\\,212)\\,1\\,-1)", "picture (stream 0, by picture) at ", id="damaged"),
        pytest.param("v", "setts=ts=TS+between(N\\,200\\,240)*0.2/TB", "picture (stream 0, by picture) is ", id="late"),
        pytest.param("a", "noise=drop=eq(n\\,300)", "at 9.6 s is not in it", id="one packet of sound lost"),
        pytest.param("a", "noise=amount=if(eq(n\\,300)\\,1\\,-1)", "", id="sound damaged"),
    ],
)
def test_what_is_wrong_between_the_places_is_found(
    copied: FilmFile, tmp_path: Path, kind: str, change: str, said: str
) -> None:
    """A picture or a packet of sound is lost, another or late where nobody looks."""
    whole, result = merged(tmp_path, copied.path).rename(tmp_path / "whole.mkv"), tmp_path / "result.mkv"
    ffmpeg("-i", whole, "-map", 0, "-c", "copy", f"-bsf:{kind}", change, result)
    assert any(said in fault for fault in faults(copied, result))


def test_a_copy_of_it_is_proved_by_all_of_its_packets(copied: FilmFile, tmp_path: Path) -> None:
    result = merged(tmp_path, copied.path)
    header = film_headers.read(result)
    found = routes.check(copied, copied, result, header, None, 1)
    assert routes.wrong_in(copied, found, header) == []
    assert [one.whole for one in found] == ["packets", "packets"]


def test_parts_that_are_swapped_are_found(copied: FilmFile, tmp_path: Path) -> None:
    """At the places that are looked at, all is as in the film."""
    parts = tmp_path / "part.mkv"
    ends = "parts:00:00:00-00:00:18,00:00:18-00:00:20,00:00:20-00:00:22,00:00:22-00:00:30"
    subprocess.run(["mkvmerge", "-q", "-o", parts, "--split", ends, copied.path], check=True)
    names = [str(tmp_path / f"part-{number:03}.mkv") for number in (1, 3, 2, 4)]
    told = faults(copied, merged(tmp_path, names[0], *[word for name in names[1:] for word in ("+", name)]))
    assert any("picture (stream 0, by picture) at 1" in fault or "picture (stream 0, by picture) at 2" in fault
               for fault in told)  # fmt: skip


def test_sounds_without_loss_are_compared_sample_by_sample_by_one_start_of_ffmpeg(tmp_path: Path) -> None:
    """What is added to one of them, thirty decibels below it, does not pass for the same."""
    path, result, other = (tmp_path / name for name in ("film.mov", "result.mkv", "other.mkv"))
    sound = ("-f", "lavfi", "-i", "anoisesrc=duration=6:amplitude=0.3:seed=1:sample_rate=48000")
    picture = ("-f", "lavfi", "-i", "testsrc2=duration=6:size=96x64:rate=10")
    ffmpeg(*picture, *sound, "-map", 0, "-map", 1, "-map", 1, "-c:v", "libx264", "-c:a", "pcm_s16le", path)
    ffmpeg("-i", path, "-map", 0, "-c:v", "copy", "-c:a:0", "flac", "-c:a:1", "pcm_s16le", result)
    soft = "anoisesrc=duration=6:amplitude=0.01:seed=5:sample_rate=48000[new]"
    mixed = f"{soft};[0:a:1][new]amix=inputs=2:normalize=0[both]"
    coded = ("-map", "0:v", "-map", "0:a:0", "-map", "[both]", "-c:v", "copy", "-c:a", "pcm_s16le")
    ffmpeg("-i", path, "-filter_complex", mixed, *coded, other)
    film = clock.opened(path)
    for made, same in ((result, {1, 2}), (other, {1})):
        header = film_headers.read(made)
        held = clock.Film(made, header, clock.Start(0, round(header.start_seconds * 1e6), leaps=False))
        pairs = list(zip(film.header.of_kind("audio"), header.of_kind("audio"), strict=True))
        assert whole.exactly_same(film, held, pairs, 8.0) == same


def test_other_pictures_in_a_part_of_the_result_are_no_damage_of_the_film(copied: FilmFile, tmp_path: Path) -> None:
    """One of the three places is as in the film: what ffmpeg says of its own output as it looks is of no film."""
    result = tmp_path / "result.mkv"
    turned = "hflip=enable='lt(t,20)'"
    ffmpeg("-i", copied.path, "-map", 0, "-vf", turned, "-c:v", "libx264", "-g", 25, "-c:a", "copy", result)
    assert any("picture (stream 0, by picture) at " in fault for fault in faults(copied, result))
