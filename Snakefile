# Samvad: a film goes in, a subtitled film comes out.
#
#   snakemake --profile profiles/local-cpu out/2025/01/01/demo/1/10_mux/manifest.json    one film
#   snakemake --profile profiles/local-cpu subtitle                                      every film in the sheet
#   snakemake -n subtitle                                                                what would run, and why

from snakemake.utils import min_version

min_version("9.11.3")


include: "rules/settings.smk"


for path in configuration.sources():

    configfile: path


include: "rules/common.smk"


if config["machines"]["container"]:  # for --sdm apptainer: one image has all environments

    container: config["machines"]["container"]


for stage in stages.STAGES:

    include: f"rules/{stage.folder}.smk"


localrules:
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
