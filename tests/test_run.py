"""The journey, with an engine that hears what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipeline.engines import Clip
from pipeline.engines.fake import FakeEngine
from pipeline.sound import RATE_HZ, Samples
from tests.conftest import Folder


@pytest.fixture
def three(folder: Folder) -> Folder:
    """Three testimonies of 2, 3 and 4 seconds."""
    for seconds, name in ((2, "a"), (3, "b"), (4, "c")):
        folder.tone(f"{name}.wav", seconds=seconds)
        folder.sidecar(name, [f"{name}.wav"], access="public", languages=["pl", "ru"])
    return folder


def lasts(seconds: int) -> FakeEngine:
    """An engine that fails on clips of this length."""
    return FakeEngine(fails_on=lambda clip: len(clip.samples) == seconds * RATE_HZ)


def table(folder: Folder, sql: str) -> list[tuple[object, ...]]:
    with folder.open() as archive:
        return list(archive.db.execute(sql))


def test_a_second_run_does_nothing_and_says_so(three: Folder) -> None:
    first = three.run()
    assert [len(report.done) for report in first] == [3, 3, 3]
    engine = FakeEngine()
    second = three.run(engine)
    assert [report.done for report in second] == [[], [], []]
    assert [len(report.unchanged) for report in second] == [3, 3, 3]
    assert engine.decoded == 0


def test_a_failed_recording_is_recorded_and_the_others_are_kept(three: Folder) -> None:
    _, transcribed, _ = three.run(lasts(3))
    assert transcribed.problems == ["b.wav: was told to fail."]
    assert table(three, "SELECT path, state, reason FROM runs JOIN recordings r"
                        " ON r.id = recording_id ORDER BY path") == [
        ("a.wav", "done", None),
        ("b.wav", "failed", "b.wav: was told to fail."),
        ("c.wav", "done", None),
    ]  # fmt: skip


def test_a_failed_recording_is_tried_again_and_the_others_are_not(three: Folder) -> None:
    three.run(lasts(3))
    engine = FakeEngine()
    _, transcribed, published = three.run(engine)
    assert (engine.decoded, transcribed.ok) == (1, True)
    assert (published.done, published.unchanged) == (["b"], ["a", "c"])


def test_other_settings_make_a_new_run_and_the_old_one_stays(three: Folder) -> None:
    three.run()
    three.config(languages=["pl", "en", "ru"], transcription={"beam_size": 1})
    assert len(three.transcribe().done) == 3
    assert table(three, "SELECT count(*) FROM runs") == [(6,)]
    three.config(languages=["pl", "en", "ru"], transcription={"beam_size": 1, "batch_size": 3})
    assert three.transcribe().done == []


def test_again_transcribes_what_is_done_and_only_the_named(three: Folder) -> None:
    three.run()
    assert len(three.transcribe(again=True, only=["b"]).done) == 1
    assert three.transcribe(only=["nobody"]).problems == [
        "nobody: is no testimony with recordings here. See testimony status."
    ]


def test_what_was_used_is_recorded_not_what_was_asked(three: Folder) -> None:
    three.run()
    (row,) = table(three, "SELECT engine, model, model_sha256, version, options, languages"
                          " FROM runs WHERE recording_id = (SELECT id FROM recordings"
                          " WHERE path = 'a.wav')")  # fmt: skip
    assert row[:4] == ("fake", "fake", "0" * 64, "1")
    assert json.loads(str(row[4])) == {
        "task": "transcribe",
        "window_s": 20.0,
        "speech_threshold": 0.35,
        "language": None,
        "languages": ["pl", "ru"],
        "switch_cost_nats": 5.5,
    }
    assert json.loads(str(row[5])) == {"pl": 2.0}


def test_the_language_of_sound_and_words_stand_side_by_side(three: Folder) -> None:
    three.run(FakeEngine(text=lambda clip: "Мама спросила, куда нас везут, но солдат молчал."))
    (row,) = table(three, "SELECT language, language_confidence, language_source, text_language"
                          " FROM segments GROUP BY 1")  # fmt: skip
    assert row == ("pl", 1.0, "audio", "ru")


def test_a_told_language_has_no_confidence(three: Folder) -> None:
    three.run()
    three.transcribe(language="en", only=["a"])
    three.accept()
    rows = table(three, "SELECT s.language, s.language_confidence, s.language_source FROM segments"
                        " s JOIN recordings r ON r.current_run_id = s.run_id"
                        " WHERE path = 'a.wav'")  # fmt: skip
    assert rows == [("en", None, "told")]


class _NamesNoLanguage(FakeEngine):
    def language_probabilities(self, clips: Sequence[Samples]) -> Iterator[dict[str, float]]:
        raise AssertionError("the sound was asked for its language")


def test_where_one_language_is_declared_nothing_is_measured_and_nothing_is_claimed(
    folder: Folder,
) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], languages=["en"])
    folder.run(_NamesNoLanguage())
    rows = table(folder, "SELECT language, language_confidence, language_source FROM segments")
    assert rows == [("en", None, "told")]
    ((options,),) = table(folder, "SELECT options FROM runs")
    assert json.loads(str(options))["language"] == "en"


def test_words_and_segments_are_ordered_and_inside_the_recording(folder: Folder) -> None:
    folder.tone("long.wav", seconds=70)
    folder.run(FakeEngine(text=lambda clip: "Pierwsze zdanie. Drugie zdanie, dłuższe od niego."))
    segments = table(folder, "SELECT start_s, end_s FROM segments ORDER BY n")
    words = table(folder, "SELECT w.start_s, w.end_s FROM words w JOIN segments s"
                          " ON s.id = segment_id ORDER BY s.n, w.n")  # fmt: skip
    for spans in (segments, words):
        flat = [time for span in spans for time in span]
        assert len(spans) > 1
        assert flat == sorted(flat)  # type: ignore[type-var]
        assert flat[0] >= 0.0 and flat[-1] <= 70.0  # type: ignore[operator]


def test_silence_makes_a_finished_run_without_segments(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.run(FakeEngine(text=lambda clip: ""))
    assert table(folder, "SELECT state FROM runs") == [("done",)]
    assert table(folder, "SELECT count(*) FROM segments") == [(0,)]


def test_a_master_that_vanished_is_a_failure_of_that_recording_alone(three: Folder) -> None:
    three.run()
    (three.root / "recordings" / "b.wav").unlink()
    report = three.transcribe(again=True)
    assert len(report.done) == 2
    assert report.problems[0].startswith("b.wav: ffmpeg could not decode its sound")


def test_two_equal_clips_say_the_same_whatever_came_between(folder: Folder, tmp_path: Path) -> None:
    heard: list[str] = []

    def text(clip: Clip) -> str:
        heard.append(clip.language)
        return "Słowa."

    for number in range(3):
        folder.tone(f"{number}.wav", pitch_hz=300 + number)
        folder.sidecar(f"t{number}", [f"{number}.wav"], languages=[["pl"], ["ru"], ["pl"]][number])
    folder.run(FakeEngine(text=text))
    assert heard == ["pl", "ru", "pl"]
