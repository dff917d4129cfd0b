rule subtitle_gen:
    input:
        unpack(manifests("subtitle_gen")),
    output:
        manifest=f"{JOB}/09_subtitle_gen/manifest.json",
    log:
        f"{JOB}/09_subtitle_gen/stage.log",
    benchmark:
        f"{JOB}/09_subtitle_gen/benchmark.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_hash("subtitle_gen"),
        settings=config["subtitle"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("subtitle_gen"),
        languages=film("targets"),
        formats=config["subtitle"]["formats"],
        max_line_characters=config["subtitle"]["max_line_characters"],
        max_lines=config["subtitle"]["max_lines"],
        reading_speed_cps=config["subtitle"]["reading_speed_cps"],
        min_cue_ms=config["subtitle"]["min_cue_ms"],
        max_cue_ms=config["subtitle"]["max_cue_ms"],
        min_gap_frames=config["subtitle"]["min_gap_frames"],
    message:
        "09 subtitle_gen: subtitles of {params.film}"
    shell:
        "envs/run text write_subtitles.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} "
        "--languages {params.languages:q} --formats {params.formats} "
        "--max-line-characters={params.max_line_characters} --max-lines={params.max_lines} "
        "--reading-speed-cps={params.reading_speed_cps} "
        "--min-cue-ms={params.min_cue_ms} --max-cue-ms={params.max_cue_ms} "
        "--min-gap-frames={params.min_gap_frames}"
