"""The journey in order: ingest, transcribe, publish. The only place that knows it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import lexicon
from pipeline import recording as rec
from pipeline.accept import waiting
from pipeline.archive import Archive
from pipeline.attempts import Settings
from pipeline.conduct import Ended, Listening, conduct
from pipeline.config import Config
from pipeline.engines import Lanes
from pipeline.engines.choose import Engines
from pipeline.errors import UsageError, printable
from pipeline.ingest import ingest
from pipeline.lexicon import Hints, Lexicon
from pipeline.listen import Question, hear
from pipeline.publish import publish
from pipeline.recording import Recording
from pipeline.report import Progress, Report
from pipeline.steps import Step, key
from pipeline.transcript import Transcript
from pipeline.windows import Speech
from pipeline.workers import Crew, Outcome, Source, Workers

# A decoder may drop a frame at either end; more than this is a piece of the testimony.
_LOST_S = 2.0


def everything(
    archive: Archive,
    config: Config,
    crew: Crew,
    progress: Progress,
    *,
    only: Sequence[str] = (),
    language: str | None = None,
    again: bool = False,
) -> list[Report]:
    """All that is pending. A problem in one stage does not keep the next from what it can do."""
    registered = ingest(archive, config)
    transcribed = transcribe(
        archive, config, crew, progress, only=only, language=language, again=again
    )
    published = publish(archive, config, progress)
    # All read what people wrote; what is wrong with it is said once.
    said = {*registered.problems, *transcribed.problems}
    published.problems = [problem for problem in published.problems if problem not in said]
    return [registered, transcribed, published]


def transcribe(
    archive: Archive,
    config: Config,
    crew: Crew,
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
    spellings = lexicon.load(archive.root) if config.lexicon_hints else Lexicon()
    for problem in spellings.problems:
        report.problem(problem)
    if spellings.problems:
        # Without its hints each recording would be transcribed now, and again once it is mended.
        return report
    engines = crew.make(Lanes())
    pending: list[Pending] = []
    for recording in recordings:
        one = _pending(archive, config, engines, spellings, recording, language)
        if archive.finished_run(recording, one.settings) and not again:
            report.unchanged.append(recording.path)
        else:
            pending.append(one)
    # Each recording is indexed as it ends; what was not yet there is made first.
    for problem in archive.index(archive.hidden(), progress):
        report.problem(problem)
    if pending:
        spoken = {language for one in pending for language in one.settings.languages}
        for caveat in engines.caveats([language, *sorted(spoken)]):
            progress.note(caveat)
        _listen(archive, config, crew, pending, language, progress, report)
    if wait := len(waiting(archive, only)):
        count = f"{wait} new transcript{'s wait' if wait > 1 else ' waits'}"
        which = "testimony diff ID, then testimony accept ID or --all"
        report.notes.append(f"{count} to be accepted; what was published stays. See: {which}")
    return report


def _listen(
    archive: Archive,
    config: Config,
    crew: Crew,
    pending: Sequence[Pending],
    told: str | None,
    progress: Progress,
    report: Report,
) -> None:
    """Every pending recording, as its steps come back; each end is one transaction."""
    progress.begin("Transcribing", sum(one.recording.duration_s for one in pending))
    masters = (crew.masters or str(archive.root / rec.FOLDER)).rstrip("/")
    runs: dict[Listening, Run] = {}

    def begin() -> Iterator[Listening]:
        for one in pending:
            wait = config.new_runs == "wait"
            run = Run(archive, one.recording, one.settings, progress, wait=wait)
            spoken = one.settings.languages
            question = Question(
                config.transcription,
                spoken,
                tuple(dict.fromkeys([*config.languages, *spoken])),
                told,
                one.hints,
            )
            source = Source(f"{masters}/{one.recording.path}", one.recording.path)
            listening = Listening(source, hear(question), run.recall, run.keep)
            runs[listening] = run
            yield listening

    hired = crew.hire()
    workers: Workers | None = hired
    try:
        for ended in conduct(begin(), hired):
            runs.pop(ended.listening).end(ended, report)
    except KeyboardInterrupt:
        # Who stops it does not wait for workers to close: they end with this process.
        workers = None
        progress.end()
        kept_s = sum(run.kept_s for run in runs.values())
        progress.note(
            f"{len(report.done)} recordings are finished, and of {len(runs)} other"
            f"{'' if len(runs) == 1 else 's'} {kept_s / 60:.1f} min are kept."
        )
        raise
    finally:
        progress.end()
        if workers is not None:
            workers.close()


@dataclass(frozen=True)
class Pending:
    """A recording that is to be transcribed, and how."""

    recording: Recording
    settings: Settings
    hints: Hints


class Run:
    """One recording's run in the archive: what is kept of it, and how it ends."""

    def __init__(
        self,
        archive: Archive,
        recording: Recording,
        settings: Settings,
        progress: Progress,
        *,
        wait: bool,
    ) -> None:
        self._archive = archive
        self._wait = wait
        self._recording = recording
        self._progress = progress
        self._left_s = recording.duration_s
        self._speech_s = 0.0
        self._id = archive.begin_run(recording, settings)
        self._kept = archive.steps(self._id)

    @property
    def kept_s(self) -> float:
        """How much of the recording need not be heard again."""
        return self._recording.duration_s - self._left_s

    def recall(self, step: Step) -> Any | None:
        """The step's result, where this or an earlier process kept it."""
        text = self._kept.pop(key(step), None)
        if text is None:
            return None
        value = step.result.validate_json(text)
        self._advance(step, value, known=True)
        return value

    def keep(self, step: Step, outcome: Outcome) -> None:
        """The step's result, from now on safe."""
        text = step.result.dump_json(outcome.value).decode()
        self._archive.keep_step(self._id, key(step), step.stage, outcome.took_s, text)
        self._advance(step, outcome.value)

    def end(self, ended: Ended, report: Report) -> None:
        name = printable(self._recording.path)
        self._progress.advance(self._left_s, known=ended.transcript is None)
        if ended.error is not None:
            self._archive.fail_run(self._id, ended.error)
            report.problem(ended.error)
            self._progress.item(f"✗ {ended.error}", recording=name, state="failed")
        if ended.transcript is not None:
            self._finish(name, ended.transcript, report)

    def _finish(self, name: str, transcript: Transcript, report: Report) -> None:
        lost = _lost(self._recording, transcript.sound_s)
        took_s = self._archive.finish_run(
            self._id, self._recording, transcript, lost, wait=self._wait
        )
        spoken = ", ".join(transcript.languages) or "no speech found"
        line = f"{name}: {len(transcript.segments)} segments, {spoken}"
        report.done.append(line)
        self._progress.item(
            f"✓ {line}",
            recording=name,
            state="done",
            segments=len(transcript.segments),
            languages=transcript.languages,
            took_s=took_s,
        )
        if lost:
            report.problems.append(f"{name}: {lost}")

    def _advance(self, step: Step, value: Any, *, known: bool = False) -> None:
        """Shares are of speech; the bar counts all of the recording, silence included."""
        if isinstance(value, Speech):
            self._speech_s = sum(region.duration_s for region in value.regions)
        if not step.share_s:
            return
        done_s = self._recording.duration_s * step.share_s / self._speech_s
        done_s = min(done_s, self._left_s)
        self._left_s -= done_s
        self._progress.advance(done_s, known=known)


