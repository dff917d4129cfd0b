"""Stage 02's own logic: reading metadata, choosing a film, names in cast lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samvad.core.errors import ConfigurationError
from samvad.film import metadata, people
from samvad.stages.tmdb import client, match
from samvad.stages.tmdb.match import Candidate

MOVIE = {
    "id": 14467,
    "title": "Jaane Tu... Ya Jaane Na",
    "original_title": "जाने तू या जाने ना",
    "release_date": "2008-07-04",
    "runtime": 155,
    "credits": {
        "cast": [
            {"name": "Genelia D'Souza", "character": "Aditi Mahant / Meow", "order": 1},
            {"name": "Imran Khan", "character": 'Jai Singh Rathore "Rats"', "order": 0},
            {"name": "Naseeruddin Shah", "character": "Amar Singh Rathore (voice)", "order": 2},
            {"name": "Somebody", "character": "Police Inspector", "order": 3},
            {"name": "Somebody Else", "character": "Jai's Mother", "order": 4},
            {"name": "Nobody", "character": None, "order": 5},
        ]
    },
}


def film(**changes: object) -> metadata.FilmMetadata:
    return metadata.from_movie({**MOVIE, **changes}, max_cast=30)


def test_a_movie_response_becomes_metadata_in_billing_order() -> None:
    found = film()
    assert (found.title, found.original_title, found.year) == ("Jaane Tu... Ya Jaane Na", "जाने तू या जाने ना", 2008)
    assert [member.name for member in found.cast[:2]] == ["Imran Khan", "Genelia D'Souza"]


def test_no_more_of_the_cast_is_kept_than_asked_for() -> None:
    assert [member.name for member in metadata.from_movie(MOVIE, max_cast=1).cast] == ["Imran Khan"]
    assert metadata.from_movie(MOVIE, max_cast=0).cast == ()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    metadata.write(tmp_path / "f.json", film())
    again = metadata.read(tmp_path / "f.json")
    assert again.runtime_minutes == film().runtime_minutes == 155
    assert again.cast == film().cast
    assert again.source == "tmdb"
    assert set(json.loads((tmp_path / "f.json").read_text("utf-8"))) == {
        "schema_version", "source", "tmdb_id", "title", "original_title", "year", "cast", "soundtrack",
        "alternative_titles", "translations", "candidates", "attribution", "runtime_minutes",
    }  # fmt: skip


@pytest.mark.parametrize("text", [json.dumps(MOVIE), json.dumps({"title": "Jaane Tu... Ya Jaane Na"})])
def test_a_file_of_either_shape_stands_in_for_tmdb(tmp_path: Path, text: str) -> None:
    (tmp_path / "f.json").write_text(text)
    found = metadata.read_file(tmp_path / "f.json", max_cast=30)
    assert (found.source, found.title) == ("file", "Jaane Tu... Ya Jaane Na")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "the file"),
        ('{"year": 2008}', "'title'"),
        ('{"title": 3}', "'title'"),
        ('{"title": "T", "actors": []}', "'actors'"),
        ('{"title": "T", "year": "2008"}', "'year'"),
        ('{"title": "T", "cast": "Imran"}', "'cast'"),
        ('{"title": "T", "cast": [{"name": "A"}, {"character": "B"}]}', "'cast[1].name'"),
        ('{"title": "T", "soundtrack": [1]}', "'soundtrack[0]'"),
        ('{"title": "T", "credits": {"cast": [{"name": 1}]}}', "'credits.cast[0].name'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_key(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "wrong.json").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        metadata.read_file(tmp_path / "wrong.json", max_cast=30)
    assert "wrong.json" in str(caught.value)
    assert named in str(caught.value)


def test_a_file_that_is_not_utf_8_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes('{"title": "é"}'.encode("latin-1"))
    for name in ("latin.json", "gone.json"):
        with pytest.raises(ConfigurationError, match=name):
            metadata.read_file(tmp_path / name, max_cast=30)


def test_text_that_utf_8_cannot_hold_does_not_fail_the_film(tmp_path: Path) -> None:
    metadata.write(tmp_path / "f.json", film(title="Jaane\ud800 Tu\n\x00Ya"))
    assert metadata.read(tmp_path / "f.json").title == "Jaane Tu Ya"


RESULTS = [
    Candidate(1, "Don", "Don", 2006),
    Candidate(2, "Don", "Don", 1978),
    Candidate(3, "Don't Breathe", "Don't Breathe", 2016),
]


def test_the_year_tells_a_film_from_its_remake() -> None:
    chosen = match.choose(RESULTS, "Don", 1978)
    assert chosen is not None
    assert (chosen.candidate.tmdb_id, chosen.doubt) == (2, "")


def test_without_a_year_the_best_known_is_taken_with_a_doubt() -> None:
    chosen = match.choose(RESULTS, "don", None)
    assert chosen is not None
    assert chosen.candidate.tmdb_id == 1
    assert "2 films" in chosen.doubt


@pytest.mark.parametrize(("year", "found"), [(2007, True), (2005, True), (2009, False)])
def test_a_year_may_be_off_by_one(year: int, found: bool) -> None:
    assert (match.choose(RESULTS[:1], "Don", year) is not None) is found


def test_punctuation_case_and_accents_do_not_matter() -> None:
    item = Candidate(1, "Jaané Tu... Ya Jaane Na", "जाने तू या जाने ना", 2008)
    for title in ("JAANE TU YA JAANE NA", "जाने तू या जाने ना"):
        chosen = match.choose([item], title, 2008)
        assert chosen is not None
        assert chosen.doubt == ""


def test_devanagari_titles_that_differ_in_vowel_signs_are_different() -> None:
    assert match.choose([Candidate(1, "दिल", "दिल", 1990)], "दल", 1990) is None


def test_another_spelling_is_taken_with_a_doubt_and_another_film_is_not() -> None:
    chosen = match.choose([Candidate(1, "Dil Chahta Hai", "Dil Chahta Hai", 2001)], "Dil Chaahtaa Hai", 2001)
    assert chosen is not None
    assert "Dil Chahta Hai" in chosen.doubt
    assert match.choose([Candidate(1, "Lagaan", "Lagaan", 2001)], "Dil Chahta Hai", 2001) is None
    assert match.choose([], "Dil Chahta Hai", 2001) is None


def test_characters_are_names_and_not_roles_or_remarks() -> None:
    assert people.characters(film()) == ["Jai Singh Rathore", "Rats", "Aditi Mahant", "Meow", "Amar Singh Rathore"]


def test_parts_of_a_name_leave_out_titles_and_initials() -> None:
    assert people.parts("Inspector P. K. Waghmare") == ["Waghmare"]
    assert people.parts("Jai") == []


def test_the_key_is_not_in_the_text_of_the_service() -> None:
    assert "sesame" not in f"{client.Service(key='sesame')!r} {client.Service(key='sesame')}"


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "api.themoviedb.org", "http://u:p@x", "http://x:99999", "http://[x"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SAMVAD_TMDB_URL"):
        client.check_url(url)
