"""Doubt is kept and explained: nothing is invented silently, nothing quiet is lost."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pipeline import quality
from pipeline.config import TranscriptionOptions
from pipeline.engines import Clip
from pipeline.engines.fake import FakeEngine, FakeEngines
from pipeline.listen import Question, here
from pipeline.quality import Evidence, doubts, is_quarantined
from pipeline.sound import RATE_HZ, Sound
from pipeline.transcript import Transcript, Word
from pipeline.windows import Region, Speech, Window, unheard
from tests.conftest import Folder, Loaded

CALM = Evidence(
    text="Jechaliśmy trzy tygodnie w zimnym wagonie.",
    language="pl",
    duration_s=4.0,
    voice=0.9,
    average_logprob=-0.3,
    no_speech_probability=0.02,
)


def kinds(**change: object) -> set[str]:
    return {doubt.kind for doubt in doubts(replace(CALM, **change))}  # type: ignore[arg-type]


def test_a_calm_sentence_raises_no_doubt() -> None:
    assert kinds() == set()


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("voice", {"voice": 0.1}),
        ("engine", {"average_logprob": -1.4}),
        ("engine", {"no_speech_probability": 0.9}),
        ("repetition", {"text": "i tak dalej i " * 12, "duration_s": 30.0}),
        ("repetition", {"said_before": 3}),
        ("pace", {"duration_s": 0.5}),
        ("pace", {"text": "Tak.", "duration_s": 9.0}),
        ("letters", {"text": "Мы ехали три недели"}),
        ("letters", {"text": "ご視聴ありがとうございました", "language": "lt"}),
        ("phrase", {"text": "Dziękuję za uwagę."}),
        ("unstable", {"decoded_again": True}),
    ],
)
def test_each_signal_is_seen_and_says_why(kind: str, change: dict[str, object]) -> None:
    assert kinds(**change) == {kind}
    (doubt,) = doubts(replace(CALM, **change))  # type: ignore[arg-type]
    assert len(doubt.reason) > 10


@pytest.mark.parametrize("language", ["pl", "uk", "ro", "lv", "lt", "et", "ru"])
def test_a_phrase_alone_never_quarantines_and_with_silence_it_does(language: str) -> None:
    phrase = quality._CREDITS[language][0]
    said = replace(CALM, text=phrase, language=language)
    assert not is_quarantined(doubts(said))
    assert is_quarantined(doubts(replace(said, voice=0.05)))


def test_a_sentence_once_more_is_quarantined_only_where_there_is_no_time_for_it() -> None:
    again = replace(CALM, said_before=1)
    assert not doubts(again)
    assert is_quarantined(doubts(replace(again, duration_s=0.02)))


def test_two_signals_of_one_kind_are_one() -> None:
    twice = replace(CALM, average_logprob=-1.5, no_speech_probability=0.95)
    assert not is_quarantined(doubts(twice))


def test_a_loop_is_known_and_a_refrain_is_not() -> None:
    assert quality.loops("tėl tėl tėl tėl tėl tėl tėl tėl")
    assert not quality.loops("Mama, mama, mama! Gdzie jesteś? Mama nie wróciła, mama nie żyje.")


def test_five_words_that_stand_twice_in_a_row_are_an_echo() -> None:
    assert quality.echoes("Było zimno. Mama wyszła po chleb rano. Mama wyszła po chleb rano!")
    assert not quality.echoes("Mama wyszła po chleb. Mama wyszła po chleb.")
    assert not quality.echoes("Mama wyszła po chleb rano. Było zimno. Mama wyszła po chleb rano.")
    assert not quality.echoes("")


def test_a_sentence_said_again_and_again_is_counted() -> None:
    texts = ["Nie ma chleba.", "Nie.", "Nie ma chleba!", "Nie.", "nie ma chleba"]
    assert quality.same_before(texts) == [0, 0, 1, 0, 2]


# What listening does with doubt


class TwoRegions(FakeEngines):
    """Speech from 0 to 5 and from 6 to 11 s."""

    def speech(self, sound: Sound, threshold: float) -> Speech:
        voiced = np.full(110, 0.9, np.float32)
        return Speech.of([Region(0.0, 5.0), Region(6.0, 11.0)], voiced, 0.1, sound.duration_s)


def listen(engines: FakeEngines) -> Transcript:
    question = Question(TranscriptionOptions(), ("pl",), ("pl", "ru"))
    return here(question, Loaded(np.zeros(11 * RATE_HZ, np.float32)), engines)


def seconds(clip: Clip) -> float:
    return len(clip.samples) / RATE_HZ


def test_a_window_that_loops_is_decoded_again_in_halves() -> None:
    loop = "po prostu nie wiem " * 10
    engine = FakeEngine(text=lambda clip: loop if seconds(clip) > 6 else "Nie wiem, co dalej było.")
    transcript = listen(TwoRegions(engine))
    assert [s.text for s in transcript.segments] == ["Nie wiem, co dalej było."] * 2
    assert {s.state for s in transcript.segments} == {"ok"}


def test_a_loop_that_stays_a_loop_is_kept_and_quarantined_with_its_reasons() -> None:
    transcript = listen(TwoRegions(FakeEngine(text=lambda clip: "po prostu nie wiem " * 10)))
    assert {s.state for s in transcript.segments} == {"quarantined"}
    assert any("repeats itself" in reason for reason in transcript.segments[0].reasons)
    assert transcript.languages == {}


def test_a_sentence_put_in_the_place_of_another_is_heard_out() -> None:
    said = iter(["Mama wyszła po chleb rano.", "Potem przyszli po nas żołnierze."])
    twice = "Mama wyszła po chleb rano. Mama wyszła po chleb rano."
    engine = FakeEngine(text=lambda clip: twice if seconds(clip) > 6 else next(said))
    transcript = listen(TwoRegions(engine))
    assert [s.text for s in transcript.segments] == [
        "Mama wyszła po chleb rano.",
        "Potem przyszli po nas żołnierze.",
    ]


def test_a_sentence_that_was_said_twice_stays_and_nothing_is_doubted() -> None:
    once = "Mama wyszła po chleb rano."
    twice = f"{once} {once}"
    engine = FakeEngine(text=lambda clip: twice if seconds(clip) > 6 else once)
    transcript = listen(TwoRegions(engine))
    assert " ".join(s.text for s in transcript.segments) == twice
    assert {s.state for s in transcript.segments} == {"ok"}
    assert {s.reasons for s in transcript.segments} == {()}


def test_speech_without_words_is_listed_as_unheard() -> None:
    transcript = listen(TwoRegions(FakeEngine(text=lambda clip: "")))
    assert [(gap.start_s, gap.end_s) for gap in transcript.unheard] == [(0.0, 5.0), (6.0, 11.0)]


def test_a_word_that_lasts_seconds_hides_nothing() -> None:
    window = Window("pl", (Region(0.0, 10.0),))
    words = [Word(0.1, 0.5, "A", 0.9), Word(0.5, 8.0, "potem", 0.9), Word(8.0, 9.8, "nic", 0.9)]
    gaps = unheard(window, words)
    assert [(round(g.start_s, 1), round(g.end_s, 1)) for g in gaps] == [(2.4, 7.6)]


def test_words_that_contradict_the_sound_get_a_reason_and_stay() -> None:
    engine = FakeEngine(text=lambda clip: "Мама спросила, куда нас везут, но солдат молчал.")
    segment = listen(TwoRegions(engine)).segments[0]
    assert "the words look like ru, the sound like pl" in segment.reasons
    assert any("letters" in reason for reason in segment.reasons)


# What the archive does with doubt


def test_a_whole_testimony_whose_words_contradict_its_sound_waits_for_a_person(
    folder: Folder,
) -> None:
    folder.tone("a.wav", seconds=20)
    folder.config(languages=["pl", "lt"])
    folder.sidecar("a", ["a.wav"], access="public", languages=["pl"])
    folder.run(FakeEngine(text=lambda clip: "Jis mums pasakė, kad motina negrįš namo žiemą."))
    (standing,) = json.loads(folder.command("status", "--json").stdout)["testimonies"]
    assert "it sounds mostly like pl, its words look mostly like lt" in standing["waiting"]


@pytest.fixture
def looping(folder: Folder) -> Folder:
    folder.tone("a.wav", seconds=20)
    folder.sidecar("a", ["a.wav"], access="public", languages=["pl"])
    folder.run(FakeEngine(text=lambda clip: "po prostu nie wiem " * 10))
    return folder


def test_quarantined_text_is_counted_not_found_and_can_be_released(looping: Folder) -> None:
    (standing,) = json.loads(looping.command("status", "--json").stdout)["testimonies"]
    assert standing["quarantined"] == 1
    assert "1 quarantined, not published" in standing["waiting"]
    (waiting,) = [one for one in standing["to_hear"] if one["state"] == "quarantined"]
    assert waiting["reasons"]
    found = json.loads(looping.command("search", "wiem", "--json").stdout)
    assert found["total"] == 0
    assert looping.command("release", str(waiting["segment_id"])).returncode == 0
    assert looping.command("publish").returncode == 0
    found = json.loads(looping.command("search", "wiem", "--json").stdout)
    assert found["total"] == 1
    again = looping.command("release", str(waiting["segment_id"]))
    assert (again.returncode, "is not quarantined here" in again.stderr) == (1, True)


def test_unheard_speech_is_counted_and_listed_with_its_times(folder: Folder) -> None:
    folder.tone("a.wav", seconds=20)
    folder.sidecar("a", ["a.wav"], access="public")
    folder.run(FakeEngine(text=lambda clip: ""))
    (standing,) = json.loads(folder.command("status", "--json").stdout)["testimonies"]
    assert standing["unheard"] == 1
    assert [(one["path"], one["start_s"], one["end_s"]) for one in standing["to_hear"]] == [
        ("a.wav", 0.0, 20.0)
    ]
