rule ner:
    input:
        unpack(manifests("ner")),
    output:
        manifest=f"{JOB}/05_ner/manifest.json",
    log:
        f"{JOB}/05_ner/stage.log",
    benchmark:
        f"{JOB}/05_ner/benchmark.tsv"
    conda:
        "../envs/asr.yaml"
    threads: TABLE.cores("ner")
    resources:
        mem_mb=resource_request("ner", "mem_mb"),
        runtime=resource_request("ner", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("ner"),
        options=option_flags("ner"),
    message:
        "05 ner: names in {params.film}"
    shell:
        "{params.run:q} asr find_names.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.options:q}"
