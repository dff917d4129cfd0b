# The film is no input file of the rule: its name may hold what Snakemake takes for a pattern, and one missing film must
# not stop a whole shelf. Whether it is the film that was read, the records tell. The input function names none: it leaves
# out a film of which the stage could not do what it is told.
rule demux:
    input:
        unpack(manifests("demux")),
    output:
        manifest=f"{JOB}/01_demux/manifest.json",
    log:
        f"{JOB}/01_demux/stage.log",
    benchmark:
        f"{JOB}/01_demux/benchmark.tsv"
    conda:
        "../envs/media.yaml"
    threads: cores_beside("demux")
    resources:
        mem_mb=resource_request("demux", "mem_mb"),
        runtime=resource_request("demux", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        media=film_words("--media"),
        becomes=becomes,
        options=option_flags("demux"),
    message:
        "01 demux: audio of {params.film}"
    shell:
        "{params.run:q} media extract_audio.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.media:q} --becomes={params.becomes:q} {params.options:q}"
