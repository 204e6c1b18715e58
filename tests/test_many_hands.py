"""People and machines at work on one archive in any turn: what a person said stands, or is listed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import draft, editing
from pipeline.archive import Archive
from pipeline.corrections import Correction, CorrectionError, Line, ms, replacing
from pipeline.draft import State
from pipeline.engines.fake import FakeEngine
from pipeline.ingest import ingest
from pipeline.recording import Recording
from pipeline.transcript import Segment
from tests.conftest import Folder, examples
from tests.test_correct import FIRST, content, edited, in_subrip, numbered, written

LENGTH_S = 24.0
SYLLABLES = ("ka", "me", "žu", "по", "rė", "lis")


def hears(seed: int) -> FakeEngine:
    """An engine that hears so many words of its own, evenly spread."""
    chance = random.Random(seed)
    words = ["".join(chance.choices(SYLLABLES, k=3)) for _ in range(chance.randint(16, 32))]
    ends = [chance.choice(["", "", "", "."]) for _ in words]
    text = " ".join(word + end for word, end in zip(words, ends, strict=True))
    return FakeEngine(lambda clip: text)


class Work:
    """One archive of one recording, the files that people still have, and who did what to it."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root)
        self.folder.config(languages=["pl"], new_runs="wait")
        self.folder.tone("a.wav", LENGTH_S)
        self.folder.sidecar("a", ["a.wav"], languages=["pl"])
        with self.folder.open() as archive:
            ingest(archive, self.folder.settings())
        self.folder.transcribe(hears(0))
        self.held: list[Path] = []
        self.exports = 0
        first = self.lines()[0]
        said = Line(first.start_s, first.end_s, "First.", FIRST["language"], FIRST["speaker"])
        with self.opened() as (archive, recording):
            archive.correct(recording, [replacing([first], [said], "Ona", "review")])

    @contextmanager
    def opened(self) -> Iterator[tuple[Archive, Recording]]:
        with self.folder.open() as archive:
            yield archive, archive.recordings()[0]

    def lines(self) -> list[Segment]:
        with self.opened() as (archive, recording):
            return [line for _, line in archive.lines(recording)]

    def said(self) -> list[Correction]:
        with self.opened() as (archive, recording):
            return archive.corrections(recording)

    def export(self, form: Any) -> Path:
        self.exports += 1
        with self.folder.open() as archive:
            to = self.folder.root / "out" / str(self.exports)
            report = editing.export(archive, "a", form, to)
        return Path(report.facts["paths"][0])

    def correct(self, path: Path) -> None:
        with self.folder.open() as archive:
            editing.correct(archive, "a", path, "Jan")

    # What happens to it

    def file(self, data: st.DataObject) -> None:
        """Out, edited, in, and out again: the edits and nothing else."""
        form: Any = data.draw(st.sampled_from(["vtt", "srt"]))
        path = self.export(form)
        self._edit(path, data, form)
        wanted = path.read_text("utf-8")
        self.correct(path)
        assert _cues(self.export(form).read_text("utf-8")) == _cues(wanted)

    def hold(self, data: st.DataObject) -> None:
        """Somebody takes a file home and edits it there."""
        form: Any = data.draw(st.sampled_from(["vtt", "srt"]))
        path = self.export(form)
        self._edit(path, data, form)
        self.held.append(path)

    def bring(self, data: st.DataObject) -> None:
        """The file comes back: all of it counts, or nothing does."""
        if self.held:
            before = self.lines()
            try:
                self.correct(self.held.pop(0))
            except CorrectionError as error:
                assert "Nothing is changed" in str(error)
                assert self.lines() == before

    def review(self, data: st.DataObject) -> None:
        """One line in the browser."""
        lines = self.lines()[1:]
        if lines:
            line = data.draw(st.sampled_from(lines))
            new = Line(line.start_s, line.end_s, data.draw(st.sampled_from(["Yes.", "No."])), "lt")
            with self.opened() as (archive, recording):
                archive.correct(recording, [replacing([line], [new], "Rita", "review")])

    def run(self, data: st.DataObject) -> None:
        """Another model, which waits."""
        before = self.lines()
        engine = hears(data.draw(st.integers(1, 10**6)))
        assert self.folder.transcribe(engine, again=True).ok
        assert self.lines() == before

    def accept(self, data: st.DataObject) -> None:
        """What waits counts; each correction of an earlier run is placed, or listed."""
        with self.opened() as (archive, recording):
            waits = recording.waiting_run_id is not None
            placements = archive.accept(recording)
            earlier = {c.id for c in archive.corrections(recording)} if waits else set()
        replaced = {
            c.id for n, c in enumerate(self.said()) if _is_replaced(c, self.said()[n + 1 :])
        }
        assert {p.correction_id for p in placements} >= earlier - replaced

    def _edit(self, path: Path, data: st.DataObject, form: Any) -> None:
        lines = tuple(self.lines())
        now = [line for line in edited(lines, data.draw, form) if line.end_s <= LENGTH_S]
        if form == "srt":
            now = [x if x in lines else written(x, in_subrip(x.text)) for x in now]
        with self.opened() as (archive, recording):
            last = archive.corrections(recording)[-1].id or 0
            state = State(recording.id, archive.base(recording), last)
        path.write_text(draft.write(form, numbered(tuple(now)), state, ["A life"]), "utf-8")

    def must_be_whole(self) -> None:
        """People's lines stand where they were said; nothing overlaps or leaves the recording."""
        lines, said = self.lines(), self.said()
        edges = [edge for line in lines for edge in (line.start_s, line.end_s)]
        assert edges == sorted(edges) and all(0 <= edge <= LENGTH_S for edge in edges)
        assert all(a.end_s <= b.start_s for a, b in pairwise(lines))
        for line in lines:
            times = [
                line.start_s,
                *(t for w in line.words for t in (w.start_s, w.end_s)),
                line.end_s,
            ]
            assert times == sorted(times)
        stand = {content(line) for line in lines if line.state == "corrected"}
        assert stand == set(_people(said))
        with self.opened() as (archive, recording):
            assert archive.text_faults(recording) == []


def _cues(text: str) -> list[str]:
    """Cues without their numbers, and without the mark of what the machine doubts."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return ["\n".join(block[1:]).replace(draft.QUARANTINED, "") for block in blocks
            if len(block) > 1 and "-->" in block[1]]  # fmt: skip


def _people(said: Sequence[Correction]) -> list[tuple[Any, ...]]:
    """The lines that people's corrections leave, the later over the earlier."""
    left: list[Line] = []
    for one in said:
        left = [line for line in left if not _touches(line, one)] + list(one.lines)
    return [content(line) for line in left]


def _touches(line: Line, one: Correction) -> bool:
    return ms(line.start_s) < ms(one.end_s) and ms(one.start_s) < ms(line.end_s)


def _is_replaced(one: Correction, later: Sequence[Correction]) -> bool:
    """Whether nothing is left of it under later ones."""
    at = ms(one.start_s)
    for start, end in sorted((ms(x.start_s), ms(x.end_s)) for x in later):
        if start <= at:
            at = max(at, end)
    return at >= ms(one.end_s)


DOES = ("file", "hold", "bring", "review", "run", "accept")


@settings(max_examples=examples(12), deadline=None)
@given(st.data(), st.lists(st.sampled_from(DOES), min_size=2, max_size=7))
def test_whatever_people_and_machines_do_in_turn_what_people_said_stands(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, turns: list[str]
) -> None:
    work = Work(tmp_path_factory.mktemp("work") / "archive")
    for turn in turns:
        getattr(work, turn)(data)
        work.must_be_whole()
