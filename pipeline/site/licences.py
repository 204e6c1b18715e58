"""What a testimony's licence and its narrator's agreement allow, in plain words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.licence import known
from pipeline.site.words import Words


@dataclass(frozen=True)
class Licence:
    """A licence as a reader meets it: `address` tells all of it, None where nobody knows one.

    `terms` are whole sentences in the reader's language, never empty.
    """

    name: str
    address: str | None
    terms: tuple[str, ...]


def licence(written: str | None, words: Words) -> Licence:
    """The licence that a sidecar names, by SPDX id, usual name or address; None: none is named."""
    found = known(written)
    if found is None:
        return Licence(words.gettext("No licence is recorded"), None, (_ask(words),))
    if not found.elements:
        return Licence(found.name, found.address, (_ask(words),))
    terms = _free(words) if "zero" in found.elements else _attribution(found.elements, words)
    return Licence(found.name, found.address, tuple(terms))


def agreed(uses: Collection[str], words: Words) -> tuple[str, ...]:
    """What the narrator agreed to and what not, by the words of a sidecar's `uses`."""
    _ = words.gettext
    return (
        _("It may be used for teaching.")
        if "teaching" in uses
        else _("It may not be used for teaching."),
        _("It may be used for research.")
        if "research" in uses
        else _("It may not be used for research."),
        _("It may be used to train language models.")
        if "ai" in uses
        else _("It may not be used to train language models."),
    )


def may_be_taught(uses: Collection[str]) -> bool:
    """Whether the narrator agreed that it is used in lessons."""
    return "teaching" in uses


def _attribution(elements: Collection[str], words: Words) -> list[str]:
    _ = words.gettext
    said = [
        _("You may copy it and pass it on, if you say who speaks and where it is from."),
        _("You may not use it to earn money.")
        if "nc" in elements
        else _("You may also use it where money is earned."),
    ]
    if "nd" in elements:
        said.append(_("You may not pass on a changed version."))
    elif "sa" in elements:
        said.append(_("You may change it, if you pass it on under the same licence and say so."))
    else:
        said.append(_("You may change it, if you say that you did."))
    return said


def _free(words: Words) -> tuple[str, ...]:
    _ = words.gettext
    return (
        _("You may copy, change and pass it on without asking."),
        _("Say who speaks and where it is from, as you would for any source."),
    )


def _ask(words: Words) -> str:
    return words.gettext("Ask the archive before you copy it or pass it on.")
