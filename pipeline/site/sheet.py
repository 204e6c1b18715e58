"""A lesson sheet as its address keeps it: quotes in order, a question under each, no account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipeline.site.quoting import Reference

if TYPE_CHECKING:
    from datasette.utils import MultiParams

MOST = 30
# An address may have 64 KB in all, and a Cyrillic letter takes six bytes of it.
LONGEST_TITLE, LONGEST_QUESTION, LONGEST_END = 150, 300, 600


@dataclass(frozen=True)
class Item:
    """One quote, as it is referred to, and the question under it, which may be empty."""

    reference: Reference
    question: str = ""


@dataclass(frozen=True)
class Sheet:
    """What an educator put together. `end` is asked after all quotes."""

    title: str = ""
    items: tuple[Item, ...] = ()
    end: str = ""

    @classmethod
    def of(cls, args: MultiParams) -> Sheet:
        """From `title`, `q` and `n` by turns, and `end`; what is no quote is left out."""
        questions = args.getlist("n")
        found = []
        for number, written in enumerate(args.getlist("q")[: MOST * 2]):
            reference = Reference.of(written)
            if reference is not None:
                question = questions[number] if number < len(questions) else ""
                found.append(Item(reference, _tidy(question, LONGEST_QUESTION)))
        title = " ".join((args.get("title") or "").split())[:LONGEST_TITLE]
        return cls(title, tuple(found[:MOST]), _tidy(args.get("end") or "", LONGEST_END))

    @property
    def is_full(self) -> bool:
        return len(self.items) >= MOST

    def changed(self, args: MultiParams) -> Sheet:
        """After the button that was pressed: `up` or `down` or `remove` a quote, or `add` one."""
        for verb, change in (("up", self._up), ("down", self._down), ("remove", self._without)):
            pressed = args.get(verb) or ""
            if pressed in self._numbers:
                return change(int(pressed) - 1)
        added = Reference.of(args.get("add") or "")
        if added is not None and not self.is_full:
            return replace(self, items=(*self.items, Item(added)))
        return self

    @property
    def _numbers(self) -> set[str]:
        """What its buttons say; whatever else is in an address is not even read as a number."""
        return {str(number) for number in range(1, len(self.items) + 1)}

    def address(self, path: str, **others: str) -> str:
        """Where it is found again, below `path`."""
        said = {"title": self.title, "end": self.end, **others}
        pairs = [*self._pairs(), *((name, value) for name, value in said.items() if value)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for item in self.items:
            yield "q", str(item.reference)
            yield "n", item.question

    def _up(self, at: int) -> Sheet:
        return self._swapped(at - 1) if at else self

    def _down(self, at: int) -> Sheet:
        return self._swapped(at) if at + 1 < len(self.items) else self

    def _swapped(self, at: int) -> Sheet:
        items = [*self.items]
        items[at], items[at + 1] = items[at + 1], items[at]
        return replace(self, items=tuple(items))

    def _without(self, at: int) -> Sheet:
        return replace(self, items=(*self.items[:at], *self.items[at + 1 :]))


def _tidy(text: str, longest: int) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(lines).strip()[:longest]
