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
        gpu=0 if config["asr"]["device"] == "cpu" else 1,
    params:
        code=code_hash("asr"),
        settings=config["asr"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("asr"),
        languages=film("source"),
        engine=config["asr"]["engine"],
        model=config["asr"]["model"],
        revision=config["asr"]["revision"],
        pinned=pinned(config["asr"]["model"]),
        device=config["asr"]["device"],
        compute_type=config["asr"]["compute_type"],
        batch_size=config["asr"]["batch_size"],
        beam_size=config["asr"]["beam_size"],
        script=config["asr"]["script"],
        romanise=config["asr"]["romanise"],
        prompt=config["asr"]["prompt"],
        retries=config["asr"]["retries"],
        vad=config["asr"]["vad"],
        vad_threshold=config["asr"]["vad_threshold"],
        singing=config["asr"]["singing"],
        singing_threshold=config["asr"]["singing_threshold"],
        separate_voices=config["asr"]["separate_voices"],
        align_model=config["asr"]["align_model"],
        speakers=config["asr"]["speakers"],
        max_sentence_seconds=config["asr"]["max_sentence_seconds"],
    message:
        "04 asr: speech of {params.film}"
    shell:
        "envs/run asr recognize_speech.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} --memory-mb={resources.mem_mb} "
        "{params.manifests:q} "
        "--languages {params.languages:q} "
        "--engine={params.engine} --model={params.model:q} --revision={params.revision} "
        "--device={params.device} --compute-type={params.compute_type} "
        "--batch-size={params.batch_size} --beam-size={params.beam_size} "
        "--script={params.script} --romanise={params.romanise} "
        "--prompt={params.prompt} --retries={params.retries} "
        "--vad={params.vad} --vad-threshold={params.vad_threshold} "
        "--singing={params.singing} --singing-threshold={params.singing_threshold} "
        "--separate-voices={params.separate_voices:q} "
        "--align-model={params.align_model:q} --speakers={params.speakers:q} "
        "--max-sentence-seconds={params.max_sentence_seconds}"
