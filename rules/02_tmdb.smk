rule tmdb:
    input:
        unpack(manifests("tmdb")),
    output:
        manifest=f"{JOB}/02_tmdb/manifest.json",
    log:
        f"{JOB}/02_tmdb/stage.log",
    benchmark:
        f"{JOB}/02_tmdb/benchmark.tsv"
    localrule: True
    conda:
        "../envs/text.yaml"
    threads: TABLE.cores("tmdb")
    resources:
        mem_mb=resource_request("tmdb", "mem_mb"),
        runtime=resource_request("tmdb", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("tmdb"),
        options=option_flags("tmdb"),
    message:
        "02 tmdb: metadata of {params.film}"
    shell:
        "{params.run:q} text fetch_metadata.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.options:q}"
