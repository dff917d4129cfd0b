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
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("mux"),
        options=option_flags("mux"),
        media=film_words("--film-file"),
    message:
        "10 mux: the subtitled film of {params.film}"
    shell:
        "{params.run:q} media mux_subtitles.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.media:q} {params.options:q}"
