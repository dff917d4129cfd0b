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
        gpu=0 if config["translation"]["device"] == "cpu" else 1,
    params:
        code=code_hash("translation"),
        settings=config["translation"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("translation"),
        targets=film("targets"),
        backend=config["translation"]["backend"],
        pivot=str(config["translation"]["pivot"]).lower(),
        device=config["translation"]["device"],
        compute_type=config["translation"]["compute_type"],
        batch_size=config["translation"]["batch_size"],
        beam_size=config["translation"]["beam_size"],
        fit_margin=config["translation"]["fit_margin"],
        whisper_model=config["translation"]["whisper_model"],
        whisper_revision=config["translation"]["whisper_revision"],
        pinned=pinned(config["translation"]["whisper_model"]),
        runtime=config["translation"]["runtime"],
        indictrans2_dir=config["translation"]["indictrans2_dir"],
        nllb_dir=config["translation"]["nllb_dir"],
        memory_file=config["translation"]["memory_file"],
    message:
        "08 translation: {params.film} into {params.targets}"
    shell:
        "envs/run translation translate_dialogue.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} "
        "--targets {params.targets:q} --backend {params.backend:q} --pivot={params.pivot} "
        "--device={params.device} --compute-type={params.compute_type} "
        "--batch-size={params.batch_size} --beam-size={params.beam_size} --fit-margin={params.fit_margin} "
        "--whisper-model={params.whisper_model:q} --whisper-revision={params.whisper_revision} "
        "--runtime={params.runtime} --indictrans2-dir={params.indictrans2_dir:q} --nllb-dir={params.nllb_dir:q} "
        "--memory-file={params.memory_file:q}"
