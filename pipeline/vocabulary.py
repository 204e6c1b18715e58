"""The words of this history: `metadata/vocabulary.yaml` and `metadata/gazetteer.yaml`.

Events, people, things and places with what they are called in each language. Every problem in
either file is gathered and names its line; a file that is not there has nothing in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline import yamlfile
from pipeline.config import Language
from pipeline.errors import Problem
from pipeline.letters import words
from pipeline.testimony import Edtf, Id, Text
from pipeline.yamlfile import Path_, YamlFile

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
    terms = _Listed(root, VOCABULARY, "terms", _Terms, Term)
    places = _Listed(root, GAZETTEER, "places", _Places, Place)
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


Entry = TypeVar("Entry", Term, Place)


class _Listed(Generic[Entry]):
    """One file: its good entries by their number in it, and what is wrong with the others."""

    def __init__(
        self, root: Path, name: str, key: str, whole: type[BaseModel], entry: type[Entry]
    ) -> None:
        path, self._shown, self._key = root / FOLDER / name, f"{FOLDER.as_posix()}/{name}", key
        there = path.exists() or path.is_symlink()
        file = yamlfile.read(path, self._shown) if there else YamlFile(path, None, {})
        checked, self.problems = yamlfile.check(file, whole, self._shown)
        self._file = file
        self.good: dict[int, Entry]
        if checked is not None:
            self.good = dict(enumerate(getattr(checked, key)))
        else:
            # What is good is still compared with the rest, so that all is said at once.
            self.good = dict(self._each(entry))
        self.ids = frozenset(
            str(one["id"]) for one in self._listed() if isinstance(one, dict) and "id" in one
        )

    def problem(self, number: int, path: Path_, message: str) -> Problem:
        where = (self._key, number, *path)
        field = ".".join(str(part) for part in where)
        return Problem(self._shown, self._file.line_of(where), field, message)

    @property
    def readable(self) -> bool:
        """Whether at least the ids are known."""
        return not self._file.problems

    def _listed(self) -> list[Any]:
        data = self._file.data
        found = data.get(self._key) if isinstance(data, dict) else None
        return found if isinstance(found, list) else []

    def _each(self, entry: type[Entry]) -> Iterator[tuple[int, Entry]]:
        for number, one in enumerate(self._listed()):
            with suppress(ValidationError):
                yield number, entry.model_validate(one)


def _strangers(terms: _Listed[Term], places: _Listed[Place]) -> Iterator[Problem]:
    """Ids that no entry has."""
    for number, term in terms.good.items():
        if term.broader is not None and term.broader not in terms.ids:
            yield terms.problem(number, ("broader",), f"no term has the id {term.broader!r}.")
        for n, place in enumerate(term.places if places.readable else ()):
            if place not in places.ids:
                message = f"no place of {FOLDER.as_posix()}/{GAZETTEER} has the id {place!r}."
                yield terms.problem(number, ("places", n), message)


def _in_a_circle(terms: _Listed[Term]) -> Iterator[Problem]:
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
    listed: _Listed[Entry], others: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    taken = set(others)
    for number, entry in listed.good.items():
        if entry.id in taken:
            yield listed.problem(number, ("id",), f"{entry.id!r} is already the id of another.")
        taken.add(entry.id)


def _labels_given_twice(listed: _Listed[Entry]) -> Iterator[Problem]:
    """A name that stands for two entries of one file; an event may be called as a place is."""
    taken: dict[tuple[str, tuple[str, ...]], str] = {}
    for number, entry in listed.good.items():
        for language, labels in entry.labels.items():
            for n, label in enumerate(labels):
                owner = taken.setdefault((language, tuple(words(label))), entry.id)
                if owner != entry.id:
                    message = f"{label!r} is already a label of {owner!r} in {language!r}."
                    yield listed.problem(number, ("labels", language, n), message)
