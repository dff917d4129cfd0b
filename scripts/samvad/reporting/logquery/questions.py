"""The named questions, as SQL over ``events``, ``attempts`` and ``runs``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """A question that has a name.

    Attributes:
        help: what it answers, in one line.
        sql: the query.
        empty: what to say when there is no row.
        units: for columns that are not plain text or counts, how a person reads them (see ``table``).
        note: a line to print below the table.
        below: columns of long text, which get lines of their own.
    """

    help: str
    sql: str
    empty: str = "Nothing of the kind in these logs."
    units: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    below: tuple[str, ...] = ()


_STAGE_ORDER = (
    "list_position(['demux', 'tmdb', 'glossary_load', 'asr', 'ner', 'lyrics_detection', 'hallucination_removal', "
    "'translation', 'subtitle_gen', 'mux'], stage)"
)

#: What failures say that come of a time that ran out: a silent program, a service, SLURM's limit.
TIMED_OUT = "said nothing for|gave no (whole )?answer|[Tt]imed out|TIMEOUT|time limit"

#: A run is taken for stopped when it has been silent for longer than this and its process cannot be looked at.
SILENT_SECONDS = 900

QUESTIONS: dict[str, Question] = {
    "overview": Question(
        "what there is: runs, films, attempts of stages, failures, first and last event",
        """SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM runs) AS runs,
            (SELECT count(DISTINCT film) FROM runs) AS films,
            (SELECT count(*) FROM runs WHERE status = 'success') AS runs_success,
            (SELECT count(*) FROM runs WHERE status = 'failed') AS runs_failed,
            (SELECT count(*) FROM runs WHERE status = 'stopped') AS runs_stopped,
            (SELECT count(*) FROM runs WHERE ended IS NULL) AS runs_without_end,
            (SELECT count(*) FROM attempts) AS attempts,
            (SELECT min(ts) FROM events) AS first_event, (SELECT max(ts) FROM events) AS last_event""",
    ),
    "success": Question(
        "success rate by stage",
        f"""SELECT stage, count(*) AS attempts, count(*) FILTER (status = 'success') AS success,
            count(*) FILTER (status = 'failed') AS failed, count(*) FILTER (status = 'stopped') AS stopped,
            count(*) FILTER (status = 'skipped') AS skipped,
            count(*) FILTER (status IS NULL) AS no_end, count(*) FILTER (attempt > 1) AS repeated,
            count(*) FILTER (status = 'success')
                / nullif(count(*) FILTER (status IN ('success', 'failed')), 0) AS success_rate
        FROM attempts GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        units={"success_rate": "share"},
        note="success_rate: of the attempts that ended in success or failure. no_end: running now, or killed.",
    ),
    "durations": Question(
        "how long each stage takes: p50, p95, longest, sum",
        f"""SELECT stage, count(*) AS attempts, quantile_cont(duration_seconds, 0.5) AS p50,
            quantile_cont(duration_seconds, 0.95) AS p95, max(duration_seconds) AS longest,
            sum(duration_seconds) AS total
        FROM attempts WHERE status = 'success' AND coalesce(cache_hit, 0) = 0 AND duration_seconds IS NOT NULL
        GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        units=dict.fromkeys(("p50", "p95", "longest", "total"), "seconds"),
        note="Successful attempts that were not taken from the cache.",
    ),
    "realtime": Question(
        "real-time factor by stage: seconds of work for a second of film",
        f"""SELECT stage, count(*) AS attempts, sum(duration_seconds) AS work, sum(film_seconds) AS film,
            sum(duration_seconds) / sum(film_seconds) AS factor,
            quantile_cont(duration_seconds / film_seconds, 0.5) AS factor_p50,
            quantile_cont(duration_seconds / film_seconds, 0.95) AS factor_p95
        FROM attempts JOIN (SELECT run_id, film, job_id, film_seconds FROM runs WHERE film_seconds > 0)
            USING (run_id, film, job_id)
        WHERE status = 'success' AND coalesce(cache_hit, 0) = 0 AND duration_seconds IS NOT NULL
        GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        units={"work": "seconds", "film": "seconds", **dict.fromkeys(("factor", "factor_p50", "factor_p95"), "factor")},
        note="1.00: as long as the film. Films whose length no run has told are left out.",
    ),
    "memory": Question(
        "peak memory by stage, in MiB",
        f"""SELECT stage, count(*) AS attempts, quantile_cont(peak_rss_mb, 0.5) AS p50_mb,
            quantile_cont(peak_rss_mb, 0.95) AS p95_mb, max(peak_rss_mb) AS most_mb,
            sum(cpu_seconds) / nullif(sum(duration_seconds), 0) AS cpus_busy
        FROM attempts WHERE peak_rss_mb > 0 GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        units={"p50_mb": "whole", "p95_mb": "whole", "most_mb": "whole", "cpus_busy": "factor"},
    ),
    "failures": Question(
        "every failure, newest first, with its message and the file at fault",
        """SELECT ended AS failed_at, film, stage, attempt, error_category AS category, error_type AS type,
            error_message AS message, error_file AS file
        FROM attempts WHERE status = 'failed' ORDER BY ended DESC, film, stage, attempt""",
        empty="No stage has failed in these logs.",
        below=("message", "file"),
    ),
    "failure-types": Question(
        "failures counted by stage and type",
        f"""SELECT stage, error_category AS category, error_type AS type, count(*) AS failures,
            count(DISTINCT film) AS films, max(ended) AS last, arg_max(error_message, ended) AS last_message
        FROM attempts WHERE status = 'failed' GROUP BY stage, error_category, error_type
        ORDER BY failures DESC, {_STAGE_ORDER}, category, type""",
        empty="No stage has failed in these logs.",
        below=("last_message",),
    ),
    "active": Question(
        "runs that go on now, and runs that stopped without a word",
        f"""WITH open_attempts AS (
            SELECT run_id, film, job_id, string_agg(stage, ', ' ORDER BY began) AS stages
            FROM attempts WHERE status IS NULL GROUP BY ALL)
        SELECT film, job_id, coalesce(stages, '') AS stages,
            CASE WHEN state = 'killed' THEN 'killed'
                 WHEN silent_seconds > {SILENT_SECONDS} THEN 'silent' ELSE 'running' END AS state,
            began, silent_seconds AS last_event_ago, run_id
        FROM runs LEFT JOIN open_attempts USING (run_id, film, job_id)
        WHERE runs.state IN ('open', 'killed') ORDER BY silent_seconds, film""",
        empty="No run is going on.",
        units={"last_event_ago": "seconds"},
        below=("run_id",),
        note="silent: no event for 15 minutes. killed: it ran on this machine, and its process is gone.",
    ),
    "slow": Question(
        "films by how long their run took, slowest first",
        """WITH slowest AS (
            SELECT run_id, film, job_id, arg_max(stage, duration_seconds) AS slowest_stage,
                max(duration_seconds) AS stage_took
            FROM attempts GROUP BY ALL)
        SELECT film, job_id, status, duration_seconds AS took, film_seconds AS film_length,
            duration_seconds / nullif(film_seconds, 0) AS factor, slowest_stage, stage_took
        FROM runs LEFT JOIN slowest USING (run_id, film, job_id) WHERE ended IS NOT NULL
        ORDER BY took DESC, film, began LIMIT {limit}""",
        units={"took": "seconds", "film_length": "seconds", "stage_took": "seconds", "factor": "factor"},
    ),
    "cost": Question(
        "what films have cost, all attempts together, the dearest first: hours of cores and GPUs, energy, money",
        """SELECT film, job_id, count(*) AS attempts, sum(figure(counts->>'$.core_hours')) AS core_hours,
            sum(figure(counts->>'$.gpu_hours')) AS gpu_hours, sum(figure(counts->>'$.energy_kwh')) AS energy_kwh,
            sum(figure(counts->>'$.cost')) AS cost
        FROM events WHERE event = 'stage_result' AND figure(counts->>'$.core_hours') IS NOT NULL
        GROUP BY film, job_id ORDER BY cost DESC NULLS LAST, core_hours DESC, film LIMIT {limit}""",
        units=dict.fromkeys(("core_hours", "gpu_hours", "energy_kwh", "cost"), "factor"),
        empty="No stage has told what it took in these logs.",
        note="cost: by the prices of each run, in the currency of the configuration (cost.currency).",
    ),
    "volume": Question(
        "volume a day (UTC): runs, films done, hours of film, failures, events",
        """WITH per_run AS (
            SELECT began::DATE AS day, count(*) AS runs,
                count(DISTINCT (film, job_id)) FILTER (status = 'success') AS films_done,
                sum(film_seconds) FILTER (status = 'success') / 3600 AS film_hours,
                count(*) FILTER (status = 'failed') AS runs_failed
            FROM runs GROUP BY day),
        per_event AS (SELECT ts::DATE AS day, count(*) AS events FROM events GROUP BY day)
        SELECT day, coalesce(runs, 0) AS runs, coalesce(films_done, 0) AS films_done,
            coalesce(film_hours, 0) AS film_hours, coalesce(runs_failed, 0) AS runs_failed,
            coalesce(events, 0) AS events
        FROM per_run FULL JOIN per_event USING (day) ORDER BY day DESC""",
        units={"film_hours": "factor"},
    ),
    "spans": Question(
        "where the time goes inside the stages: loading models, transcribing, aligning, translating and so on",
        f"""SELECT stage, message AS part, count(*) AS attempts, quantile_cont(duration_seconds, 0.5) AS p50,
            quantile_cont(duration_seconds, 0.95) AS p95, sum(duration_seconds) AS total,
            sum(figure(counts->>'$.times'))::BIGINT AS times
        FROM events WHERE event = 'span' AND stage IS NOT NULL
        GROUP BY stage, message ORDER BY {_STAGE_ORDER}, total DESC""",
        units=dict.fromkeys(("p50", "p95", "total"), "seconds"),
        empty="No stage has told where its time went in these logs.",
        note="Parts may lie in or beside each other: their sum is not the stage's time.",
    ),
    "funnel": Question(
        "how many films each stage was done for: where films are lost on their way",
        f"""SELECT stage, count(DISTINCT (film, job_id)) FILTER (status IN ('success', 'skipped')) AS films,
            count(DISTINCT (film, job_id)) AS begun,
            count(DISTINCT (film, job_id)) FILTER (status IN ('success', 'skipped'))
                / max((SELECT count(DISTINCT (film, job_id)) FROM runs)) AS share
        FROM attempts GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        units={"share": "share"},
        note="share: of all films (jobs) of these logs. Stages that are switched off are not begun.",
    ),
    "retries": Question(
        "stages that were tried again by themselves, with why",
        f"""SELECT stage, count(*) AS tried_again, count(DISTINCT film) AS films, max(ts) AS last,
            arg_max(message, ts) AS last_message
        FROM events WHERE event = 'stage_retry' GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        empty="No stage was tried again in these logs.",
        below=("last_message",),
    ),
    "time-outs": Question(
        "failures because something gave no answer, or was not done, in the time that it had",
        f"""SELECT ended AS failed_at, film, stage, attempt, error_category AS category, error_message AS message
        FROM attempts WHERE status = 'failed' AND regexp_matches(error_message, '{TIMED_OUT}', 's')
        ORDER BY ended DESC, film, stage""",
        empty="Nothing ran out of time in these logs.",
        below=("message",),
    ),
    "log-volume": Question(
        "lines of the logs by day (UTC) and stage, with those from WARNING up",
        f"""SELECT ts::DATE AS day, coalesce(stage, 'pipeline') AS stage, count(*) AS lines,
            count(*) FILTER (level IN ('WARNING', 'ERROR', 'CRITICAL')) AS warnings
        FROM events GROUP BY day, stage ORDER BY day DESC, {_STAGE_ORDER}""",
    ),
    "cache": Question(
        "cache hit rate by stage",
        f"""SELECT stage, count(*) AS results, sum(cache_hit)::BIGINT AS hits, sum(cache_hit) / count(*) AS hit_rate
        FROM attempts WHERE status = 'success' AND cache_hit IS NOT NULL GROUP BY stage ORDER BY {_STAGE_ORDER}""",
        units={"hit_rate": "share"},
        empty="No stage has told of a cache in these logs.",
    ),
}

#: All events of a run of some films, in order, for people; $1 is the run's id, $2 the list of its jobs.
TRACE = """SELECT strftime(ts, '%H:%M:%S.%g') AS time, coalesce(stage, 'pipeline') AS stage, attempt,
    CASE WHEN event = 'log' THEN level ELSE event END AS what,
    CASE WHEN event = 'progress' THEN
        concat_ws(' ', counts->>'$.done', 'of', counts->>'$.total', message)
         ELSE message END AS message
FROM events WHERE run_id = $1 AND list_contains($2, job_id) ORDER BY ts, kind, log_file"""

#: The same for machines: every field.
FULL_TRACE = """SELECT * EXCLUDE (kind, file_id, routine) FROM events
WHERE run_id = $1 AND list_contains($2, job_id) ORDER BY ts, kind, log_file"""
