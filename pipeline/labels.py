"""What facts are called, in each language of the interface: for files that carry their labels.

Pages have their words from the site's catalogues; these go into what leaves.
"""

from __future__ import annotations

from collections.abc import Mapping

from babel import Locale
from babel.core import UnknownLocaleError

Label = Mapping[str, list[str]]

_LANGUAGES = ("en", "lt", "lv", "et", "pl", "uk", "ro")
_LABELS = {
    "narrator": "Narrator|Pasakoja|Stāsta|Jutustab|Opowiada|Розповідає|Povestește",
    "interviewer": "Interviewer|Kalbina|Intervē|Küsitleja|Rozmowę prowadzi|Розмову веде"
    "|Interviu realizat de",
    "recorded_on": "Recorded|Įrašyta|Ierakstīts|Salvestatud|Nagrano|Записано|Înregistrat",
    "place": "Place|Vieta|Vieta|Koht|Miejsce|Місце|Loc",
    "languages": "Languages|Kalbos|Valodas|Keeled|Języki|Мови|Limbi",
    "collection": "Collection|Rinkinys|Krājums|Kogu|Kolekcja|Колекція|Colecție",
    "notice": "Before you listen|Prieš klausantis|Pirms klausāties|Enne kuulamist"
    "|Zanim zaczną Państwo słuchać|Перш ніж слухати|Înainte de a asculta",
    "warnings": "May be hard to hear|Gali būti sunku klausyti|Var būt grūti klausīties"
    "|Võib olla raske kuulata|Może być trudno słuchać|Може бути важко слухати"
    "|Poate fi greu de ascultat",
    "licence": "Licence|Licencija|Licence|Litsents|Licencja|Ліцензія|Licență",
    "credit": "Credit|Kaip nurodyti|Atsauce|Viitamine|Źródło|Джерело|Sursă",
    "transcript": "Transcript|Transkripcija|Atšifrējums|Transkriptsioon|Transkrypcja|Транскрипт"
    "|Transcriere",
    "part": "Part {n}|{n} dalis|{n}. daļa|{n}. osa|Część {n}|Частина {n}|Partea {n}",
}


def label(name: str, **values: int) -> Label:
    """What a fact is called, by language."""
    said = _LABELS[name].split("|")
    return {tag: [one.format(**values)] for tag, one in zip(_LANGUAGES, said, strict=True)}


def language_names(tags: list[str]) -> Label:
    """What languages (BCP 47) are called, by language; unknown tags stay as they are."""
    return {own: [_language_name(tag, own) for tag in tags] for own in _LANGUAGES}


def _language_name(tag: str, own: str) -> str:
    try:
        return Locale.parse(tag, sep="-").get_language_name(own) or tag
    except (UnknownLocaleError, ValueError):
        return tag
