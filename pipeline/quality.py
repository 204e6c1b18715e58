"""Doubt, kept and explained: what speaks against a segment, each signal on its own.

Two independent signals quarantine a segment. A phrase alone never does: "Dziękuję za uwagę" can
be someone's true last words.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_REPEATED_3_GRAMS = 4
_WORDS_OF_AN_ECHO = 5
_COMPRESSION_RATIO = 2.4  # openai-whisper's own threshold for text that repeats itself
_WORDS_PER_S = 5.5
_LONG_SILENT_S = 6.0
_CHARACTERS_PER_S = 1.0
_UNSURE_LOGPROB = -1.0  # openai-whisper's own threshold
_NO_SPEECH = 0.6
_FAINT_VOICE = 0.35
_FOREIGN_SHARE = 0.3
_SAME_SENTENCE = 3
_NO_TIME_S = 0.2
_WORD = re.compile(r"\w+")

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщьюя"
_LETTERS = {
    "lt": _LATIN + "ąčęėįšųūž",
    "lv": _LATIN + "āčēģīķļņšūž",
    "et": _LATIN + "äõöüšž",
    "pl": _LATIN + "ąćęłńóśźż",
    "ro": _LATIN + "ăâîșțşţ",
    "de": _LATIN + "äöüß",
    "en": _LATIN + "é",
    "uk": _CYRILLIC + "ґєії",
    "ru": _CYRILLIC + "ёъыэ",
}

# What subtitlers leave at the end of films, which Whisper learnt to say into silence.
_CREDITS = {
    "pl": ("napisy stworzone przez", "dziękuję za uwagę", "dziękuję za oglądanie", "amara.org",
           "tłumaczenie i napisy"),
    "uk": ("дякую за перегляд", "дякую за увагу", "субтитри", "підписуйтесь на канал"),
    "ru": ("субтитры", "продолжение следует", "спасибо за просмотр", "редактор субтитров",
           "подписывайтесь на канал"),
    "ro": ("vă mulțumesc pentru vizionare", "subtitrarea", "vă mulțumesc pentru urmărire",
           "nu uitați să dați like"),
    "lt": ("ačiū, kad žiūrėjote", "subtitrai", "ačiū už dėmesį"),
    "lv": ("paldies, ka skatījāties", "subtitri", "paldies par uzmanību"),
    "et": ("aitäh vaatamast", "täname vaatamast", "subtiitrid", "aitäh, et vaatasite"),
    "en": ("thank you for watching", "thanks for watching", "subtitles by", "amara.org"),
    "de": ("untertitel", "vielen dank fürs zuschauen"),
}  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What is known of one segment besides its words; None where an engine does not tell."""

    text: str
    language: str | None
    duration_s: float
    voice: float | None  # mean probability of speech over the segment, 0..1
    average_logprob: float | None
    no_speech_probability: float | None
    said_before: int = 0  # how often the same sentence already stood in this recording
    decoded_again: bool = False  # another decoding of the same sound was no better


@dataclass(frozen=True)
class Doubt:
    """One signal, in words, and what kind of evidence it is; equal kinds are not independent."""

    kind: str
    reason: str


def doubts(evidence: Evidence) -> list[Doubt]:
    """Every signal that speaks against the segment."""
    found = [check(evidence) for check in _CHECKS]
    return [doubt for doubt in found if doubt is not None]


def is_quarantined(found: Iterable[Doubt]) -> bool:
    """Whether two independent signals speak against it."""
    return len({doubt.kind for doubt in found}) >= 2


def loops(text: str) -> bool:
    """Whether the text repeats itself the way a decoder does that has lost its way."""
    words = _WORD.findall(text.casefold())
    grams = Counter(zip(words, words[1:], words[2:], strict=False))
    if grams and max(grams.values()) > _REPEATED_3_GRAMS:
        return True
    return len(words) > 8 and compression_ratio(text) > _COMPRESSION_RATIO


def echoes(text: str) -> bool:
    """Whether five words or more stand twice in a row: said so, or put where others were said."""
    words = _WORD.findall(text.casefold())
    return any(
        words[at : at + count] == words[at + count : at + 2 * count]
        for count in range(_WORDS_OF_AN_ECHO, len(words) // 2 + 1)
        for at in range(len(words) - 2 * count + 1)
    )


def compression_ratio(text: str) -> float:
    """Bytes of the text for each byte of it compressed; repetition compresses well."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data)) if data else 0.0


def sentence_key(text: str) -> str:
    """The sentence without case and marks, to know it again."""
    return " ".join(_WORD.findall(text.casefold()))


def same_before(texts: Sequence[str]) -> list[int]:
    """For each text, how often the same sentence of three words or more stands before it."""
    seen: Counter[str] = Counter()
    counts = []
    for text in texts:
        key = sentence_key(text)
        counts.append(seen[key] if len(key.split()) >= 3 else 0)
        seen[key] += 1
    return counts


def _voice(evidence: Evidence) -> Doubt | None:
    if evidence.voice is None or evidence.voice >= _FAINT_VOICE:
        return None
    return Doubt("voice", f"hardly any voice is heard here ({evidence.voice:.2f})")


def _engine(evidence: Evidence) -> Doubt | None:
    logprob, silence = evidence.average_logprob, evidence.no_speech_probability
    if logprob is not None and logprob < _UNSURE_LOGPROB:
        return Doubt("engine", f"the engine is very unsure (log probability {logprob:.2f})")
    if silence is not None and silence > _NO_SPEECH:
        return Doubt("engine", f"the engine takes it for silence ({silence:.2f})")
    return None


def _repetition(evidence: Evidence) -> Doubt | None:
    if loops(evidence.text):
        return Doubt("repetition", "the text repeats itself")
    if evidence.said_before >= _SAME_SENTENCE:
        return Doubt("repetition", f"the same sentence for the {evidence.said_before + 1}th time")
    if evidence.said_before and evidence.duration_s < _NO_TIME_S:
        return Doubt("repetition", "the same sentence once more, in no time")
    return None


def _pace(evidence: Evidence) -> Doubt | None:
    words, characters = len(evidence.text.split()), len(evidence.text)
    if words > 3 and words / max(evidence.duration_s, 0.1) > _WORDS_PER_S:
        return Doubt("pace", f"{words} words in {evidence.duration_s:.1f} s are too many")
    slow = characters / max(evidence.duration_s, 0.1) < _CHARACTERS_PER_S
    if evidence.duration_s > _LONG_SILENT_S and slow:
        return Doubt("pace", f"{words} words in {evidence.duration_s:.1f} s are too few")
    return None


def _letters(evidence: Evidence) -> Doubt | None:
    own = _LETTERS.get(evidence.language or "")
    letters = [c for c in evidence.text.casefold() if unicodedata.category(c).startswith("L")]
    if own is None or not letters:
        return None
    share = sum(c not in own for c in letters) / len(letters)
    if share <= _FOREIGN_SHARE:
        return None
    return Doubt("letters", f"{share:.0%} of the letters are not {evidence.language}")


def _credits(evidence: Evidence) -> Doubt | None:
    text = evidence.text.casefold()
    for phrase in _CREDITS.get(evidence.language or "", ()):
        if phrase in text:
            return Doubt("phrase", f"a phrase that ends films: {phrase!r}")
    return None


def _unstable(evidence: Evidence) -> Doubt | None:
    if not evidence.decoded_again:
        return None
    return Doubt("unstable", "decoded again in pieces, it was no better")


_CHECKS = (_voice, _engine, _repetition, _pace, _letters, _credits, _unstable)
