rule lyrics_detection:
    input:
        unpack(manifests("lyrics_detection")),
    output:
        manifest=f"{JOB}/06_lyrics_detection/manifest.json",
    log:
        f"{JOB}/06_lyrics_detection/stage.log",
    benchmark:
        f"{JOB}/06_lyrics_detection/benchmark.tsv"
    conda:
        "../envs/media.yaml"
    threads: TABLE.cores("lyrics_detection")
    resources:
        mem_mb=resource_request("lyrics_detection", "mem_mb"),
        runtime=resource_request("lyrics_detection", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("lyrics_detection"),
        options=option_flags("lyrics_detection"),
        review=review_option("lyrics_detection"),
    message:
        "06 lyrics_detection: songs in {params.film}"
    shell:
        "{params.run:q} media detect_lyrics.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.options:q} {params.review:q}"
