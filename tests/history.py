"""A small vocabulary of this history, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipeline.vocabulary import GAZETTEER, VOCABULARY

TERMS: list[dict[str, Any]] = [
    {"id": "deportation", "kind": "event",
     "labels": {"en": ["deportation"], "lt": ["trėmimas"], "pl": ["deportacja"]}},
    {"id": "priboi", "kind": "event", "when": "1949-03-25/1949-03-28", "broader": "deportation",
     "places": ["krasnoyarsk"], "note": "The March deportation.", "sources": ["A book, 1999"],
     "labels": {
         "en": ["Operation Priboi", "March deportation"],
         "lt": ["operacija „Priboi“", "1949 metų kovo trėmimai"],
         "lv": ["operācija “Priboi”", "marta deportācija"], "et": ["märtsiküüditamine"],
         "pl": ["operacja „Priboj”"], "uk": ["операція «Прибой»"], "ro": ["operațiunea Priboi"],
         "ru": ["операция «Прибой»", "мартовская депортация"]}},
    {"id": "cattle-wagon", "kind": "thing",
     "labels": {
         "en": ["cattle wagon", "cattle car"], "lt": ["gyvulinis vagonas"],
         "lv": ["lopu vagons"], "et": ["loomavagun"], "pl": ["bydlęcy wagon", "wagon bydlęcy"],
         "uk": ["вагон для худоби", "телячий вагон"], "ro": ["vagon de vite"],
         "ru": ["телячий вагон", "вагон для скота"]}},
    {"id": "cheka", "kind": "people",
     "labels": {"pl": ["Czeka"], "ru": ["ЧК"], "en": ["Cheka"]}},
    {"id": "louse", "kind": "thing", "labels": {"pl": ["wesz", "wszy"], "en": ["louse"]}},
    {"id": "katyn-massacre", "kind": "event", "places": ["katyn"],
     "labels": {"pl": ["zbrodnia katyńska", "Katyń"], "en": ["Katyń massacre"]}},
]  # fmt: skip
PLACES: list[dict[str, Any]] = [
    {"id": "vilnius", "kind": "city", "lat": 54.69, "lon": 25.28, "country": "LT",
     "labels": {"lt": ["Vilnius"], "pl": ["Wilno"], "uk": ["Вільнюс"], "ru": ["Вильнюс"],
                "en": ["Vilnius"], "ro": ["Vilnius"], "lv": ["Viļņa"], "et": ["Vilnius"]},
     "formerly": [{"name": "Вильна", "language": "ru", "until": 1920}]},
    {"id": "krasnoyarsk", "kind": "city", "lat": 56.01, "lon": 92.87, "country": "RU",
     "labels": {"lt": ["Krasnojarskas"], "en": ["Krasnoyarsk"], "ru": ["Красноярск"]}},
    {"id": "krasnoyarsk-krai", "kind": "region", "lat": 59.0, "lon": 94.0, "country": "RU",
     "labels": {"lt": ["Krasnojarsko kraštas"], "en": ["Krasnoyarsk Krai"],
                "ru": ["Красноярский край"]}},
    {"id": "vorkuta", "kind": "camp", "lat": 67.5, "lon": 64.05, "country": "RU",
     "camp": {"from": 1932, "until": 1960},
     "labels": {"lt": ["Vorkuta"], "lv": ["Vorkuta"], "et": ["Vorkuta"], "pl": ["Workuta"],
                "uk": ["Воркута"], "ro": ["Vorkuta"], "ru": ["Воркута"], "en": ["Vorkuta"]}},
    {"id": "rivne", "kind": "city", "lat": 50.62, "lon": 26.25, "country": "UA",
     "labels": {"uk": ["Рівне"], "pl": ["Równe"], "en": ["Rivne"]}},
    {"id": "klaipeda", "kind": "city", "lat": 55.7, "lon": 21.14, "country": "LT",
     "labels": {"lt": ["Klaipėda"], "et": ["Klaipėda", "Memel"], "en": ["Klaipėda"]}},
    {"id": "katyn", "kind": "killing-site", "lat": 54.77, "lon": 31.79, "country": "RU",
     "labels": {"pl": ["Katyń"], "en": ["Katyn"]}},
]  # fmt: skip


def write(root: Path, terms: object = TERMS, places: object = PLACES) -> None:
    (root / "metadata").mkdir(parents=True, exist_ok=True)
    for name, data in ((VOCABULARY, {"terms": terms}), (GAZETTEER, {"places": places})):
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        (root / "metadata" / name).write_text(text, encoding="utf-8")
