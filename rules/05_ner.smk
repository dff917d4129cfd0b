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
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_hash("ner"),
        settings=config["ner"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("ner"),
        backend=config["ner"]["backend"],
        model=config["ner"]["model"],
    message:
        "05 ner: names in {params.film}"
    shell:
        "envs/run text find_names.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} "
        "--backend={params.backend} --model={params.model:q}"
