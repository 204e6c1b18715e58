"""The archive's spellings of people, places and words: `metadata/lexicon.yaml`.

A spelling is looked after, never put in: it can be given to the model as a hint, and what was
written otherwise is listed for a person. A file that is not there has nothing in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline import testimony
from pipeline.config import Language
from pipeline.errors import Problem
from pipeline.letters import words
from pipeline.testimony import Id, Text
from pipeline.vocabulary import FOLDER, Label
from pipeline.yamlfile import Listed

FILE = "lexicon.yaml"
# A model reads at most 223 tokens before it listens, of which a name takes about four.
_LONGEST_HINT = 300

Kind = Literal["person", "place", "word"]
Hints = tuple[tuple[str, str], ...]


class Entry(BaseModel):
    """One spelling. `variants` are good too; `wrong` never are; `unlike` only look like it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    spelling: Label
    kind: Kind
    languages: Annotated[list[Language], Field(min_length=1)]
    variants: list[Label] = []
    wrong: list[Label] = []
    unlike: list[Label] = []
    testimonies: list[Id] = []
    note: Text | None = None
    source: Text | None = None

    def is_for(self, testimony_id: str) -> bool:
        """Whether it may be named there; without a list, it may be anywhere."""
        return not self.testimonies or testimony_id in self.testimonies


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    entries: list[Entry] = []


@dataclass(frozen=True)
class Lexicon:
    """What the file says, in its order. With `problems` it is not to be used."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    version: str = ""  # another one as soon as a byte of the file is another

    def hints(self, testimony_id: str, languages: Iterable[str]) -> Hints:
        """By language, what a model can be told before it listens to a testimony, in its order:
        what belongs to this testimony first, and as much as a model reads."""
        mine = [entry for entry in self.entries if entry.is_for(testimony_id)]
        mine.sort(key=lambda entry: not entry.testimonies)
        found = ((language, _hint(mine, language)) for language in dict.fromkeys(languages))
        return tuple((language, hint) for language, hint in found if hint)


def load(root: Path) -> Lexicon:
    """Reads the file of an archive; every problem in it is found at once."""
    path = root / FOLDER / FILE
    shown = f"{FOLDER.as_posix()}/{FILE}"
    listed = Listed(path, shown, "entries", _File, Entry)
    problems = [*listed.problems, *_strangers(root, listed), *_contradictions(listed)]
    try:
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        version = ""
    problems.sort(key=lambda problem: problem.line or 0)
    return Lexicon(tuple(listed.good.values()), tuple(problems), version)


def _hint(entries: Sequence[Entry], language: str) -> str:
    chosen: list[str] = []
    length = 0
    for entry in entries:
        if not _speaks(entry, language) or entry.spelling in chosen:
            continue
        length += len(entry.spelling) + 2
        if length > _LONGEST_HINT:
            break
        chosen.append(entry.spelling)
    return ", ".join(chosen) + "." if chosen else ""


def _speaks(entry: Entry, language: str) -> bool:
    base = language.split("-")[0]
    return any(one.split("-")[0] == base for one in entry.languages)


def _strangers(root: Path, listed: Listed[Entry]) -> Iterator[Problem]:
    """Testimonies that nobody has described."""
    for number, entry in listed.good.items():
        for n, ident in enumerate(entry.testimonies):
            path = testimony.FOLDER / f"{ident}.yaml"
            if not (root / path).is_file():
                message = f"there is no {path.as_posix()}."
                yield listed.problem(number, ("testimonies", n), message)


def _contradictions(listed: Listed[Entry]) -> Iterator[Problem]:
    """Spellings that stand in the file twice, or are right in one place and wrong in another."""
    said: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for number, entry in listed.good.items():
        for field, n, text in _spellings(entry):
            path = (field,) if field == "spelling" else (field, n)
            for language in entry.languages:
                before = said.setdefault((language, " ".join(words(text))), [])
                for other, role in before:
                    if _collide(entry, field, listed.good[other], role):
                        where = f"entries.{other}.{role}"
                        message = f"{text!r} already stands in {language!r} under {where}."
                        yield listed.problem(number, path, message)
                        break
                before.append((number, field))


def _collide(entry: Entry, field: str, other: Entry, role: str) -> bool:
    """What looks like nothing of one name may well be another; and two testimonies may each have
    their own spelling."""
    if entry is other:
        return True
    anywhere = not entry.testimonies or not other.testimonies
    together = anywhere or not set(entry.testimonies).isdisjoint(other.testimonies)
    return together and "unlike" not in (field, role)


def _spellings(entry: Entry) -> Iterator[tuple[str, int, str]]:
    yield "spelling", 0, entry.spelling
    for field in ("variants", "wrong", "unlike"):
        for n, text in enumerate(getattr(entry, field)):
            yield field, n, text
