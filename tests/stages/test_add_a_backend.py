"""The example of docs/add-a-backend.md, followed to the letter, translates."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import support
from translating import hindi, job_with, translations, wav

PAGE = support.ROOT / "docs" / "add-a-backend.md"
SAID = hindi("Buenos días.", "¿Dónde está mi hermano?", language="es")


def test_a_module_and_a_line_make_a_backend(tmp_path: Path) -> None:
    module, line = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    root = tmp_path / "project"
    for part in ("scripts", "envs", "config"):
        shutil.copytree(support.ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    room = root / "scripts" / "samvad" / "stages" / "translation"
    (room / "shout_backend.py").write_text(module, encoding="utf-8")
    table = (room / "registry.py").read_text("utf-8")
    head, last, rest = table.partition('    "none": Registered(')
    (room / "registry.py").write_text(f"{head}{line}{last}{rest}", encoding="utf-8")

    job = job_with(tmp_path, SAID, wav(tmp_path / "silence.wav", bytes(32_000)))
    asr = job / "04_asr" / "manifest.json"
    options = ("--job-folder", job, "--film=test", "--demux", job / "01_demux" / "manifest.json", "--asr", asr)

    def translate(*more: str) -> subprocess.CompletedProcess[str]:
        command = [root / "envs" / "run", "translation", "translate_dialogue.py", *options, "--segments", asr, *more]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)

    done = translate("--targets=en", "--backend=shout", "--memory-file=none")
    assert done.returncode == 0, done.stderr
    assert [item.text for item in translations(job) if item] == ["BUENOS DÍAS.", "¿DÓNDE ESTÁ MI HERMANO?"]
    refused = translate("--targets=hi", "--backend=shout", "--memory-file=none")
    assert refused.returncode == 2 and "it shouts English only" in refused.stderr
    assert "shout" in translate("--help").stdout
