rule tmdb:
    input:
        unpack(manifests("tmdb")),
    output:
        manifest=f"{JOB}/02_tmdb/manifest.json",
    log:
        f"{JOB}/02_tmdb/stage.log",
    benchmark:
        f"{JOB}/02_tmdb/benchmark.tsv"
    conda:
        "../envs/text.yaml"
    threads: TABLE.cores("tmdb")
    resources:
        mem_mb=resource_request("tmdb", "mem_mb"),
        runtime=resource_request("tmdb", "runtime"),
    params:
        code=code_hash("tmdb"),
        settings=config["tmdb"],
        job_folder=JOB,
        film=film("film"),
        manifests=manifest_options("tmdb"),
        title=film("title"),
        year=optional("--year", "year"),
        tmdb_id=optional("--tmdb-id", "tmdb_id"),
        file=optional("--file", "tmdb_file"),
        content=lambda wildcards: content(film_of(wildcards).tmdb_file),
        language=config["tmdb"]["language"],
        max_cast=config["tmdb"]["max_cast"],
    message:
        "02 tmdb: metadata of {params.film}"
    shell:
        "envs/run text fetch_metadata.py "
        "--job-folder={params.job_folder:q} --film={params.film:q} --threads={threads} "
        "{params.manifests:q} "
        "--title={params.title:q} {params.year:q} {params.tmdb_id:q} {params.file:q} "
        "--language={params.language} --max-cast={params.max_cast}"
