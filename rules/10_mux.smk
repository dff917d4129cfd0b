rule mux:
    input:
        unpack(manifests("mux")),
    output:
        manifest=f"{JOB}/10_mux/manifest.json",
    log:
        f"{JOB}/10_mux/stage.log",
    benchmark:
        f"{JOB}/10_mux/benchmark.tsv"
    conda:
        "../envs/media.yaml"
    threads: TABLE.cores("mux")
    resources:
        mem_mb=resource_request("mux", "mem_mb"),
        runtime=resource_request("mux", "runtime"),
    params:
        code=code_hash("mux"),
        settings=config["mux"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("mux"),
        media=media_path,
        title=film("title"),
        languages=film("targets"),
        default_track=config["mux"]["default_track"],
        container=config["mux"]["container"],
        subtitle_format=config["mux"]["subtitle_format"],
        burn_in=config["mux"]["burn_in"],
        burn_in_crf=config["mux"]["burn_in_crf"],
    message:
        "10 mux: the subtitled film of {params.film}"
    shell:
        "envs/run media mux_subtitles.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} --film-file={params.media:q} "
        "--title={params.title:q} --languages {params.languages:q} "
        "--default-track={params.default_track} --container={params.container} "
        "--subtitle-format={params.subtitle_format} "
        "--burn-in={params.burn_in} --burn-in-crf={params.burn_in_crf}"
