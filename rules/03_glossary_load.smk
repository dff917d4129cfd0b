rule glossary_load:
    input:
        unpack(manifests("glossary_load")),
    output:
        manifest=f"{JOB}/03_glossary_load/manifest.json",
    log:
        f"{JOB}/03_glossary_load/stage.log",
    benchmark:
        f"{JOB}/03_glossary_load/benchmark.tsv"
    localrule: True
    conda:
        "../envs/text.yaml"
    threads: TABLE.cores("glossary_load")
    resources:
        mem_mb=resource_request("glossary_load", "mem_mb"),
        runtime=resource_request("glossary_load", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("glossary_load"),
        options=option_flags("glossary_load"),
    message:
        "03 glossary_load: terms of {params.film}"
    shell:
        "{params.run:q} text load_glossary.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.options:q}"
