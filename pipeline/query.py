"""What a person may type into the search box, read into words, phrases and limits.

mama wagon          both words, in any form
"w nocy"            these words, in this order, as they were spoken
wagon*              words that begin so
mama OR matka       one of them
-kolchoz            not this word
mama NEAR wagon     not more than ten words apart; NEAR/3 for three
event:priboi        what names this term of the vocabulary, by its id or any of its names
place:Vorkuta       what names this place, or was recorded there
lang:lt narrator:Ona before:1995 after:1990
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.errors import QueryError
from pipeline.letters import words

LONGEST_QUERY = 500
_MOST_TERMS = 20
_SHORTEST_BEGINNING = 2
_NEAR_WORDS, _FARTHEST = 10, 50
FIELDS = ("lang", "event", "place", "narrator", "before", "after")
_NOT_WRITABLE = re.compile(r"[\x00-\x1f\x7f]")
_PART = re.compile(
    r"""\(*(?P<minus>-?)(?:(?P<field>[A-Za-z]+):)?
        (?:"(?P<phrase>[^"]*)(?:"|$) | (?P<bare>[^\s"]+))""",
    re.VERBOSE,
)
_NEAR = re.compile(r"NEAR(?:/(\d{1,4}))?$")
_NEAR_CALL = re.compile(r"NEAR\(([^()]*?)(?:,\s*(\d{1,4})\s*)?\)")
_QUOTES = str.maketrans("“”„‟«»", '""""""')
_YEAR = re.compile(r"\d{4}$")


@dataclass(frozen=True)
class Sought:
    """One thing to find. `words` in plain spelling: all of them, in any form; a hyphen makes
    several of one. `exact`: as spoken, in this order; `beginning`: the last one only begins so;
    `within`: at most so many words apart. `term`: not these words, but what they are a name of."""

    words: tuple[str, ...]
    exact: bool = False
    beginning: bool = False
    within: int | None = None
    term: str | None = None

    @property
    def is_free(self) -> bool:
        """Whether its words are looked for in any form, each for itself."""
        return not self.exact and self.term is None

    @property
    def is_whole(self) -> bool:
        """Whether it is nothing but words, free or in quotes."""
        return self.term is None and self.within is None and not self.beginning


@dataclass(frozen=True)
class Query:
    """Each of `wanted` must be found, by one of its alternatives; none of `unwanted` may.

    `wanted` is only empty where `limits` name a place, which passages may be found by alone.
    """

    wanted: tuple[tuple[Sought, ...], ...]
    unwanted: tuple[Sought, ...] = ()
    limits: dict[str, str] = field(default_factory=dict)


def parse(typed: str) -> Query:
    """Raises QueryError, with a sentence for whoever typed it."""
    if len(typed) > LONGEST_QUERY:
        raise _wrong("a query has at most %(most)s characters.", most=LONGEST_QUERY)
    typed = _NOT_WRITABLE.sub(" ", typed).translate(_QUOTES)
    typed = _NEAR_CALL.sub(_near_call, typed)
    query = _Reader(typed).read()
    if len(query.wanted) + len(query.unwanted) > _MOST_TERMS:
        raise _wrong("a query has at most %(most)s words; leave some out.", most=_MOST_TERMS)
    return query


class _Reader:
    """Reads part after part; what joins two of them is remembered in between."""

    def __init__(self, typed: str) -> None:
        self._parts = list(_PART.finditer(typed))
        self._wanted: list[list[Sought]] = []
        self._unwanted: list[Sought] = []
        self._limits: dict[str, str] = {}
        self._join: str | None = None
        self._within = _NEAR_WORDS

    def read(self) -> Query:
        for part in self._parts:
            self._take(part)
        if self._join:
            raise _wrong("%(name)s needs a word on both sides.", name=self._join)
        if not self._wanted and ("place" not in self._limits or self._unwanted):
            if self._unwanted:
                raise _wrong("type a word to look for as well; -word only takes passages away.")
            if self._limits:
                name = next(iter(self._limits))
                raise _wrong(
                    "type a word to look for as well; %(name)s: only narrows a search.", name=name
                )
            raise _wrong("type at least one word.")
        wanted = tuple(tuple(alternatives) for alternatives in self._wanted)
        return Query(wanted, tuple(self._unwanted), self._limits)

    def _take(self, part: re.Match[str]) -> None:
        minus, name, phrase = part["minus"], part["field"], part["phrase"]
        bare = (part["bare"] or "").strip("()")
        if phrase is None and not minus and not name and self._is_join(bare):
            return
        if name and (phrase or bare) and name.lower() != "event":
            if minus:
                raise _wrong(
                    "-%(name)s: is not known here; - goes before words and event: only.", name=name
                )
            self._limit(name, phrase if phrase is not None else bare)
            return
        sought = _phrase(phrase) if phrase is not None else _bare(bare)
        if sought is None:
            return
        if name and name.lower() == "event":
            sought = Sought(sought.words, term=phrase if phrase is not None else bare)
        if minus:
            self._unwanted.append(sought)
        else:
            self._want(sought)

    def _is_join(self, bare: str) -> bool:
        near = _NEAR.match(bare)
        if bare not in ("OR", "AND") and not near:
            return False
        if bare == "AND":
            return True
        name = "NEAR" if near else "OR"
        if self._join or not self._wanted:
            raise _wrong("%(name)s needs a word on both sides.", name=name)
        self._join = name
        if near:
            self._within = min(int(near[1] or _NEAR_WORDS), _FARTHEST)
        return True

    def _want(self, sought: Sought) -> None:
        join, self._join = self._join, None
        if join == "OR":
            self._wanted[-1].append(sought)
        elif join == "NEAR":
            before = self._wanted[-1].pop()
            if any(not one.is_free or one.beginning for one in (before, sought)):
                raise _wrong("NEAR joins single words, without quotes, without * and event:.")
            near = Sought(before.words + sought.words, within=self._within)
            self._wanted[-1].append(near)
        else:
            self._wanted.append([sought])

    def _limit(self, name: str, value: str) -> None:
        name = name.lower()
        if name not in FIELDS:
            known = ", ".join(f"{one}:" for one in FIELDS)
            raise _wrong(
                '"%(name)s:" is not known here. Known are %(known)s.', name=name, known=known
            )
        if name in ("before", "after") and not _YEAR.match(value):
            raise _wrong("%(name)s: needs a year, as in %(name)s:1950.", name=name)
        self._limits[name] = value


def _phrase(text: str) -> Sought | None:
    found = tuple(words(text))
    return Sought(found, exact=True) if found else None


def _bare(text: str) -> Sought | None:
    beginning = text.endswith("*")
    found = tuple(words(text))
    if not found:
        return None
    if beginning:
        if len(found) == 1 and len(found[0]) < _SHORTEST_BEGINNING:
            raise _wrong(
                "before * there must be at least %(least)s letters.", least=_SHORTEST_BEGINNING
            )
        return Sought(found, beginning=True)
    return Sought(found)


def _near_call(call: re.Match[str]) -> str:
    """FTS5's own NEAR(a b, 5) as a NEAR/5 b."""
    join = f" NEAR/{call[2] or _NEAR_WORDS} "
    return join.join(call[1].split()) or " "


def _wrong(message: str, **facts: object) -> QueryError:
    return QueryError("search", message, **facts)
