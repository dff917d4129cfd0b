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
        code=code_hash("ner"),
        settings=config["ner"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("ner"),
        backend=config["ner"]["backend"],
        model=config["ner"]["model"],
        indic_model=config["ner"]["indic_model"],
        indic_revision=config["ner"]["indic_revision"],
        consistent="yes" if config["ner"]["consistent"] else "no",
        overrides=optional("--overrides", "name_overrides"),
        content=lambda wildcards: content(film_of(wildcards).name_overrides),
    message:
        "05 ner: names in {params.film}"
    shell:
        "envs/run asr find_names.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} "
        "--backend={params.backend} --model={params.model:q} "
        "--indic-model={params.indic_model:q} --indic-revision={params.indic_revision:q} "
        "--consistent={params.consistent} {params.overrides:q}"
