"""The journey in order: ingest, transcribe, publish. The only place that knows it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from pipeline import audio, listen
from pipeline import recording as rec
from pipeline.archive import Archive, Settings, now
from pipeline.config import Config
from pipeline.engines.choose import Engines
from pipeline.errors import AudioError, EngineError, UsageError, printable
from pipeline.ingest import ingest
from pipeline.publish import publish
from pipeline.recording import Recording
from pipeline.report import Progress, Report
from pipeline.sound import RATE_HZ, Samples
from pipeline.transcript import Transcript

MakeEngines = Callable[[], Engines]
# A decoder may drop a frame at either end; more than this is a piece of the testimony.
_LOST_S = 2.0


def everything(
    archive: Archive,
    config: Config,
    make_engines: MakeEngines,
    progress: Progress,
    *,
    only: Sequence[str] = (),
    language: str | None = None,
    again: bool = False,
) -> list[Report]:
    """All that is pending. A problem in one stage does not keep the next from what it can do."""
    registered = ingest(archive, config)
    transcribed = transcribe(
        archive, config, make_engines, progress, only=only, language=language, again=again
    )
    published = publish(archive, config, progress)
    # Both read the sidecars; what is wrong with one is said once.
    published.problems = [p for p in published.problems if p not in registered.problems]
    return [registered, transcribed, published]


def transcribe(
    archive: Archive,
    config: Config,
    make_engines: MakeEngines,
    progress: Progress,
    *,
    only: Sequence[str] = (),
    language: str | None = None,
    again: bool = False,
) -> Report:
    """Transcribes every recording that has no finished run with these settings.

    `only` are testimony ids; `again` does it anew; `language` is told to the engine for all.
    """
    report = Report("transcribe")
    recordings = _chosen(archive, only, report)
    if not recordings:
        return report
    engines = make_engines()
    pending: list[tuple[Recording, Settings]] = []
    for recording in recordings:
        settings = _settings(archive, config, engines, recording, language)
        if archive.finished_run(recording, settings) and not again:
            report.unchanged.append(recording.path)
        else:
            pending.append((recording, settings))
    progress.begin("Transcribing", sum(recording.duration_s for recording, _ in pending))
    try:
        for recording, settings in pending:
            _one(archive, config, engines, recording, settings, language, progress, report)
    finally:
        progress.end()
    return report


def _one(
    archive: Archive,
    config: Config,
    engines: Engines,
    recording: Recording,
    settings: Settings,
    language: str | None,
    progress: Progress,
    report: Report,
) -> None:
    """One recording, one transaction; a failure is recorded with its reason."""
    started_at, name = now(), printable(recording.path)
    try:
        path = archive.root / rec.FOLDER / recording.path
        samples = audio.decode(path, shown=recording.path)
        lost = _lost(recording, samples)
        transcript = _listen(config, engines, recording, settings, samples, language, progress)
    except (AudioError, EngineError) as error:
        archive.record_failure(recording, settings, started_at, error)
        report.problem(error)
        progress.item(f"✗ {error}")
        return
    archive.save_transcript(recording, transcript, settings, started_at, lost)
    spoken = ", ".join(transcript.languages) or "no speech found"
    line = f"{name}: {len(transcript.segments)} segments, {spoken}"
    report.done.append(line)
    progress.item(f"✓ {line}")
    if lost:
        report.problems.append(f"{name}: {lost}")


def _listen(
    config: Config,
    engines: Engines,
    recording: Recording,
    settings: Settings,
    samples: Samples,
    language: str | None,
    progress: Progress,
) -> Transcript:
    try:
        return listen.transcribe(
            samples,
            engines,
            config.transcription,
            settings.languages,
            tuple(dict.fromkeys([*config.languages, *settings.languages])),
            language,
            lambda share: progress.advance(share * recording.duration_s),
        )
    except EngineError as error:
        raise error.about(recording.path) from error
    except (RuntimeError, MemoryError, ValueError) as error:
        # CTranslate2, torch and onnxruntime raise these, out of memory among them.
        raise EngineError(
            recording.path,
            f"{config.engine} failed on it ({error}).",
            "The other recordings are not affected; run again, or try the other engine.",
        ) from error


def _chosen(archive: Archive, only: Sequence[str], report: Report) -> list[Recording]:
    recordings = archive.recordings()
    known = {recording.testimony_id for recording in recordings}
    for ident in only:
        if ident not in known:
            report.problem(
                UsageError(ident, "is no testimony with recordings here.", "See testimony status.")
            )
    return [r for r in recordings if not only or r.testimony_id in only]


def _settings(
    archive: Archive, config: Config, engines: Engines, recording: Recording, told: str | None
) -> Settings:
    """What this recording would be transcribed with; a change of any of it makes a new run."""
    row = archive.testimony(recording.testimony_id)
    declared = json.loads(row["languages"]) if row and row["languages"] else config.languages
    asked = {
        "options": config.transcription.model_dump(mode="json", exclude={"batch_size"}),
        "language": told,
        "languages": list(declared),
        "known": list(config.languages),
        "models": [engines.plan(told), *(engines.plan(language) for language in declared)],
        "sha256": recording.sha256,
    }
    text = json.dumps(asked, sort_keys=True)
    return Settings(hashlib.sha256(text.encode()).hexdigest()[:16], tuple(declared))


def _lost(recording: Recording, samples: Samples) -> str | None:
    decoded_s = len(samples) / RATE_HZ
    if recording.duration_s - decoded_s <= max(_LOST_S, recording.duration_s * 0.01):
        return None
    return (
        f"only {decoded_s:.0f} of {recording.duration_s:.0f} s could be decoded; what there is"
        " was transcribed. Check the original for damage."
    )
