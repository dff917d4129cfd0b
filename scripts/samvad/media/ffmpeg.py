"""Every ffmpeg command of the project: ffmpeg-python builds its arguments, ``core/subprocesses.py`` runs it.

What ffmpeg-python cannot express, and what is done instead:

- Its ``run()`` keeps all that ffmpeg prints until its end and waits for a hung one for ever; so it only builds here.
- It writes an option once, but ``-metadata:s:0`` is given once a key: a value that is a list is added by ``command``.
- It writes filters as a graph (``-filter_complex``) only. A graph begins when all its inputs have given something, and
  holds in memory what comes until then: with a sound track that starts an hour late, an hour of pictures. So where
  sound and picture are filtered side by side, and where no text of a user's stands in a filter, which its graphs
  escape, they are simple filters, given as text: the options ``vf`` and ``af``.
- It sorts options by name, which ffmpeg does not mind: ``c`` comes before ``c:s``, and global options hold anywhere.

Files are named by ``file:`` and their path, so that no name (a dash, a colon, ``pipe:``) means anything else. And no
file that is read opens another: playlists, lists of parts, numbered pictures and the like, whatever they are called,
are kinds that are not on ``FILM_KINDS``, and nothing but a file may be opened (``closed``). Otherwise a film of a few
bytes could put any picture, sound or text of this disk or its network into its result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from samvad.core import held_files, subprocesses
from samvad.media import late_streams, written

#: A stream of ffmpeg-python's, which has no types: ``stream["a:0"]`` chooses from it, ``stream.filter(…)`` changes it.
Stream: TypeAlias = Any
#: Options by name, without the dash; None for one that has no value, a list for one that is given several times.
Options: TypeAlias = Mapping[str, str | int | list[str] | None]
NO_OPTIONS: Options = MappingProxyType({})
#: The filter that leaves out pictures before a film's zero: the decoders of AV1 and motion JPEG give those, too, that a
#: list of edits hides. Times may be rounded by less than a millisecond.
SHOWN = "trim=start=-0.001"
#: By how many seconds a sound may be off the times of its packets before it is put right. Where times leap, what is
#: left of it stays to the film's end, or to the next leap; elsewhere, rounding and jitter are no reason to cut.
OFF_SECONDS, OFF_SECONDS_WHERE_LEAPS = 0.03, 0.01


def _in_time(off_seconds: float) -> dict[str, str]:
    return {"async": "1", "min_hard_comp": f"{off_seconds:g}", "first_pts": "0"}


def sound_in_time(rate_hz: int, off_seconds: float = OFF_SECONDS, *, from_zero: bool = True) -> str:
    """Return the filter that keeps a sound on the clock of its packets, from the film's zero on.

    ``first_pts=0``: a track that begins 5 s into the film gets 5 s of silence before it. ``async=1``: holes become
    silence, and what comes twice is left out. ``min_hard_comp``: as soon as it is so far from its times; ffmpeg's own
    0.1 s would be seen between lips and words, and cues with them.

    Args:
        rate_hz: samples a second.
        off_seconds: ``Film.off_seconds`` of the film.
        from_zero: whether what comes before the first sound is filled. Where a sound changes its channels on the way,
            ffmpeg begins its filters anew, and would fill all the time before once more.
    """
    options = _in_time(off_seconds)
    if not from_zero:
        del options["first_pts"]
    return f"aresample={rate_hz}:" + ":".join(f"{name}={value}" for name, value in options.items())


def in_time(sound: Stream, rate_hz: int, off_seconds: float) -> Stream:
    """Return a sound with that filter, for a graph."""
    return sound.filter("aresample", rate_hz, **_in_time(off_seconds))


#: The kinds (ffmpeg's demuxers) in which a film or its sound comes, each of them one file that names no other. MOV can
#: name others (``dref``), which ffmpeg follows only where ``enable_drefs`` is set. Unlisted on purpose: ``hls``,
#: ``dash``, ``concat``, ``imf``, ``sdp``, ``vobsub``, ``image2``, ``lavfi``, ``webm_dash_manifest``, devices, texts.
_FILM_KINDS_TEXT = """
matroska webm mov mp4 avi mpegts mpeg asf asf_o flv live_flv kux ogg mxf rm nut wtv dv gxf mxg nsv nuv pva ty
dhav vivo swf lmlm4 ipu amv 4xm avs bink dxa film_cpk flic ipmovie roq rl2 smk thp wc3movie xmv ea mpegvideo
m4v h261 h263 h264 hevc vvc evc vc1 vc1test ivf av1 obu dirac cavsvideo avs2 avs3 dnxhd mjpeg yuv4mpegpipe gif
apng r3d wav w64 aiff au caf flac mp3 aac loas ac3 eac3 dts dtshd mlp truehd amr amrnb amrwb ape mpc mpc8 tta
wv tak oma dsf spdif s337m
"""
_BEGUN_ANEW = re.compile(r"^\[((wav|s16le) @|aost#0:0\S* @) \S+\] .*non.?monoton|reinitializing filters", re.IGNORECASE)
_PROGRAM = "ffmpeg"
FILM_KINDS = tuple(_FILM_KINDS_TEXT.split())
#: The two options that stand before every file that ffmpeg or ffprobe reads.
_KINDS_OPTION, _PROTOCOLS_OPTION = "format_whitelist", "protocol_whitelist"
#: What ffmpeg says of a file of another kind: ``[hls @ 0x5] Format not on whitelist 'mov,…'``.
_REFUSED = re.compile(r"\[(\S+) @ \S+\] Format not on whitelist")


def closed(kind: str = "") -> dict[str, str]:
    """Return the options, by name, of a file to read, by which it opens no other file.

    Args:
        kind: ffmpeg's name of the one kind that the file is of; empty: it is a film or its sound, of any kind.
    """
    return {_KINDS_OPTION: kind or ",".join(FILM_KINDS), _PROTOCOLS_OPTION: "file"}


def refused_kind(said: str) -> str | None:
    """Return ffmpeg's name for the kind of a file that it would not read because that is none of a film's, or None.

    Args:
        said: what ffmpeg or ffprobe said on its standard error.
    """
    found = _REFUSED.search(said)
    return found[1] if found else None


def source(path: Path, *, f: str = "", **options: str | int | None) -> Stream:
    """Return a file to read, with the options that stand before its name; it opens no other file.

    Args:
        path: the file.
        f: ffmpeg's name of its kind, where it is not a film or its sound.
        options: others, by name.
    """
    import ffmpeg

    kind = {"f": f} if f else {}
    further = late_streams.options(path)
    return ffmpeg.input(f"file:{held_files.opened(path)}", **closed(f), **kind, **further, **options)


def is_begun_anew(line: str) -> bool:
    """Say whether ffmpeg says that it began its filters anew, for a sound that changes its channels or rate.

    These fill all the time from the film's zero to there with silence once more, and what follows comes as much later.
    Times that go back in the first output tell of it (in other outputs, they tell of leaps): ``[wav @ 0x5]
    Non-monotonous DTS``, ``[s16le @ 0x5] Application provided invalid, non monotonically increasing dts to muxer``,
    and since ffmpeg 6 ``[aost#0:0/pcm_s16le @ 0x5] Non-monotonic DTS``.
    """
    return _BEGUN_ANEW.search(line) is not None


def has_filter(name: str) -> bool:
    """Return whether this ffmpeg was built with a filter.

    Raises:
        ToolError: ffmpeg is missing.
    """
    return f" {name} " in subprocesses.ask([_PROGRAM, "-hide_banner", "-filters"])


def synthetic(description: str) -> Stream:
    """Return pictures or sound that ffmpeg makes itself, such as ``color=size=64x64:duration=0.1``."""
    import ffmpeg

    return ffmpeg.input(description, format="lavfi")


def joined(pictures: Sequence[Stream]) -> Stream:
    """Return pictures one after another, without sound."""
    import ffmpeg

    return ffmpeg.concat(*pictures, v=1, a=0)


def joined_sounds(*sounds: Stream) -> Stream:
    """Return sounds one after another."""
    import ffmpeg

    return ffmpeg.concat(*sounds, v=0, a=1)


def beside(sounds: Sequence[Stream]) -> Stream:
    """Return sounds of one length as one that has the channels of all of them."""
    import ffmpeg

    return ffmpeg.filter(sounds, "amerge", inputs=len(sounds))


def command(streams: Sequence[Stream], target: Path | None, options: Options, global_options: Options) -> list[str]:
    """Return the command that writes streams to a file.

    Args:
        streams: in the order of the result; where ffmpeg is to choose by itself, the whole source.
        target: the file, which is replaced; None for the standard output.
        options: of the result.
        global_options: of the whole command.
    """
    import ffmpeg

    once = {name: value for name, value in options.items() if not isinstance(value, list)}
    result = ffmpeg.output(*streams, "-" if target is None else f"file:{target}", **once)
    *words, name = map(str, result.compile())
    for option, values in options.items():
        if isinstance(values, list):
            words += [word for value in values for word in (f"-{option}", value)]
    for option, only in global_options.items():
        words += [f"-{option}"] if only is None else [f"-{option}", str(only)]
    return [*words, name]


def run(
    streams: Sequence[Stream],
    target: Path | None,
    options: Options,
    *,
    level: str = "error",
    stdout_line: Callable[[str], None] | None = None,
    stdout_block: Callable[[bytes], None] | None = None,
    stderr_line: Callable[[str], None] | None = None,
    global_options: Options = NO_OPTIONS,
    read_along: Sequence[int] = (),
    measured: tuple[int, str, Callable[[bytes], None]] | None = None,
    prints: bool = False,
    besides: Sequence[tuple[int, Path, str]] = (),
) -> subprocesses.Done:
    """Write streams to a file, and prove that it is whole; a film that cannot be read is for the caller to judge.

    Args:
        streams: in the order of the result; where ffmpeg is to choose by itself, the whole source.
        target: the file, which is replaced; None for the standard output.
        options: of the result.
        level: from which level on ffmpeg says something.
        stdout_line: called with each line of the standard output: progress, and what filters print.
        stdout_block: called in its place with each block of bytes of that output, where it is no text.
        stderr_line: called with each line of the standard error.
        global_options: of the whole command.
        read_along: numbers of the source's streams that are read besides, and written nowhere; ``clock.Film`` says why.
        measured: the number of a sound, filters for it, and what is called with each block of what they give: 32-bit
            floats, the channels by turns.
        prints: whether filters of the result print on the standard output.
        besides: other streams of the source, each with a file of its own to write and ffmpeg's name of its format.

    Raises:
        DiskError: the file is not whole, whatever ffmpeg's exit code says, or its disk is full; or that of what is read
            fails.
        ToolError: ffmpeg is missing, or hung.
    """
    quiet: Options = {"nostdin": None, "nostats": None, "v": level, "y": None}
    # A program that says nothing for minutes counts as hung: it tells its progress where the output is free for it.
    # Where filters print there, too, their lines and its own would tear each other.
    free = target is not None and not prints and measured is None
    progress: Options = {"progress": "pipe:1"} if free else {}
    words = command(streams, target, options, {**quiet, **progress, **global_options})
    # Outputs of their own, which ffmpeg-python would need a graph for.
    if read_along:
        words += [word for stream in read_along for word in ("-map", f"0:{stream}")]
        words += ["-c", "copy", "-f", "null", "-"]
    for stream, path, form in besides:
        words += ["-map", f"0:{stream}", "-f", form, f"file:{path}"]
    if measured is not None:
        words += ["-map", f"0:{measured[0]}", "-filter", measured[1], "-c:a", "pcm_f32le", "-f", "f32le"]
        words += ["-flush_packets", "0", "-"]  # in blocks of 32 kB: else each frame wakes this process
    heard = _Heard(stdout_line, stderr_line)
    done = subprocesses.run(
        words,
        stdout_line=stdout_line if target is None else None if measured else heard.stdout,
        stdout_block=measured[2] if measured else stdout_block,
        stderr_line=heard.stderr,
        writes=target,
    )
    if heard.cannot_read:
        held_files.read_through()
    if target is not None:
        written.check_said(target, "ffmpeg", heard.lost, done.code)
        if done.code == 0 and target.is_file():
            # Of several outputs, ffmpeg tells the time of the one that is furthest.
            written.check(target, "ffmpeg", None if read_along else heard.seconds)
    return done


class _Heard:
    """What ffmpeg says while it writes a file: how far it is, and what it could not write."""

    def __init__(self, stdout_line: Callable[[str], None] | None, stderr_line: Callable[[str], None] | None) -> None:
        self.seconds: float | None = None
        self.lost: list[str] = []
        self.cannot_read = False
        self._stdout_line, self._stderr_line = stdout_line, stderr_line

    def stdout(self, line: str) -> None:
        """Take a line of the standard output."""
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit():
            self.seconds = int(value) / 1e6
        if self._stdout_line is not None:
            self._stdout_line(line)

    def stderr(self, line: str) -> None:
        """Take a line of the standard error."""
        self.cannot_read |= held_files.cannot_read(line)
        if written.is_loss(line):
            self.lost.append(line)
        if self._stderr_line is not None:
            self._stderr_line(line)
