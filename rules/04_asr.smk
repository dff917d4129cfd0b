rule asr:
    input:
        unpack(manifests("asr")),
    output:
        manifest=f"{JOB}/04_asr/manifest.json",
    log:
        f"{JOB}/04_asr/stage.log",
    benchmark:
        f"{JOB}/04_asr/benchmark.tsv"
    conda:
        "../envs/asr.yaml"
    threads: TABLE.cores("asr")
    resources:
        mem_mb=resource_request("asr", "mem_mb"),
        runtime=resource_request("asr", "runtime"),
        gpu=gpus("asr"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("asr"),
        options=option_flags("asr"),
    message:
        "04 asr: speech of {params.film}"
    shell:
        "{params.run:q} asr recognize_speech.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} --memory-mb={resources.mem_mb} --gpus={resources.gpu} "
        "{params.manifests:q} {params.options:q}"
