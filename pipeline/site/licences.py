"""What a testimony's licence and its narrator's agreement allow, in plain words."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.site.words import Words

_CC = re.compile(
    r"(?:https?://creativecommons\.org/licenses/|CC[- ])"
    r"(?P<terms>BY(?:-NC)?(?:-SA|-ND)?)[-/ ](?P<version>\d\.\d)/?(?:[\w./-]*)",
    re.IGNORECASE,
)
_CC0 = re.compile(
    r"CC[- ]?0(?:[- ]1\.0)?|https?://creativecommons\.org/publicdomain/zero/1\.0/?.*", re.IGNORECASE
)

_CC0_ADDRESS = "https://creativecommons.org/publicdomain/zero/1.0/"


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
    if not (written or "").strip():
        return Licence(words.gettext("No licence is recorded"), None, (_ask(words),))
    text = str(written).strip()
    if _CC0.fullmatch(text):
        return Licence(
            "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", _free(words)
        )
    if match := _CC.fullmatch(text):
        elements, version = match["terms"].lower(), match["version"]
        address = f"https://creativecommons.org/licenses/{elements}/{version}/"
        name = f"CC {elements.upper()} {version}"
        return Licence(name, address, tuple(_attribution(elements.split("-"), words)))
    is_address = re.fullmatch(r"https?://[^\s<>\"]+", text)
    return Licence(text, text if is_address else None, (_ask(words),))


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


def _attribution(elements: list[str], words: Words) -> list[str]:
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
