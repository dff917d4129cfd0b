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
        code=code_hash("lyrics_detection"),
        settings=config["lyrics"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("lyrics_detection"),
        backend=config["lyrics"]["backend"],
        yamnet_model=config["lyrics"]["yamnet_model"],
        yamnet_revision=config["lyrics"]["yamnet_revision"],
        yamnet_content=content(config["lyrics"]["yamnet_model"]),
        threshold=config["lyrics"]["threshold"],
        min_song_seconds=config["lyrics"]["min_song_seconds"],
        merge_gap_seconds=config["lyrics"]["merge_gap_seconds"],
        review=review_option("songs.tsv"),
        decided=review_content("songs.tsv"),
    message:
        "06 lyrics_detection: songs in {params.film}"
    shell:
        "envs/run media detect_lyrics.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} "
        "--backend={params.backend} --threshold={params.threshold} "
        "--yamnet-model={params.yamnet_model:q} --yamnet-revision={params.yamnet_revision:q} "
        "--min-song-seconds={params.min_song_seconds} "
        "--merge-gap-seconds={params.merge_gap_seconds} {params.review:q}"
