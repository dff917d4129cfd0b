"""A film's one clock: when each of its streams plays, counted from what a player shows at time zero."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """When a stream of picture or sound plays, in ms on the film's clock.

    Attributes:
        stream: its number among all streams.
        kind: ``video`` or ``audio``.
        start_ms: of its first picture or sample that is shown: after priming, and after what an edit list leaves out.
        end_ms: of the last one.
        gaps_ms: (start, end) of the holes in a sound that a player fills with silence.
    """

    stream: int
    kind: str
    start_ms: int
    end_ms: int
    gaps_ms: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Jump:
    """A place where the container's own times leap although the film goes on.

    Attributes:
        at_ms: when, on the film's clock.
        by_ms: how far they leap; below 0, back.
    """

    at_ms: int
    by_ms: int


@dataclass(frozen=True)
class FilmClock:
    """What is known of a film's times. All but the first two fields are counted on the film's clock.

    Attributes:
        zero_us: the film's time zero on the container's own clock, in microseconds: the earliest start of a moving
            picture or a sound, as ffmpeg's demuxer gives it.
        ffmpeg_zero_us: what ffmpeg by itself takes for zero, on the same clock: its ``start_time``, which counts
            priming samples and subtitles too.
        leaps: whether the container's times may leap (MPEG-TS, MPEG-PS, Ogg), so that ffmpeg corrects them as it reads.
        duration_ms: the end of the last picture or sample.
        spans: of each moving picture and sound that has anything to show, in the order of the streams.
        jumps: in order of time.
    """

    zero_us: int
    ffmpeg_zero_us: int
    leaps: bool
    duration_ms: int
    spans: tuple[Span, ...]
    jumps: tuple[Jump, ...]

    def of(self, stream: int) -> Span | None:
        """Return when a stream plays, or None where it has nothing to show."""
        return next((span for span in self.spans if span.stream == stream), None)

    @property
    def zero_ms(self) -> int:
        """Return the film's time zero on the container's own clock, in ms."""
        return round(self.zero_us / 1000)
