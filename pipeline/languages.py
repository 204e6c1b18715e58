"""Which language is spoken: the sound's opinion, the words' opinion, and how neighbours agree.

Whisper knows 99 languages and has no allow-list, so its probabilities are restricted to what may
be spoken here and renormalised. The words are asked separately (langdetect); both are kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

import simplemma
from langdetect.detector_factory import DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

_WHISPER_TO_BCP47 = {"jw": "jv"}
_BCP47_TO_WHISPER = {bcp47: whisper for whisper, bcp47 in _WHISPER_TO_BCP47.items()}
# langdetect draws random samples of the text; without a seed it changes its mind between runs.
_SEED = 20_260_000
_FLOOR = 1e-9
# Short words are known to too many languages. Of the longer ones that `base` writes, a dictionary
# knows about two in three when the language is right and one in four when it is not.
_LONG_ENOUGH = 4
_KNOWN_IF_RIGHT, _KNOWN_IF_WRONG = 0.65, 0.25
_DICTIONARIES = frozenset({"de", "en", "et", "lt", "lv", "pl", "ro", "ru", "uk"})
_LETTERS = re.compile(r"[^\W\d_]+")


def from_whisper(code: str) -> str:
    """Whisper's own code as BCP 47."""
    return _WHISPER_TO_BCP47.get(code, code)


def to_whisper(language: str) -> str:
    """BCP 47 as Whisper's code, which has no regions or scripts."""
    primary = language.split("-")[0]
    return _BCP47_TO_WHISPER.get(primary, primary)


def restrict(heard: Mapping[str, float], allowed: Sequence[str]) -> dict[str, float]:
    """Probabilities of the `allowed` languages alone, summing to 1.

    A language that the model does not know gets 0. Where nothing allowed was heard at all,
    every allowed language is equally likely: that is doubt, not a guess.
    """
    kept = {language: heard.get(language, 0.0) for language in allowed}
    total = sum(kept.values())
    if total <= 0:
        return dict.fromkeys(allowed, 1 / len(allowed))
    return {language: p / total for language, p in kept.items()}


def decide_together(heard: Sequence[Mapping[str, float]], switch_cost_nats: float) -> list[str]:
    """The likeliest language of each region when changing language costs `switch_cost_nats`.

    A Viterbi path: a short, unclear region follows its neighbours; a long clear one may switch.
    All items must have the same languages.
    """
    if not heard:
        return []
    languages = list(heard[0])
    best = [_log(heard[0][language]) for language in languages]
    came_from: list[list[int]] = []
    for region in heard[1:]:
        leader = max(range(len(languages)), key=best.__getitem__)
        origins, scores = [], []
        for index, language in enumerate(languages):
            switch = best[leader] - switch_cost_nats
            origins.append(index if best[index] >= switch else leader)
            scores.append(max(best[index], switch) + _log(region[language]))
        came_from.append(origins)
        best = scores
    path = [max(range(len(languages)), key=best.__getitem__)]
    for origins in reversed(came_from):
        path.append(origins[path[-1]])
    return [languages[index] for index in reversed(path)]


def of_text(text: str, allowed: Sequence[str]) -> tuple[str | None, float | None]:
    """What the words alone look like among `allowed`, and how sure (0..1); None where they say
    nothing: too short, no letters, or no language that langdetect knows."""
    factory = _factory(tuple(sorted(set(allowed))))
    if factory is None:
        return None, None
    detector = factory.create()
    detector.seed = _SEED
    detector.append(text)
    try:
        likeliest = detector.get_probabilities()
    except LangDetectException:
        return None, None
    if not likeliest:
        return None, None
    return likeliest[0].lang, round(float(likeliest[0].prob), 4)


def weigh_words(text: str, language: str) -> float:
    """How much the words speak for `language`, in nats: the log likelihood ratio of its being
    the right one, from how many of them its dictionary knows. 0 where it has no dictionary."""
    words = [word for word in _LETTERS.findall(text.lower()) if len(word) >= _LONG_ENOUGH]
    if language not in _DICTIONARIES:
        return 0.0
    known = sum(simplemma.is_known(word, language, low_memory=True) for word in words)
    right, wrong = _KNOWN_IF_RIGHT, _KNOWN_IF_WRONG
    return known * math.log(right / wrong) + (len(words) - known) * math.log(
        (1 - right) / (1 - wrong)
    )


def _log(probability: float) -> float:
    return math.log(max(probability, _FLOOR))


@lru_cache(maxsize=64)
def _factory(allowed: tuple[str, ...]) -> DetectorFactory | None:
    folder = resources.files("langdetect") / "profiles"
    profiles = [
        (folder / language).read_text(encoding="utf-8")
        for language in allowed
        if (folder / language).is_file()
    ]
    if len(profiles) < 2:  # langdetect has nothing to compare
        return None
    factory = DetectorFactory()
    factory.load_json_profile(profiles)
    return factory
