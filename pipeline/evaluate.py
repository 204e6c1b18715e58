"""How good is it here: WER, CER, languages, inventions, speed, on recordings with references."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import audio, scoring
from pipeline.config import Config
from pipeline.engines.choose import Engines
from pipeline.errors import AudioError, PipelineError, Problem, UsageError
from pipeline.listen import Question, here
from pipeline.report import Progress
from pipeline.scoring import Errors
from pipeline.transcript import PUBLIC_STATES, Segment

_STEP_S = 0.1


@dataclass(frozen=True)
class Row:
    """One recording to be judged. `language` may be several, joined by `+`, or empty."""

    file: str
    language: str
    reference: str
    speech: bool


@dataclass(frozen=True)
class Passage:
    """Where a language is spoken in a recording, as a person marked it."""

    start_s: float
    end_s: float
    language: str


@dataclass(frozen=True)
class Judged:
    """One recording, transcribed and compared."""

    row: Row
    duration_s: float
    took_s: float
    segments: tuple[Segment, ...]
    errors: Errors | None
    language: str | None
    language_accuracy_per_s: float | None


def read_manifest(path: Path) -> list[Row]:
    """Columns file, language, reference. A row with an empty reference is non-speech, unless a
    column `kind` says otherwise. Raises UsageError with every problem."""
    rows = _read(path, ("file", "language", "reference"))
    problems = [
        Problem(path.name, number, "file", f"there is no {row['file']}.")
        for number, row in enumerate(rows, start=2)
        if not (path.parent / row["file"]).is_file()
    ]
    if problems:
        raise UsageError(path, "\n  ".join(["cannot be used:", *map(str, problems)]))
    return [
        Row(
            row["file"],
            row["language"],
            row["reference"],
            bool(row["reference"]) or row.get("kind", "nonspeech") != "nonspeech",
        )
        for row in rows
    ]


def read_timeline(path: Path) -> dict[str, list[Passage]]:
    """Columns file, start_s, end_s, language: the passages of each file."""
    passages: dict[str, list[Passage]] = {}
    for number, row in enumerate(_read(path, ("file", "start_s", "end_s", "language")), start=2):
        try:
            passage = Passage(float(row["start_s"]), float(row["end_s"]), row["language"])
        except ValueError as error:
            raise UsageError(path, f"line {number}: times must be seconds.") from error
        passages.setdefault(row["file"], []).append(passage)
    return passages


def evaluate(
    folder: Path,
    rows: Sequence[Row],
    timeline: dict[str, list[Passage]],
    config: Config,
    engines: Engines,
    progress: Progress,
) -> tuple[dict[str, Any], list[PipelineError]]:
    """The figures of the contract, and what could not be judged."""
    judged: list[Judged] = []
    failed: list[PipelineError] = []
    engines.engine(None)  # so that loading it is not counted for the first recording
    progress.begin("Evaluating", float(len(rows)))
    for row in rows:
        try:
            one = _judge(folder, row, timeline.get(row.file, []), config, engines)
        except AudioError as error:
            failed.append(error)
        else:
            judged.append(one)
            progress.item(_line(one))
        progress.advance(1.0)
    progress.end()
    return _figures(judged, config, engines), failed


def _judge(
    folder: Path, row: Row, passages: Sequence[Passage], config: Config, engines: Engines
) -> Judged:
    started = time.perf_counter()
    sound = audio.decode(folder / row.file, shown=row.file)
    question = Question(config.transcription, config.languages, config.languages)
    transcript = here(question, sound, engines)
    took_s = time.perf_counter() - started
    heard = " ".join(s.text for s in transcript.segments if s.state in PUBLIC_STATES)
    return Judged(
        row,
        sound.duration_s,
        took_s,
        transcript.segments,
        scoring.compare(row.reference, heard) if row.reference else None,
        next(iter(transcript.languages), None),
        per_second(transcript.segments, passages),
    )


def per_second(segments: Sequence[Segment], passages: Sequence[Passage]) -> float | None:
    """Share of the marked time in which the tag is right; between segments the nearest counts."""
    right = total = 0
    for passage in passages:
        for step in range(int((passage.end_s - passage.start_s) / _STEP_S)):
            at_s = passage.start_s + (step + 0.5) * _STEP_S
            total += 1
            right += _language_at(segments, at_s) == passage.language
    return right / total if total else None


def _language_at(segments: Sequence[Segment], at_s: float) -> str | None:
    if not segments:
        return None
    return min(segments, key=lambda s: max(s.start_s - at_s, at_s - s.end_s, 0.0)).language


def _figures(judged: Sequence[Judged], config: Config, engines: Engines) -> dict[str, Any]:
    spoken = [one for one in judged if one.row.speech]
    named = {one.row.language for one in spoken}
    languages = sorted(name for name in named if name and "+" not in name)
    figures = {
        language: _of_language([one for one in spoken if one.row.language == language])
        for language in languages
    }
    cers = [f["cer"] for f in figures.values() if f["cer"] is not None]
    used = engines.engine(None).provenance
    return {
        "engine": used.engine,
        "model": used.model,
        "model_sha256": used.model_sha256,
        "options": {**used.options, **config.transcription.model_dump(mode="json")},
        "languages": figures,
        "mean_cer": _rounded(sum(cers) / len(cers)) if cers else None,
        "language_accuracy_per_s": {
            one.row.file: _rounded(one.language_accuracy_per_s)
            for one in spoken
            if one.language_accuracy_per_s is not None
        },
        "nonspeech": _of_nonspeech([one for one in judged if not one.row.speech]),
        "quarantined_segments": sum(s.state == "quarantined" for o in spoken for s in o.segments),
        "confidence_cer_rank_correlation": _rounded(_confidence(spoken)),
    }


def _of_language(mine: Sequence[Judged]) -> dict[str, Any]:
    errors = [one.errors for one in mine if one.errors is not None]
    total = sum(errors, scoring.NONE)
    duration_s = sum(one.duration_s for one in mine)
    right = sum(one.language == one.row.language for one in mine)
    return {
        "files": len(mine),
        "minutes": _rounded(duration_s / 60),
        "wer": _rounded(total.wer),
        "wer_95": _pair(scoring.interval(errors, lambda e: e.wer)),
        "cer": _rounded(total.cer),
        "cer_95": _pair(scoring.interval(errors, lambda e: e.cer)),
        "language_accuracy": _rounded(right / len(mine)),
        "digits": sum(c.isdigit() for one in mine for c in one.row.reference),
        "rtf": _rounded(sum(one.took_s for one in mine) / duration_s if duration_s else None),
    }


def _of_nonspeech(mine: Sequence[Judged]) -> dict[str, Any]:
    def words(state: Callable[[str], bool]) -> int:
        return sum(len(s.text.split()) for one in mine for s in one.segments if state(s.state))

    minutes = sum(one.duration_s for one in mine) / 60
    published = words(lambda state: state in PUBLIC_STATES)
    return {
        "minutes": _rounded(minutes),
        "published_words": published,
        "published_words_per_minute": _rounded(published / minutes if minutes else None),
        "quarantined_words": words(lambda state: state == "quarantined"),
    }


def _confidence(spoken: Sequence[Judged]) -> float | None:
    """Over all segments: does a higher confidence go with a lower CER (towards -1)."""
    confidences: list[float] = []
    cers: list[float] = []
    for one in spoken:
        if not one.row.reference:
            continue
        texts = [segment.text for segment in one.segments]
        for segment, cer in zip(
            one.segments, scoring.by_segment(one.row.reference, texts), strict=True
        ):
            if segment.confidence is not None:
                confidences.append(segment.confidence)
                cers.append(cer)
    return scoring.rank_correlation(confidences, cers)


def _line(one: Judged) -> str:
    cer = "–" if one.errors is None or one.errors.cer is None else f"{one.errors.cer:.3f}"
    return f"{one.row.file}: {one.language or 'no speech'}, CER {cer}"


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(path, f"cannot be read as CSV ({error}).") from error
    missing = [column for column in columns if rows and column not in rows[0]]
    if missing or not rows:
        what = f"lacks the columns {', '.join(missing)}" if missing else "has no rows"
        raise UsageError(path, f"{what}.", f"Expected: {', '.join(columns)}.")
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _pair(values: tuple[float, float] | None) -> list[float | None] | None:
    return None if values is None else [_rounded(value) for value in values]


def tables(figures: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The figures as (title, columns, rows) for a terminal."""
    by_language = [
        [
            language,
            str(one["files"]),
            _shown(one["minutes"], 1),
            _shown(one["wer"]) + _shown_interval(one["wer_95"]),
            _shown(one["cer"]) + _shown_interval(one["cer_95"]),
            _shown(one["language_accuracy"], 2),
            _shown(one["rtf"]),
        ]
        for language, one in figures["languages"].items()
    ]
    silence = figures["nonspeech"]
    rest = [
        ["mean CER over languages", _shown(figures["mean_cer"])],
        ["minutes of non-speech", _shown(silence["minutes"], 1)],
        ["words invented there, published", str(silence["published_words"])],
        ["words invented there, quarantined", str(silence["quarantined_words"])],
        ["confidence and CER, rank correlation",
         _shown(figures["confidence_cer_rank_correlation"])],
    ]  # fmt: skip
    by_second = [
        [file, _shown(share)] for file, share in figures["language_accuracy_per_s"].items()
    ]
    found = [
        (f"{figures['engine']}, model {figures['model']}",
         ["language", "files", "min", "WER (95 %)", "CER (95 %)", "language", "rtf"], by_language),
        ("", ["", ""], rest),
    ]  # fmt: skip
    if by_second:
        found.append(("Language by second", ["file", "right"], by_second))
    return found


def _shown(value: float | None, places: int = 3) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def _shown_interval(pair: list[float] | None) -> str:
    return "" if pair is None else f" ({pair[0]:.3f}–{pair[1]:.3f})"
