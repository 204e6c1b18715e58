"""The words of this history: `metadata/vocabulary.yaml` and `metadata/gazetteer.yaml`.

Events, people, things and places with what they are called in each language. Every problem in
either file is gathered and names its line; a file that is not there has nothing in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.config import Language
from pipeline.errors import Problem
from pipeline.letters import words
from pipeline.testimony import Edtf, Id, Text
from pipeline.yamlfile import Listed

FOLDER = Path("metadata")
VOCABULARY, GAZETTEER = "vocabulary.yaml", "gazetteer.yaml"
# Raise it when another file may be good, or the same file may mean something else.
_RULES = b"1"
_MOST_WORDS = 20

Kind = Literal["event", "people", "place", "thing", "law", "practice"]
Feature = Literal[
    "city", "town", "village", "region", "country", "camp", "settlement-area", "river", "sea",
    "island", "railway", "prison", "killing-site",
]  # fmt: skip


def _label(text: str) -> str:
    if not 1 <= len(words(text)) <= _MOST_WORDS:
        raise ValueError(f"must have words, at most {_MOST_WORDS}")
    return text


Label = Annotated[Text, AfterValidator(_label)]
Labels = Annotated[dict[Language, Annotated[list[Label], Field(min_length=1)]], Field(min_length=1)]
Year = Annotated[int, Field(ge=1000, le=2100)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Term(_Part):
    """An event or a notion, under all the names that stand for it; the first of each is shown."""

    id: Id
    kind: Kind
    labels: Labels
    when: Edtf | None = None
    places: list[Text] = []
    broader: Text | None = None
    note: Text | None = None
    sources: list[Text] = []


class FormerName(_Part):
    """What a place was called, in one language, from one year until another as far as known."""

    name: Label
    language: Language
    since: Year | None = Field(None, alias="from")
    until: Year | None = None


class Camp(_Part):
    """The years in which a place was a camp or a region of exile."""

    since: Year | None = Field(None, alias="from")
    until: Year | None = None


class Place(_Part):
    """A place, in degrees, under its names of today and of former days."""

    id: Id
    kind: Feature
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    labels: Labels
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    formerly: list[FormerName] = []
    camp: Camp | None = None
    note: Text | None = None
    sources: list[Text] = []


Named = TypeVar("Named", Term, Place)


class _Terms(_Part):
    terms: list[Term] = []


class _Places(_Part):
    places: list[Place] = []


@dataclass(frozen=True)
class Vocabulary:
    """What both files say. With `problems` it is not to be used."""

    terms: tuple[Term, ...] = ()
    places: tuple[Place, ...] = ()
    problems: tuple[Problem, ...] = ()


def version(root: Path) -> str:
    """Another one as soon as a byte of either file is another. Cheap: nothing is parsed."""
    digest = hashlib.sha256(_RULES)
    for name in (VOCABULARY, GAZETTEER):
        raw = _bytes(root / FOLDER / name)
        digest.update(b"-" if raw is None else hashlib.sha256(raw).digest())
    return digest.hexdigest()


def load(root: Path) -> Vocabulary:
    """Reads both files of an archive, which takes a second where they have hundreds of entries."""
    folder, shown = root / FOLDER, FOLDER.as_posix()
    terms = Listed(folder / VOCABULARY, f"{shown}/{VOCABULARY}", "terms", _Terms, Term)
    places = Listed(folder / GAZETTEER, f"{shown}/{GAZETTEER}", "places", _Places, Place)
    problems = [*terms.problems, *places.problems]
    problems += [*_strangers(terms, places), *_in_a_circle(terms)]
    problems += [*_ids_given_twice(terms), *_ids_given_twice(places, terms.ids)]
    problems += [*_labels_given_twice(terms), *_labels_given_twice(places)]
    return Vocabulary(tuple(terms.good.values()), tuple(places.good.values()), tuple(problems))


def packaged(name: str) -> bytes | None:
    """The file that comes with this program; None where it was left out."""
    here = Path(__file__).parent
    # A wheel has them inside the package; a checkout, where they are written, beside it.
    for folder in (here / FOLDER, here.parent / FOLDER):
        raw = _bytes(folder / name)
        if raw is not None:
            return raw
    return None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _strangers(terms: Listed[Term], places: Listed[Place]) -> Iterator[Problem]:
    """Ids that no entry has."""
    for number, term in terms.good.items():
        if term.broader is not None and term.broader not in terms.ids:
            yield terms.problem(number, ("broader",), f"no term has the id {term.broader!r}.")
        for n, place in enumerate(term.places if places.readable else ()):
            if place not in places.ids:
                message = f"no place of {FOLDER.as_posix()}/{GAZETTEER} has the id {place!r}."
                yield terms.problem(number, ("places", n), message)


def _in_a_circle(terms: Listed[Term]) -> Iterator[Problem]:
    broader = {term.id: term.broader for term in terms.good.values()}
    for number, term in terms.good.items():
        seen, above = {term.id}, term.broader
        while above is not None and above not in seen:
            seen.add(above)
            above = broader.get(above)
        if above == term.id:
            message = "is broader than itself, by way of what it names."
            yield terms.problem(number, ("broader",), message)


def _ids_given_twice(
    listed: Listed[Named], others: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    taken = set(others)
    for number, entry in listed.good.items():
        if entry.id in taken:
            yield listed.problem(number, ("id",), f"{entry.id!r} is already the id of another.")
        taken.add(entry.id)


def _labels_given_twice(listed: Listed[Named]) -> Iterator[Problem]:
    """A name that stands for two entries of one file; an event may be called as a place is."""
    taken: dict[tuple[str, tuple[str, ...]], str] = {}
    for number, entry in listed.good.items():
        for language, labels in entry.labels.items():
            for n, label in enumerate(labels):
                owner = taken.setdefault((language, tuple(words(label))), entry.id)
                if owner != entry.id:
                    message = f"{label!r} is already a label of {owner!r} in {language!r}."
                    yield listed.problem(number, ("labels", language, n), message)