def _chosen(archive: Archive, only: Sequence[str], report: Report) -> list[Recording]:
    recordings = archive.recordings()
    known = {recording.testimony_id for recording in recordings}
    for ident in only:
        if ident not in known:
            report.problem(
                UsageError(ident, "is no testimony with recordings here.", "See testimony status.")
            )
    return [r for r in recordings if not only or r.testimony_id in only]


def _pending(
    archive: Archive,
    config: Config,
    engines: Engines,
    spellings: Lexicon,
    recording: Recording,
    told: str | None,
) -> Pending:
    """What this recording would be transcribed with; a change of any of it makes a new run."""
    row = archive.testimony(recording.testimony_id)
    declared = json.loads(row["languages"]) if row and row["languages"] else config.languages
    hints = spellings.hints(recording.testimony_id, [told] if told else declared)
    asked: dict[str, Any] = {
        "options": config.transcription.model_dump(mode="json", exclude={"batch_size"}),
        "language": told,
        "languages": list(declared),
        "known": list(config.languages),
        "models": [engines.plan(told), *(engines.plan(language) for language in declared)],
        "sha256": recording.sha256,
    }
    if hints:
        asked["hints"] = hints
    text = json.dumps(asked, sort_keys=True)
    settings = Settings(hashlib.sha256(text.encode()).hexdigest()[:16], tuple(declared))
    return Pending(recording, settings, hints)


def _lost(recording: Recording, decoded_s: float) -> str | None:
    if recording.duration_s - decoded_s <= max(_LOST_S, recording.duration_s * 0.01):
        return None
    return (
        f"only {decoded_s:.0f} of {recording.duration_s:.0f} s could be decoded; what there is"
        " was transcribed. Check the original for damage."
    )
