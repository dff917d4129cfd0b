"""A film through the real workflow with IndicTrans2's way of translation: a toy model in a folder of the user's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from recognising import error_rate
from samvad.documents import segments
from translating import indictrans2, job_with, translate, translations
from workflow.project import Project, said

Shelf = Callable[..., Project]

OFF = "tmdb, ner, lyrics_detection, hallucination_removal"


@pytest.mark.model
def test_a_film_is_translated_by_models_in_a_folder_each_target_by_the_first_backend_that_serves_it(
    shelf: Shelf, tmp_path: Path, toy_models: Path
) -> None:
    models, film = tmp_path / "the user's $models", tmp_path / "film.wav"
    models.symlink_to(toy_models)
    spoken = "Ram sees the red book."
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "130", "-w", film, spoken], check=True)
    project = shelf({"user": "toy", "media": film, "targets": "hi,fr", "stages_off": OFF})

    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        settings = {"backend": ["indictrans2", "none"], "indictrans2_dir": str(folder), "memory_file": "none"}
        return project.snakemake(project.target("toy", "subtitle_gen"), translation=json.dumps(settings))

    done = run(tmp_path)
    assert done.returncode != 0
    for part in ("en-indic", "model.bin", "ai4bharat/indictrans2-en-indic-dist-200M", "GB", "MIT licence"):
        assert part in said(done), f"a missing model does not say {part}"

    done = run(models)
    assert done.returncode == 0, said(done)
    job = project.job("toy")
    made = segments.read(job / "08_translation" / "segments.json").segments
    heard, hindi, french = (
        " ".join(texts)
        for texts in zip(*((s.text, s.translations["hi"].text, s.translations["fr"].text) for s in made), strict=True)
    )
    assert error_rate(spoken, heard) <= 0.6, heard
    assert french == heard, "nothing serves French: what was said is passed on"
    assert {s.translations["fr"].flags for s in made} == {("not translated",)}
    # What a small Whisper hears of a machine is not sure; what is made of it is what stage 08 makes of it alone.
    (tmp_path / "alone").mkdir()
    alone = job_with(tmp_path / "alone", segments.read(job / "04_asr" / "segments.json"), b"")
    assert translate(alone, "--targets", "hi", *indictrans2(toy_models)).returncode == 0
    assert [s.translations["hi"] for s in made] == translations(alone, "hi")
    assert {s.translations["hi"].backend for s in made} == {"indictrans2"}
    shown = (job / "09_subtitle_gen" / "toy.hi.srt").read_text("utf-8")
    assert hindi.split()[0] in shown
    manifest = json.loads((job / "08_translation" / "manifest.json").read_text("utf-8"))
    assert [model["name"] for model in manifest["software"]["models"]] == [str(models / "en-indic")]
