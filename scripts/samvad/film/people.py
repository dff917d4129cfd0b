"""The names in a cast list by which people of the film may be called in its dialogue."""

from __future__ import annotations

import re

from samvad.film.metadata import CastMember, FilmMetadata

_ROLES = """
a an and appearance as at aunt aunty baby bar beggar big boss boy bride brother cameo captain chief child
commissioner constable cop cousin dad dancer daughter doctor dr driver elder extra fan father first for friend
gangster girl goon grandfather grandmother groom guard guest gunda guy head henchman her herself himself his
host hotel husband i ii iii in inspector item journalist judge junior kid lady landlord lawyer lead leader little
madam maid major man manager minister miss mother mr mrs ms mum narrator neighbor neighbour no number nurse
of officer old on one owner pandit party passenger peon police policeman politician priest principal professor
receptionist reporter school second secretary security self senior servant shop shopkeeper sir sister small son
song special student teacher the themselves third thug train two uncle various victim villager voice waiter
watchman wife with woman young younger
"""

#: Words of cast lists that say what a person is, not who: "Police Inspector", "Old Man in Train", "Self".
ROLE_WORDS: frozenset[str] = frozenset(_ROLES.split())

_REMARK = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NICKNAME = re.compile(r"[\"“”]([^\"“”]+)[\"“”]|(?<!\w)['‘]([^'‘’]+)['’](?!\w)")
_BETWEEN_NAMES = re.compile(r"\s*[/;,]\s*|\s+(?:aka|a\.k\.a\.|alias)\s+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?\s")


def actors(film: FilmMetadata) -> list[str]:
    """Return the names of the cast, each once, in billing order."""
    return list(dict.fromkeys(member.name for member in film.cast))


def characters(film: FilmMetadata) -> list[str]:
    """Return the names of the characters, each once: without remarks such as "(voice)", nicknames and aliases apart.

    What only says who somebody is ("Doctor", "Jai's Mother", "Self") is left out.
    """
    return list(dict.fromkeys(name for member in film.cast for name in of_member(member)))


def of_member(member: CastMember) -> list[str]:
    """Return the names of one member's characters, as ``characters`` does."""
    text = _REMARK.sub(" ", member.character)
    nicknames = [first or second for first, second in _NICKNAME.findall(text)]
    pieces = [*_BETWEEN_NAMES.split(_NICKNAME.sub(" ", text)), *nicknames]
    tidy = (" ".join(name.strip(" .'\"‘’“”").split()) for name in pieces)
    return [name for name in tidy if _is_name(name)]


def parts(name: str) -> list[str]:
    """Return the words of a full name by which a person may be called: "Jai" and "Rathore" of "Jai S. Rathore"."""
    words = name.replace(".", " ").split()
    return [word for word in words if len(word) > 2 and word.casefold() not in ROLE_WORDS] if len(words) > 1 else []


def _is_name(text: str) -> bool:
    words = [word for word in re.split(r"[\s.#\d-]+", text.casefold()) if word]
    return (
        any(character.isalpha() for character in text)
        and len(text) > 1
        and not _POSSESSIVE.search(text)
        and not all(word in ROLE_WORDS for word in words)
    )
