"""What the recogniser of a film was told, and what the subtitles say of its text that the film had already."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import stages, typed_json
from samvad.core.errors import SamvadError
from samvad.text import languages

#: What stage 04 says of existing subtitles, and how a page calls it.
_EXISTING = {
    "source": "The film's own subtitles",
    "use": "What became of them",
    "fit": "How they fit the sound",
    "words_agree": "Words that agree",
    "cues_in_time": "Cues in time",
    "existing_not_recognised": "Text in them where nothing was recognised",
    "recognised_not_existing": "Recognised where they have none",
}


@dataclass(frozen=True)
class _Facts:
    """What ``metadata.json`` of stage 04 has of it."""

    prompts: dict[str, str] = field(default_factory=dict)
    without_prompt: tuple[str, ...] = ()
    from_prompt: tuple[str, ...] = ()
    existing: dict[str, str | bool] = field(default_factory=dict)


def of_job(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return names and values, in the order in which they are shown; none where nothing was told.

    Args:
        folder: of the job.
    """
    path = folder / stages.BY_NAME["asr"].folder / "metadata.json"
    try:
        found = typed_json.read(path, _Facts, "record of stage 04", "Run stage 04 again.")
    except SamvadError:
        return ()
    rows = [(f"Prompt, {languages.name(code)}", text) for code, text in found.prompts.items() if text]
    if rows and found.without_prompt:
        rows.append(("Pieces that were better without it", "; ".join(found.without_prompt)))
    if found.from_prompt:
        rows.append(("Words of it where nobody speaks", "; ".join(found.from_prompt)))
    rows += [(name, str(found.existing[key])) for key, name in _EXISTING.items() if key in found.existing]
    if found.existing.get("ocr") is True:
        rows.append(("Read by OCR", "yes: read the text with care"))
    return tuple(rows)
