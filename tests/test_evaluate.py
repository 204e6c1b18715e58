"""Figures about the archive's quality can be trusted themselves."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline import audio, scoring
from pipeline.errors import UsageError
from pipeline.evaluate import Passage, per_second, read_manifest
from pipeline.scoring import Errors, by_segment, compare, normalise, rank_correlation
from pipeline.sound import RATE_HZ
from pipeline.transcript import Segment
from tests.conftest import REPOSITORY, Folder


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Şi ţara", "și țara"),
        ("пам’ять", "ПАМʼЯТЬ"),
        ("Õunapuu – kevadel!", "õunapuu kevadel"),
        ("e\u0301", "é"),
        ("„Mama“, sakė.", "mama sakė"),
    ],
)
def test_what_is_the_same_to_a_reader_is_the_same_to_the_score(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_digits_are_left_alone() -> None:
    assert normalise("1941 m.") == "1941 m"
    assert compare("w 1941", "w tysiąc dziewięćset").word_edits == 2


def test_errors_are_counted_over_everything_said() -> None:
    errors = compare("ala ma kota", "ala ma psa") + compare("nic", "")
    assert (errors.word_edits, errors.words) == (2, 4)
    assert errors.wer == 0.5
    assert compare("", "wymyślone słowa").wer is None


def test_each_segment_is_scored_against_its_own_part() -> None:
    said = "mama piekła chleb ojciec orał pole siostra śpiewała"
    scores = by_segment(said, ["mama piekła chleb", "ociec oral pole", "siostra śpiewała"])
    assert scores[0] == scores[2] == 0.0
    assert 0 < scores[1] < 0.3


def test_rank_correlation_knows_order_and_ties() -> None:
    assert rank_correlation([1, 2, 3, 4], [9, 7, 5, 3]) == pytest.approx(-1)
    assert rank_correlation([1, 1, 2, 2], [1, 1, 2, 2]) == pytest.approx(1)
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None


def test_the_interval_holds_the_rate_and_needs_two_files() -> None:
    parts = [Errors(1, 10, 5, 60), Errors(6, 10, 30, 60), Errors(3, 10, 10, 60)]
    found = scoring.interval(parts, lambda e: e.wer)
    assert found is not None and found[0] <= 10 / 30 <= found[1]
    assert scoring.interval(parts[:1], lambda e: e.wer) is None


def segment(start_s: float, end_s: float, language: str) -> Segment:
    return Segment(start_s, end_s, "x", language, 0.9, "audio", None, None, 0.9)


def test_the_language_is_judged_by_the_second() -> None:
    segments = [segment(0, 10, "lt"), segment(11, 20, "ru")]
    passages = [Passage(0, 10, "lt"), Passage(10, 15, "lt"), Passage(15, 20, "ru")]
    # From 10 to 10.5 s the nearest segment is Lithuanian.
    assert per_second(segments, passages) == pytest.approx(15.5 / 20, abs=0.01)
    assert per_second([], passages) == 0.0
    assert per_second(segments, []) is None


def manifest(path: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "language", "reference"), *rows])
    return path


def test_every_missing_file_of_a_manifest_is_named(tmp_path: Path) -> None:
    path = manifest(tmp_path / "m.csv", [("a.wav", "pl", "x"), ("b.wav", "pl", "y")])
    with pytest.raises(UsageError, match=r"(?s)m\.csv:2: file: there is no a\.wav.*m\.csv:3"):
        read_manifest(path)
    (tmp_path / "n.csv").write_text("name,text\nx,y\n")
    with pytest.raises(UsageError, match="lacks the columns file, language, reference"):
        read_manifest(tmp_path / "n.csv")


def judged(folder: Folder, path: Path, *more: str) -> dict[str, object]:
    command = [sys.executable, "-m", "pipeline", "evaluate", str(path), "--json", *more]
    result = subprocess.run(
        [*command, "--archive", str(folder.root)], capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr
    document: dict[str, object] = json.loads(result.stdout)
    return document


@pytest.mark.real
def test_speech_hiss_and_a_sentence_are_judged_on_the_real_engine(folder: Folder) -> None:
    folder.config(models={"default": "base"}, languages=["pl", "uk"])
    rng = np.random.default_rng(3)
    write_wav(folder.root / "hiss.wav", rng.standard_normal(20 * RATE_HZ) * 0.02)
    speech = audio.decode(REPOSITORY / "recordings" / "sample-pl-b.mp3", shown="b")
    write_wav(folder.root / "b.wav", speech.cut(0, speech.duration_s))
    said = (
        "Jechaliśmy trzy tygodnie. W wagonie było ciemno i bardzo zimno. Ludzie modlili się i"
        " śpiewali. Na Syberii pracowaliśmy w lesie. Ciągle byliśmy głodni. Mama oddawała mi swój"
        " chleb. Umarła na wiosnę. Po sześciu latach wróciłem do Polski. Naszego domu już nie było."
        " Do dzisiaj pamiętam tamtą noc."
    )
    path = manifest(folder.root / "m.csv", [("b.wav", "pl", said), ("hiss.wav", "", "")])
    (folder.root / "t.csv").write_text("file,start_s,end_s,language,text\nb.wav,0,39,pl,x\n")
    document = judged(folder, path, "--timeline", str(folder.root / "t.csv"))
    polish = document["languages"]["pl"]  # type: ignore[index,call-overload]
    assert (polish["files"], polish["language_accuracy"]) == (1, 1.0)
    assert 0 < polish["cer"] < 0.3 and polish["cer"] < polish["wer"] and polish["rtf"] > 0
    assert document["mean_cer"] == polish["cer"]
    assert document["language_accuracy_per_s"] == {"b.wav": 1.0}
    assert document["nonspeech"] == {
        "minutes": pytest.approx(1 / 3, abs=0.001),
        "published_words": 0,
        "published_words_per_minute": 0.0,
        "quarantined_words": 0,
    }
    assert document["confidence_cer_rank_correlation"] is not None


def write_wav(path: Path, samples: np.ndarray) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


@pytest.mark.real
def test_noise_between_sentences_adds_no_words_and_loses_none(
    speech_dev: Path, folder: Folder
) -> None:
    folder.config(models={"default": "base"})
    speech = audio.decode(speech_dev / "long" / "pl.wav", shown="pl")
    with (speech_dev / "timeline.csv").open(encoding="utf-8") as file:
        passages = [row for row in csv.DictReader(file) if row["file"] == "long/pl.wav"][:6]
    noises = [
        audio.decode(path, shown=path.name).cut(0, 30)
        for path in sorted((speech_dev / "nonspeech").iterdir())
    ]
    pieces = []
    for row, noise in zip(passages, noises, strict=True):
        pieces += [noise, speech.cut(float(row["start_s"]), float(row["end_s"]))]
    write_wav(folder.root / "gaps.wav", np.concatenate([*pieces, noises[0]]))
    close = np.concatenate([np.append(p, np.zeros(RATE_HZ // 2)) for p in pieces[1::2]])
    write_wav(folder.root / "close.wav", close)
    said = " ".join(row["text"] for row in passages)
    rows = [("gaps.wav", "pl", said), ("close.wav", "pl", said)]
    wide, narrow = (judged(folder, manifest(folder.root / f"{row[0]}.csv", [row])) for row in rows)
    assert wide["languages"]["pl"]["cer"] < narrow["languages"]["pl"]["cer"] + 0.05  # type: ignore[index,call-overload]
