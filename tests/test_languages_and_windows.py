"""Languages decide together; windows hold one language; words come back to their place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import languages
from pipeline.sound import RATE_HZ
from pipeline.transcript import Word
from pipeline.windows import HeardRegion, Region, Window, pack, sentences
from tests.conftest import Loaded


def test_probabilities_are_restricted_and_sum_to_one() -> None:
    heard = {"en": 0.6, "lt": 0.3, "pl": 0.1}
    assert languages.restrict(heard, ["lt", "pl", "rom"]) == pytest.approx(
        {"lt": 0.75, "pl": 0.25, "rom": 0.0}
    )


def test_nothing_allowed_was_heard_is_doubt_not_a_guess() -> None:
    assert languages.restrict({"en": 1.0}, ["lt", "lv"]) == {"lt": 0.5, "lv": 0.5}


def test_a_short_unclear_region_follows_its_neighbours_and_a_clear_one_switches() -> None:
    lt, unclear, ru = {"lt": 0.9, "ru": 0.1}, {"lt": 0.4, "ru": 0.6}, {"lt": 0.01, "ru": 0.99}
    assert languages.decide_together([lt, unclear, lt], 3.5) == ["lt", "lt", "lt"]
    assert languages.decide_together([lt, lt, ru, ru, lt, lt], 3.5) == [
        "lt", "lt", "ru", "ru", "lt", "lt",
    ]  # fmt: skip
    assert languages.decide_together([lt, unclear, lt], 0.0) == ["lt", "ru", "lt"]


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), max_size=12), st.floats(0, 10))
def test_the_path_is_the_best_of_all_paths(rows: list[list[float]], cost: float) -> None:
    names = ["lt", "ru", "pl"]
    heard = [dict(zip(names, row, strict=True)) for row in rows]

    def score(path: list[str]) -> float:
        said = sum(np.log(max(h[name], 1e-9)) for h, name in zip(heard, path, strict=True))
        return float(said - cost * sum(a != b for a, b in pairwise(path)))

    found = languages.decide_together(heard, cost)
    assert len(found) == len(heard)
    # Any single change to the path must not be better.
    for index in range(len(found)):
        for name in names:
            other = [*found[:index], name, *found[index + 1 :]]
            assert score(other) <= score(found) + 1e-6


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("lt", "Mama atidavė man savo duoną ir mes ilgai važiavome traukiniu"),
        ("lv", "Mēs strādājām laukā un vakarā gājām mājās pie mātes"),
        ("et", "Isa töötas põllul ja ema küpsetas meile leiba"),
        ("pl", "Jechaliśmy trzy tygodnie, w wagonie było ciemno i zimno"),
        ("uk", "Мама пекла хліб, а ми їли траву і листя навесні"),
        ("ro", "Am mers trei săptămâni cu trenul și ne era foame"),
        ("ru", "Мама спросила, куда нас везут, но солдат не ответил"),
    ],
)
def test_the_words_alone_name_their_language_the_same_way_each_time(
    language: str, text: str
) -> None:
    allowed = ["lt", "lv", "et", "pl", "uk", "ro", "ru"]
    opinions = {languages.of_text(text, allowed) for _ in range(5)}
    assert len(opinions) == 1
    found, confidence = opinions.pop()
    assert found == language
    assert confidence is not None and confidence > 0.9


def test_words_that_say_nothing_have_no_opinion() -> None:
    assert languages.of_text("… 1941 …", ["lt", "ru"]) == (None, None)
    assert languages.of_text("Mama", ["lt"]) == (None, None)


def heard(start_s: float, end_s: float, language: str = "lt") -> HeardRegion:
    return HeardRegion(Region(start_s, end_s), language, 0.9)


def test_windows_hold_one_language_and_leave_long_silence_out() -> None:
    regions = [heard(0, 5), heard(5.2, 9), heard(30, 40), heard(40.2, 50, "ru"), heard(60, 65)]
    assert [(window.language, window.spans) for window in pack(regions, 28.0)] == [
        ("lt", (Region(0, 9), Region(30, 40))),
        ("ru", (Region(40.2, 50),)),
        ("lt", (Region(60, 65),)),
    ]


def test_a_window_is_halved_between_the_regions_nearest_its_middle() -> None:
    regions = (Region(0, 3), Region(3.5, 9), Region(9.2, 12))
    assert Window("lt", regions).halves() == (
        Window("lt", regions[:1]),
        Window("lt", regions[1:]),
    )
    assert Window("lt", regions[:1]).halves() == (Window("lt", regions[:1]),)


times = st.lists(st.floats(0.3, 9.9), min_size=1, max_size=40)


@given(times, st.lists(st.floats(0.0, 5.0), min_size=40, max_size=40))
def test_no_window_is_too_long_and_all_speech_is_in_one(
    lengths: list[float], gaps: list[float]
) -> None:
    regions, at = [], 0.0
    for length, gap in zip(lengths, gaps, strict=False):
        at += gap
        regions.append(heard(at, at + length, "lt" if int(at) % 3 else "ru"))
        at += length
    windows = pack(regions, 28.0)
    assert all(window.duration_s <= 28.0 for window in windows)
    for one in regions:
        inside = [
            window
            for window in windows
            for span in window.spans
            if span.start_s <= one.region.start_s and one.region.end_s <= span.end_s
        ]
        assert len(inside) == 1 and inside[0].language == one.language


def test_words_come_back_to_where_they_were_said() -> None:
    window = Window("lt", (Region(10.0, 12.0), Region(20.0, 23.0)))
    words = [Word(0.5, 1.0, "a", 1.0), Word(1.9, 2.3, "b", 1.0), Word(4.5, 5.4, "c", 1.0)]
    assert [(w.start_s, w.end_s) for w in window.in_recording(words)] == [
        (10.5, 11.0),
        (20.0, 20.3),
        (22.5, 23.0),
    ]
    samples = window.cut(Loaded(np.arange(30 * RATE_HZ, dtype=np.float32)))
    assert len(samples) == 5 * RATE_HZ
    assert samples[2 * RATE_HZ] == 20 * RATE_HZ


def test_a_sentence_ends_at_its_mark_at_a_pause_and_never_at_an_abbreviation() -> None:
    said = "Gimiau 1941 m. Kaune. Mama verkė ir tylėjo. Tada".split()
    words = [Word(i * 0.5, i * 0.5 + 0.4, text, 0.9) for i, text in enumerate(said)]
    words.append(Word(9.0, 9.5, "viskas", 0.9))
    lines = [" ".join(word.text for word in group) for group in sentences(words)]
    assert lines == ["Gimiau 1941 m. Kaune.", "Mama verkė ir tylėjo.", "Tada", "viskas"]
