rule hallucination_removal:
    input:
        unpack(manifests("hallucination_removal")),
    output:
        manifest=f"{JOB}/07_hallucination_removal/manifest.json",
    log:
        f"{JOB}/07_hallucination_removal/stage.log",
    benchmark:
        f"{JOB}/07_hallucination_removal/benchmark.tsv"
    conda:
        "../envs/text.yaml"
    threads: TABLE.cores("hallucination_removal")
    resources:
        mem_mb=resource_request("hallucination_removal", "mem_mb"),
        runtime=resource_request("hallucination_removal", "runtime"),
    params:
        run=RUN,
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("hallucination_removal"),
        options=option_flags("hallucination_removal"),
        review=review_option("hallucination_removal"),
    message:
        "07 hallucination_removal: text that nobody spoke in {params.film}"
    shell:
        "{params.run:q} text flag_hallucinations.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} {params.options:q} {params.review:q}"
