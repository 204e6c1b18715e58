"""In which language each line of a given transcript is, and what tells so. Never guessed silently.

The file's own word counts, then a testimony's only declared language, then the words (langdetect,
among the declared ones), then the sound, as the machine heard it there; else it stays unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipeline.corrections import Line
from pipeline.transcript import Segment

# Shorter lines are words of too many languages.
_SURE, _ENOUGH_WORDS = 0.95, 3


def named(
    lines: Sequence[Line], declared: Sequence[str], heard: Sequence[Segment]
) -> tuple[list[Line], dict[str, int]]:
    """The lines with their languages, and how many were told by what."""
    told: Counter[str] = Counter()
    found = []
    for line in lines:
        language, by = _language(line, declared, heard)
        told[by] += 1
        found.append(replace(line, language=language))
    return found, dict(told)


def _language(
    line: Line, declared: Sequence[str], heard: Sequence[Segment]
) -> tuple[str | None, str]:
    if line.language:
        return line.language, "the file"
    if len(declared) == 1:
        return declared[0], "the only declared language"
    by_words = _of_words(line.text, declared)
    if by_words:
        return by_words, "its words"
    middle_s = (line.start_s + line.end_s) / 2
    there = (s.language for s in heard if s.start_s <= middle_s <= s.end_s and s.language)
    by_sound = next(there, None)
    return (by_sound, "its sound") if by_sound in declared else (None, "nothing: unknown")


def _of_words(text: str, declared: Sequence[str]) -> str | None:
    try:
        from pipeline.languages import of_text
    except ModuleNotFoundError:  # langdetect comes with what transcribes
        return None
    language, confidence = of_text(text, declared)
    sure = confidence is not None and confidence >= _SURE and len(text.split()) >= _ENOUGH_WORDS
    return language if sure else None
