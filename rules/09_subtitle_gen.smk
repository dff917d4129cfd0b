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
        "../envs/media.yaml"
    threads: TABLE.cores("subtitle_gen")
    resources:
        mem_mb=resource_request("subtitle_gen", "mem_mb"),
        runtime=resource_request("subtitle_gen", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("subtitle_gen"),
        options=option_flags("subtitle_gen"),
        review=review_option("subtitle_gen"),
        media=film_words("--film-file"),
    message:
        "09 subtitle_gen: subtitles of {params.film}"
    shell:
        "{params.run:q} media write_subtitles.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.media:q} {params.options:q} {params.review:q}"
