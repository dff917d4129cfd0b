# Samvad: a film goes in, a subtitled film comes out.
#
#   snakemake --profile profiles/local-cpu out/2025/01/01/demo/1/10_mux/manifest.json    one film
#   snakemake --profile profiles/local-cpu subtitle                                      every film in the sheet
#   snakemake -n subtitle                                                                what would run, and why

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/01_demux.smk"
include: "rules/02_tmdb.smk"
include: "rules/03_glossary_load.smk"
include: "rules/04_asr.smk"
include: "rules/05_ner.smk"
include: "rules/06_lyrics_detection.smk"
include: "rules/07_hallucination_removal.smk"
include: "rules/08_translation.smk"
include: "rules/09_subtitle_gen.smk"
include: "rules/10_mux.smk"


localrules:
    tmdb,
    glossary_load,
    transcribe,
    translate,
    subtitle,


rule subtitle:
    default_target: True
    input:
        targets("subtitle"),


rule translate:
    input:
        targets("translate"),


rule transcribe:
    input:
        targets("transcribe"),


onstart:
    start()


onsuccess:
    finish()


onerror:
    finish()
