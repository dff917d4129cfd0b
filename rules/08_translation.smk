rule translation:
    input:
        unpack(manifests("translation")),
    output:
        manifest=f"{JOB}/08_translation/manifest.json",
    log:
        f"{JOB}/08_translation/stage.log",
    benchmark:
        f"{JOB}/08_translation/benchmark.tsv"
    conda:
        "../envs/translation.yaml"
    threads: TABLE.cores("translation")
    resources:
        mem_mb=resource_request("translation", "mem_mb"),
        runtime=resource_request("translation", "runtime"),
        gpu=gpus("translation"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("translation"),
        options=option_flags("translation"),
        targets=film("targets"),
    message:
        "08 translation: {params.film} into {params.targets}"
    shell:
        "{params.run:q} translation translate_dialogue.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.options:q}"
