"""Learns how each language changes its words' endings, from simplemma's dictionaries.

Run it when simplemma is updated: python scripts/learn_word_rules.py [LANGUAGE...]
It writes pipeline/wordrules/LANGUAGE.json, about a minute for all. For each language:

- `rules`: {ending of a form: {ending of its lemma: {letters before it: share}}}, where the share
  is how often such a form had such a lemma, among the times that the dictionary knew the lemma;
- `kin`: {ending: {lemma's ending: [[ending, lemma's ending], ...]}}: other forms that a lemma
  has when it has this one, the surest first;
- `guesses`: {ending: [[letters to cut, letters to add, share], ...]} for words whose lemma no
  dictionary knows;
- `lemmas`: lemmas that are not their own lemma in the dictionary.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

from pipeline.letters import plain

LANGUAGES = ("lt", "lv", "et", "pl", "uk", "ro", "ru")
FOLDER = Path(__file__).parent.parent / "pipeline" / "wordrules"
_SEED = 7
_FORMS = 150_000  # of which whole paradigms are read
_LONGEST_ENDING, _LONGEST_GUESS, _CONTEXT = 8, 7, 3
_SEEN_OFTEN_ENOUGH = 4
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*$")

Edit = tuple[str, str]


def main(languages: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for language in languages or LANGUAGES:
        text = json.dumps(learn(language), ensure_ascii=False, separators=(",", ":"))
        path = FOLDER / f"{language}.json"
        path.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def learn(language: str) -> dict[str, object]:
    lemmas_of = read(language)
    forms_of: dict[str, list[str]] = defaultdict(list)
    for form, lemmas in lemmas_of.items():
        for lemma in lemmas:
            forms_of[lemma].append(form)
    paradigms = sample(forms_of)
    seen: Counter[Edit] = Counter()
    for lemma, forms in paradigms.items():
        seen.update({edit for form in forms if (edit := edit_of(form, lemma))})
    edits = {edit for edit, n in seen.items() if n >= _SEEN_OFTEN_ENOUGH}
    forms = [form for forms in paradigms.values() for form in forms]
    return {
        "rules": shares(forms, edits, lemmas_of, set(forms_of)),
        "kin": kin(paradigms, edits, seen),
        "guesses": guesses(forms, lemmas_of),
        "lemmas": sorted(lemma for lemma in forms_of if lemma not in lemmas_of.get(lemma, ())),
    }


def read(language: str) -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for form, lemma in DefaultDictionaryFactory(1).get_dictionary(language).items():
        form, lemma = plain(form), plain(lemma).rstrip("0123456789")
        if _WORD.match(form) and _WORD.match(lemma):
            found[form].add(lemma)
    return {form: sorted(lemmas) for form, lemmas in sorted(found.items())}


def sample(forms_of: dict[str, list[str]]) -> dict[str, list[str]]:
    lemmas = sorted(forms_of)
    random.Random(_SEED).shuffle(lemmas)  # noqa: S311 - not a secret
    chosen, read_so_far = {}, 0
    for lemma in lemmas:
        chosen[lemma] = forms_of[lemma]
        read_so_far += len(forms_of[lemma])
        if read_so_far > _FORMS:
            break
    return chosen


def edit_of(form: str, lemma: str) -> Edit | None:
    """What to cut from a form and what to add for its lemma; None where too little is left."""
    n = 0
    for a, b in zip(form, lemma, strict=False):
        if a != b:
            break
        n += 1
    if n < min(2, len(lemma) - 1) or len(form) - n > _LONGEST_ENDING:
        return None
    return form[n:], lemma[n:]


def shares(
    forms: list[str], edits: set[Edit], lemmas_of: dict[str, list[str]], lemmas: set[str]
) -> dict[str, dict[str, dict[str, float]]]:
    by_ending: dict[str, list[str]] = defaultdict(list)
    for cut, add in sorted(edits):
        by_ending[cut].append(add)
    tried: Counter[tuple[str, str, str]] = Counter()
    right: Counter[tuple[str, str, str]] = Counter()
    for form in forms:
        for size in range(min(_LONGEST_ENDING + 1, len(form) - 1)):
            stem, cut = form[: len(form) - size], form[len(form) - size :]
            for add in by_ending.get(cut, ()):
                if stem + add in lemmas:
                    for before in range(min(_CONTEXT, len(stem)) + 1):
                        key = cut, add, stem[len(stem) - before :]
                        tried[key] += 1
                        right[key] += stem + add in lemmas_of[form]
    out: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for (cut, add, context), n in sorted(tried.items(), key=lambda one: (len(one[0][2]), one[0])):
        share = round(right[cut, add, context] / n, 1)
        known = out[cut][add]
        if n >= _SEEN_OFTEN_ENOUGH and share != share_in(known, context):
            known[context] = share
    return {cut: {a: known for a, known in adds.items() if known} for cut, adds in out.items()}


def share_in(known: dict[str, float], context: str) -> float | None:
    """The share under the longest ending of `context` that is known."""
    for start in range(len(context) + 1):
        if context[start:] in known:
            return known[context[start:]]
    return None


def kin(
    paradigms: dict[str, list[str]], edits: set[Edit], seen: Counter[Edit]
) -> dict[str, dict[str, list[Edit]]]:
    together: Counter[tuple[Edit, Edit]] = Counter()
    chance = random.Random(_SEED)  # noqa: S311 - not a secret
    for lemma, forms in paradigms.items():
        mine = sorted({edit for form in forms if (edit := edit_of(form, lemma)) in edits})
        if len(mine) > 60:  # Estonian and Polish verbs have hundreds; sixty tell enough
            mine = chance.sample(mine, 60)
        together.update((a, b) for a in mine for b in mine if a != b and b[0] != b[1])
    near: dict[Edit, list[tuple[float, Edit]]] = defaultdict(list)
    for (a, b), n in together.items():
        likeness = n * n / (seen[a] * seen[b])
        if likeness > 0.2:
            near[a].append((likeness, b))
    out: dict[str, dict[str, list[Edit]]] = defaultdict(dict)
    for (cut, add), found in sorted(near.items()):
        best = sorted(found, key=lambda one: (-one[0], one[1]))[:5]
        out[cut][add] = [edit for _, edit in best]
    return out


def guesses(
    forms: list[str], lemmas_of: dict[str, list[str]]
) -> dict[str, list[tuple[int, str, float]]]:
    seen: Counter[str] = Counter()
    made: dict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
    for form in forms:
        endings = [form[-n:] for n in range(1, min(_LONGEST_GUESS + 1, len(form)))]
        seen.update(endings)
        for lemma in lemmas_of[form]:
            if edit := edit_of(form, lemma):
                for ending in endings:
                    if len(ending) >= len(edit[0]):
                        made[ending][len(edit[0]), edit[1]] += 1
    out: dict[str, list[tuple[int, str, float]]] = {}
    for ending in sorted(made, key=lambda one: (len(one), one)):
        if seen[ending] <= _SEEN_OFTEN_ENOUGH:
            continue
        ranked = sorted(made[ending].items(), key=lambda one: (-one[1], one[0]))[:3]
        best = [(*edit, round(n / seen[ending], 1)) for edit, n in ranked]
        best = [one for one in best if one[2] >= 0.1]
        if best and best != next(
            (out[e] for n in range(1, len(ending)) if (e := ending[n:]) in out), None
        ):
            out[ending] = best
    return out


if __name__ == "__main__":
    main(sys.argv[1:])
