"""Why the machine doubts a line, in the reader's language.

The archive keeps each reason as an English sentence with its figures (`pipeline/quality.py`). One
that is not known here is shown as it was kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.site.words import Words

_Say = Callable[[Words, re.Match[str]], str]


def in_words(reason: str, words: Words) -> str:
    """The reason as a sentence for a reviewer."""
    for pattern, say in _KNOWN:
        if match := pattern.fullmatch(reason):
            return say(words, match)
    return reason


def _pace(words: Words, match: re.Match[str]) -> str:
    _ = words.gettext
    facts = {"n": words.number(int(match[1])), "s": words.number(float(match[2]))}
    if match[3] == "many":
        return _("%(n)s words in %(s)s seconds are too many.") % facts
    return _("%(n)s words in %(s)s seconds are too few.") % facts


def _letters(words: Words, match: re.Match[str]) -> str:
    _ = words.gettext
    said = _("Many letters do not belong to this language: %(language)s.")
    return said % {"language": words.language_name(match[1])}


def _languages(words: Words, match: re.Match[str]) -> str:
    _ = words.gettext
    facts = {"words": words.language_name(match[1]), "sound": words.language_name(match[2])}
    said = _("The sound and the words disagree. By the sound: %(sound)s. By the words: %(words)s.")
    return said % facts


def _phrase(words: Words, match: re.Match[str]) -> str:
    _ = words.gettext
    return _("Machines invent this phrase in silence: %(phrase)s.") % {"phrase": match[1]}


_KNOWN: tuple[tuple[re.Pattern[str], _Say], ...] = (
    (
        re.compile(r"hardly any voice is heard here \(.+\)"),
        lambda words, match: words.gettext("Hardly any voice is heard here."),
    ),
    (
        re.compile(r"the engine is very unsure \(.+\)"),
        lambda words, match: words.gettext("The machine was very unsure."),
    ),
    (
        re.compile(r"the engine takes it for silence \(.+\)"),
        lambda words, match: words.gettext("The machine takes it for silence."),
    ),
    (
        re.compile(r"the text repeats itself"),
        lambda words, match: words.gettext("The text repeats itself."),
    ),
    (
        re.compile(r"the same sentence for the \d+th time"),
        lambda words, match: words.gettext("The same sentence stands here again and again."),
    ),
    (
        re.compile(r"decoded again in pieces, it was no better"),
        lambda words, match: words.gettext("Heard again in pieces, it was no better."),
    ),
    (re.compile(r"(\d+) words in ([\d.]+) s are too (many|few)"), _pace),
    (re.compile(r"\d+% of the letters are not (\S+)"), _letters),
    (re.compile(r"the words look like (\S+), the sound like (\S+)"), _languages),
    (re.compile(r"a phrase that ends films: '(.+)'"), _phrase),
)
