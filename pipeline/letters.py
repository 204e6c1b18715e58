"""Letters: what a word looks like without diacritics, in Latin letters, and as typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import product

# What Unicode does not decompose but people type as a plain letter all the same.
_PLAIN = str.maketrans(
    {"ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ı": "i", "þ": "th", "ð": "d",
     "ґ": "г", "ё": "е", "ў": "у"}
    | dict.fromkeys("'’‘ʼ`´ʹ′＇", "")
)  # fmt: skip
_APOSTROPHES = re.compile("[’‘ʼ`´ʹ′＇]")
# Both are written for the same Romanian letter: with a cedilla before Unicode 3, a comma since.
_CEDILLA = str.maketrans("şţŞŢ", "șțȘȚ")
# In these letters the mark makes another letter, which folding must not take away.
_WHOLE = frozenset("йїЙЇ")
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)*")

# One spelling for every usual way to write Ukrainian and Russian in Latin letters, so that
# two of them meet; what differs between the ways (i, y, j; h, g, kh) becomes one letter.
_LATIN = str.maketrans(
    {"а": "a", "б": "b", "в": "v", "г": "h", "ґ": "h", "д": "d", "е": "e", "є": "ie", "ж": "zh",
     "з": "z", "и": "i", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n",
     "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ts",
     "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ъ": "", "ю": "iu", "я": "ia", "ы": "i",
     "э": "e", "ё": "e", "ў": "u"}
)  # fmt: skip
_MEET = (("kh", "h"), ("g", "h"), ("y", "i"), ("j", "i"), ("w", "v"), ("x", "ks"))
_CYRILLIC = re.compile("[Ѐ-ԯ]")
_RUNS = re.compile(r"(.)\1+")

# Letters that a person without the right keyboard types instead, by language.
_TYPED = {
    "lt": {"a": "ą", "c": "č", "e": "ęė", "i": "į", "s": "š", "u": "ųū", "z": "ž"},
    "lv": {"a": "ā", "c": "č", "e": "ē", "g": "ģ", "i": "ī", "k": "ķ", "l": "ļ", "n": "ņ",
           "s": "š", "u": "ū", "z": "ž"},
    "et": {"a": "ä", "o": "õö", "s": "š", "u": "ü", "z": "ž"},
    "pl": {"a": "ą", "c": "ć", "e": "ę", "l": "ł", "n": "ń", "o": "ó", "s": "ś", "z": "źż"},
    "ro": {"a": "ăâ", "i": "î", "s": "ș", "t": "ț"},
    "de": {"a": "ä", "o": "ö", "u": "ü"},
    "uk": {"г": "ґ", "и": "й", "і": "ї", "е": "є"},
    "ru": {"е": "ё", "и": "й"},
}  # fmt: skip


def plain(text: str) -> str:
    """Lower case, composed, one apostrophe, Romanian ș and ț with their comma."""
    text = unicodedata.normalize("NFC", text.lower()).translate(_CEDILLA)
    return _APOSTROPHES.sub("'", text).replace("\u0301", "")


def words(text: str) -> list[str]:
    """The words of a text in `plain` spelling; numbers are words, hyphens part them."""
    return _WORD.findall(plain(text))


def spans(text: str) -> list[tuple[int, int]]:
    """Where each of `words` stands: start and end in `text`."""
    # `plain` may change the length (İ, decomposed marks), so it is taken word by word here.
    return [m.span() for m in re.finditer(r"[^\W_]+(?:['’‘ʼ`´ʹ′＇\u0301]+[^\W\d_]+)*", text)]


def fold(word: str) -> str:
    """The word without diacritics and apostrophes, in its own script.

    >>> fold("Łódź"), fold("п'ять"), fold("Ґонта"), fold("București")
    ('lodz', 'пять', 'гонта', 'bucuresti')
    """
    word = plain(word).translate(_PLAIN)
    if word.isascii():
        return word
    kept = (c if c in _WHOLE else _without_marks(c) for c in word)
    return "".join(kept)


def latin(word: str) -> str:
    """A key under which a word meets itself written in Latin letters, whatever the custom.

    >>> latin("Київ") == latin("Kyiv") == latin("kyjiv"), latin("Жеребця"), latin("zherebtsia")
    (True, 'zherebtsia', 'zherebtsia')
    """
    word = fold(plain(word).translate(_LATIN))
    for written, one in _MEET:
        word = word.replace(written, one)
    return _RUNS.sub(r"\1", word)


def is_cyrillic(word: str) -> bool:
    return _CYRILLIC.search(word) is not None


def may_be_typed_as(word: str, typed: str) -> bool:
    """Whether `typed` is `word` with some of its marks left out, and none put in.

    >>> may_be_typed_as("būdais", "budais"), may_be_typed_as("sady", "sądy")
    (True, False)
    """
    if len(word) != len(typed):
        return fold(word) == fold(typed) and typed.isascii()
    return all(a == b or fold(a) == b for a, b in zip(word, typed, strict=True))


def spellings(typed: str, language: str, most: int) -> Iterator[str]:
    """What `typed` may stand for with the marks of a language, fewest first, at most `most`."""
    marked = _TYPED.get(language, {})
    at = [n for n, c in enumerate(typed) if c in marked]
    letters = list(typed)
    made = 0
    for size in range(1, len(at) + 1):
        for places in _choose(at, size):
            for marks in product(*(marked[typed[n]] for n in places)):
                for n, mark in zip(places, marks, strict=True):
                    letters[n] = mark
                yield "".join(letters)
                made += 1
                if made == most:
                    return
            for n in places:
                letters[n] = typed[n]


def _choose(at: list[int], size: int) -> Iterator[tuple[int, ...]]:
    from itertools import combinations

    return combinations(at, size)


def _without_marks(char: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
