"""Every engine keeps one contract; the two real ones agree on the same weights."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import jiwer
import numpy as np
import pytest

from pipeline import audio, windows
from pipeline.config import Config, TranscriptionOptions
from pipeline.engines import Clip, Engine, Lanes, glue, models
from pipeline.engines import speech as voice
from pipeline.engines.choose import ConfiguredEngines
from pipeline.engines.fake import FakeEngine
from pipeline.errors import ModelError
from pipeline.sound import RATE_HZ, Samples
from pipeline.transcript import Word
from pipeline.windows import HeardRegion, Window
from tests.conftest import REPOSITORY, Loaded

BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


def no_download(name: str) -> Path:
    raise OSError("no network in tests")


@lru_cache
def base() -> models.Model:
    return models.locate("base", REPOSITORY, no_download, has_gpu=False)


@lru_cache
def faster() -> Engine:
    from pipeline.engines.faster import FasterWhisper

    return FasterWhisper(base(), TranscriptionOptions(), Lanes())


@lru_cache
def openai() -> Engine:
    from pipeline.engines.openai import OpenAIWhisper

    return OpenAIWhisper(base(), TranscriptionOptions(), Lanes())


EVERY = pytest.mark.parametrize(
    "make",
    [
        pytest.param(FakeEngine, id="fake"),
        pytest.param(faster, id="faster", marks=pytest.mark.real),
        pytest.param(openai, id="openai", marks=pytest.mark.real),
    ],
)
REAL = pytest.mark.parametrize(
    "make",
    [
        pytest.param(faster, id="faster", marks=pytest.mark.real),
        pytest.param(openai, id="openai", marks=pytest.mark.real),
    ],
)


@lru_cache
def spoken(name: str, start_s: float, end_s: float) -> Samples:
    return audio.decode(REPOSITORY / "recordings" / name, shown=name).cut(start_s, end_s)


def polish() -> Clip:
    return Clip(spoken("sample-pl-a.mp3", 0, 8), "pl")


def text(heard: object) -> str:
    return " ".join(word.text for word in heard.words)  # type: ignore[attr-defined]


@EVERY
def test_words_are_ordered_inside_the_clip_and_rated(make: Callable[[], Engine]) -> None:
    (heard,) = make().decode([polish()])
    assert heard.words
    flat = [time for word in heard.words for time in (word.start_s, word.end_s)]
    assert flat == sorted(flat) and flat[0] >= 0 and flat[-1] <= 8.0
    assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in heard.words)
    assert all(word.text == word.text.strip() != "" for word in heard.words)
    assert heard.average_logprob <= 0 and 0 <= heard.no_speech_probability <= 1


@EVERY
def test_an_engine_remembers_nothing_between_clips(make: Callable[[], Engine]) -> None:
    engine = make()
    ukrainian = Clip(spoken("sample-uk.ogg", 10, 16), "uk")
    (alone,) = engine.decode([polish()])
    together = list(engine.decode([ukrainian, polish()]))
    assert text(together[1]) == text(alone)


@REAL
def test_clips_with_and_without_a_hint_go_together(make: Callable[[], Engine]) -> None:
    told = Clip(polish().samples, "pl", "Norylsk, Workuta.")
    first, hinted, last = make().decode([polish(), told, polish()])
    assert text(first) == text(last)
    assert hinted.words and all(0 <= w.start_s <= w.end_s <= 8 for w in hinted.words)


@pytest.mark.real
def test_a_long_hint_leaves_room_for_the_words() -> None:
    (alone,) = faster().decode([polish()])
    (told,) = faster().decode([Clip(polish().samples, "pl", "Norylsk, Workuta, " * 15)])
    assert len(told.words) >= len(alone.words) / 2


@EVERY
def test_every_known_language_has_a_probability(make: Callable[[], Engine]) -> None:
    (heard,) = make().language_probabilities([polish().samples])
    assert sum(heard.values()) == pytest.approx(1, abs=1e-3)
    assert max(heard, key=heard.__getitem__) == "pl"
    assert "jw" not in heard


@EVERY
def test_an_engine_says_what_it_used(make: Callable[[], Engine]) -> None:
    used = make().provenance
    assert used.engine and used.version and used.model and len(used.model_sha256) == 64
    assert used.options["task"] == "transcribe"


@EVERY
def test_a_known_text_has_its_words_in_order_inside_the_clip(make: Callable[[], Engine]) -> None:
    clip = polish()
    (words,) = make().align([clip], ["To jest (zdanie), które ktoś zapisał."])
    assert " ".join(word.text for word in words) == "To jest (zdanie), które ktoś zapisał."
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= 8.01


@REAL
def test_what_was_said_fits_better_than_what_was_not(make: Callable[[], Engine]) -> None:
    engine = make()
    clip = polish()
    (heard,) = engine.decode([clip])
    said = " ".join(word.text for word in heard.words)
    other = "Zupełnie inne słowa o rzece, łodziach, zimie i koniach w stajni."
    true, false = engine.align([clip, clip], [said, other])
    assert min(np.mean([w.confidence for w in true]), 1.0) > 3 * np.mean(
        [w.confidence for w in false]
    )


@pytest.mark.real
@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_words_do_not_depend_on_the_number_of_threads(threads: str) -> None:
    code = (
        "from tests.test_engines import faster, polish, text;"
        "print(text(*faster().decode([polish()])))"
    )
    variables = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=REPOSITORY, env={**os.environ, **variables},
    )  # fmt: skip
    (heard,) = faster().decode([polish()])
    assert result.stdout.strip() == text(heard)


@REAL
def test_a_real_engine_reports_the_joined_weights_and_its_arithmetic(
    make: Callable[[], Engine],
) -> None:
    used = make().provenance
    assert used.model_sha256 == BASE_SHA256
    assert str(used.options["compute_type"]) in {"int8", "int8_float32", "float32"}


@REAL
def test_a_real_engine_hears_what_was_said(make: Callable[[], Engine]) -> None:
    (heard,) = make().decode([polish()])
    said = "to jest przykład nagranie sztuczne to niczyje świadectwo"
    found = text(heard).lower()
    words = said.split()
    assert sum(word in found for word in words) >= len(words) // 2, found


@pytest.mark.real
@pytest.mark.parametrize(("name", "language"), [("pl.wav", "pl"), ("ro.mp3", "ro")])
def test_both_engines_give_the_same_text_from_the_same_weights(
    speech_dev: Path, name: str, language: str
) -> None:
    samples = audio.decode(speech_dev / "long" / name, shown=name)
    regions = voice.listen(samples, TranscriptionOptions().speech_threshold).regions
    packed = windows.pack([HeardRegion(region, language, None) for region in regions], 28.0)
    clips = [Clip(window.cut(samples), language) for window in packed]
    texts = [" ".join(text(heard) for heard in make().decode(clips)) for make in (faster, openai)]
    assert jiwer.cer(*texts) < 0.10


def test_a_word_with_a_mark_inside_stays_one_word() -> None:
    pieces = [
        (" Я", 0.0, 0.2, 0.9),
        (" пам", 0.2, 0.5, 0.8),
        ("'ятаю", 0.5, 0.9, 0.6),
        (",", 0.9, 0.9, 0.5),
        (" l", 1.0, 1.1, 0.9),
        ("-am", 1.1, 1.3, 0.7),
        ("", 1.3, 1.3, 0.1),
    ]
    assert list(glue(pieces)) == [
        Word(0.0, 0.2, "Я", 0.9),
        Word(0.2, 0.9, "пам'ятаю,", 0.5),
        Word(1.0, 1.3, "l-am", 0.7),
    ]


def test_speech_is_found_and_silence_is_not() -> None:
    rng = np.random.default_rng(1)
    hiss = (rng.standard_normal(10 * RATE_HZ) * 0.003).astype(np.float32)
    assert voice.listen(Loaded(hiss), 0.35).regions == ()
    speech = spoken("sample-pl-a.mp3", 0, 46)
    regions = voice.listen(Loaded(np.concatenate([hiss, speech])), 0.35).regions
    assert regions[0].start_s == pytest.approx(10, abs=1)
    assert all(region.duration_s <= 10.1 for region in regions)
    ends = [time for region in regions for time in (region.start_s, region.end_s)]
    assert ends == sorted(ends)


def test_the_pieces_of_a_window_are_what_was_said_there() -> None:
    speech = spoken("sample-pl-a.mp3", 0, 46)
    sound = Loaded(speech)
    region = voice.listen(sound, 0.35).regions[0]
    clip = Window("pl", (region,)).cut(sound)
    assert len(clip) == pytest.approx(region.duration_s * RATE_HZ, abs=2)


# Models


def test_the_wheels_join_to_the_known_weights() -> None:
    with base().on_disk() as folder:
        joined = (folder / "model.bin").read_bytes()
    assert hashlib.sha256(joined).hexdigest() == BASE_SHA256
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_model_out_of_wheels_leaves_no_copy_of_its_weights_in_memory() -> None:
    """CTranslate2 keeps what it was given as bytes; 139 MB in each process."""
    code = (
        "from pathlib import Path\n"
        "from tests.test_engines import faster\n"
        "engine = faster()\n"
        "import ctypes\n"
        "ctypes.CDLL(None).malloc_trim(0)\n"
        "lines = Path('/proc/self/status').read_text().splitlines()\n"
        "print(next(line.split()[1] for line in lines if line.startswith('RssAnon')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert int(result.stdout) < 250_000


def test_other_bytes_in_a_wheel_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_wheel_file", lambda package, name: b"other weights")
    with pytest.raises(ModelError, match=f"expected {BASE_SHA256}"):
        base().on_disk().__enter__()


def test_a_model_is_a_folder_before_it_is_a_wheel(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights")
    found = models.locate("models/mine", tmp_path, no_download, has_gpu=False)
    assert (found.path, found.sha256) == (folder, hashlib.sha256(b"weights").hexdigest())
    with pytest.raises(ModelError, match="no model here"):
        models.locate("models/yours", tmp_path, no_download, has_gpu=False)


def test_auto_falls_back_to_base_and_says_what_to_expect(tmp_path: Path) -> None:
    found = models.locate("auto", tmp_path, no_download, has_gpu=False)
    assert found.name == "base"
    assert "large-v3-turbo" in str(found.warning) and "3 words in 4 wrong" in str(found.warning)


def test_a_name_that_cannot_be_had_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"could not be downloaded \(no network in tests\)"):
        models.locate("large-v3", tmp_path, no_download, has_gpu=False)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    from pipeline.engines.faster import FasterWhisper

    (tmp_path / "model.bin").write_bytes(b"not a model")
    model = models.locate(str(tmp_path), tmp_path, no_download, has_gpu=False)
    with pytest.raises(ModelError, match="faster-whisper cannot load it"):
        FasterWhisper(model, TranscriptionOptions(), Lanes())


def test_each_language_gets_its_own_model_and_each_model_is_loaded_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(name.encode())
    settings = Config(models={"default": "models/one", "lv": "models/two"})
    engines = ConfiguredEngines(tmp_path, settings, lambda text: None)
    loaded: list[str] = []

    def make(model: models.Model) -> Engine:
        loaded.append(model.name)
        return FakeEngine()

    engines._make = make  # type: ignore[method-assign]
    assert engines.plan("lv")["sha256"] == hashlib.sha256(b"two").hexdigest()
    assert engines.plan("lt") == engines.plan(None)
    assert engines.engine("lt") is engines.engine("pl") is engines.engine(None)
    assert engines.engine("lv") is not engines.engine("lt")
    assert loaded == ["models/one", "models/two"]
