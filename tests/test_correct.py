"""Out to any editor and back: what a person changed, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import cuefile, draft, editing
from pipeline.archive import Archive
from pipeline.corrections import CorrectionError, Line, corrected, must_stand, replacing, tidy
from pipeline.cuefile import CueFileError
from pipeline.draft import State
from pipeline.engines.fake import FakeEngine
from pipeline.errors import UsageError
from pipeline.recording import Recording
from pipeline.report import Report, Silent
from pipeline.retiming import spread
from pipeline.transcript import Segment
from pipeline.withdraw import withdraw
from tests.conftest import Folder, examples
from tests.test_corrections import SAID

STATE = State("0123456789abcdef", 7, 3)
FIRST = {"speaker": "Ona B.", "language": "lt"}  # so that a file always tells both


def segment(start_s: float, end_s: float, text: str, **fields: Any) -> Segment:
    plain = Segment(start_s, end_s, text, "lt", 0.9, "audio", "lt", 0.9, 0.8)
    return replace(plain, words=spread(text, start_s, end_s), **fields)


def written(line: Segment, text: str) -> Segment:
    return replace(line, text=text, words=spread(text, line.start_s, line.end_s))


def in_subrip(text: str) -> str:
    return text.replace("-->", "→")


def content(line: Segment | Line) -> tuple[Any, ...]:
    return (line.start_s, line.end_s, line.text, line.language, line.speaker)


def taken_back(lines: tuple[Segment, ...], text: str) -> tuple[Segment, ...]:
    """The lines after a file was taken back, each correction on what stands there."""
    found = draft.changes(lines, cuefile.read(text.encode(), "file"), whole=True)
    assert not found.problems
    edits, conflicts = draft.settle(found.edits, lines)
    assert not conflicts
    for edit in edits:
        correction = replacing(edit.old, edit.new, "Ona")
        must_stand(lines, correction)
        lines = corrected(lines, correction)
    return lines


def numbered(lines: tuple[Segment, ...]) -> list[tuple[int, Segment]]:
    return list(enumerate(lines, start=100))


# Whatever a person does in an editor

said = st.text(min_size=1, max_size=30) | st.sampled_from(
    ["-->", "<v X>", "&amp;", "NOTE", "a & b < c", "Ąžuolas, ėjo.", "Хто там?", "1"]
)
texts = said.map(lambda text: " ".join(text.replace("\0", "").split())).filter(
    lambda text: text and not text.startswith(("[redacted:", draft.QUARANTINED))
)
people = st.sampled_from([None, "Ona B.", "A <&> B"])
tongues = st.sampled_from([None, "lt", "ru", "sr-Latn"])


@st.composite
def heard(draw: st.DrawFn) -> tuple[Segment, ...]:
    """Lines with gaps of every size between them, none included."""
    at, lines = draw(st.integers(0, 5000)), []
    for n in range(draw(st.integers(1, 7))):
        start, at = at, at + draw(st.integers(200, 8000))
        who = FIRST if n == 0 else {"speaker": draw(people), "language": draw(tongues)}
        state = "ok" if n == 0 else draw(st.sampled_from(["ok", "ok", "corrected", "quarantined"]))
        text = "First." if n == 0 else draw(texts)
        lines.append(segment(start / 1000, at / 1000, text, state=state, **who))
        at += draw(st.sampled_from([0, 0, 3, 700, 4000]))
    return tuple(lines)


def edited(lines: tuple[Segment, ...], draw: Callable[..., Any], form: str) -> list[Segment]:
    """The lines after some of the things that people do to them; the first stays."""
    now = list(lines)
    for _ in range(draw(st.integers(0, 4))):
        n = draw(st.integers(1, len(now)))
        does = draw(st.sampled_from(["text", "take out", "add", "part", "join", "move", "who"]))
        if does == "add":
            begins = round(now[n - 1].end_s * 1000)
            until = round(now[n].start_s * 1000) if n < len(now) else begins + 3000
            if until - begins >= 200:
                now.insert(n, segment((begins + 60) / 1000, (until - 60) / 1000, draw(texts)))
        elif n == len(now):
            continue
        elif does == "text":
            now[n] = replace(now[n], text=draw(texts), state="ok")
        elif does == "take out":
            now.pop(n)
        elif does == "part" and round(now[n].end_s * 1000) - round(now[n].start_s * 1000) > 100:
            middle = round((now[n].start_s + now[n].end_s) / 2, 3)
            first = replace(now[n], end_s=middle, text=draw(texts), state="ok")
            now[n : n + 1] = [first, replace(now[n], start_s=middle, text=draw(texts), state="ok")]
        elif does == "join" and n + 1 < len(now):
            text = f"{now[n].text} {now[n + 1].text}"
            now[n : n + 2] = [replace(now[n], end_s=now[n + 1].end_s, text=text, state="ok")]
        elif does == "move" and now[n].end_s - now[n].start_s > 0.2:
            now[n] = replace(now[n], end_s=round(now[n].end_s - 0.09, 3), state="ok")
        elif does == "who" and form == "vtt":
            now[n] = replace(now[n], speaker=draw(people), language=draw(tongues), state="ok")
    return now


@settings(max_examples=examples(150), deadline=None)
@given(st.data(), heard(), st.sampled_from(["vtt", "srt"]))
def test_the_edits_and_nothing_else_come_back(
    data: st.DataObject, lines: tuple[Segment, ...], form: Any
) -> None:
    if form == "srt":  # it has no language, no speaker but by custom, no entities, its own arrow
        plain = [replace(line, speaker=None, language="lt") for line in lines]
        lines = tuple(written(x, in_subrip(x.text)) for x in plain)
    wanted = edited(lines, data.draw, form)
    if form == "srt":
        wanted = [written(x, in_subrip(x.text)) for x in wanted]
    there = draft.write(form, numbered(tuple(wanted)), STATE, ["A life"])
    now = taken_back(lines, there)
    known = [content(line) for line in wanted]
    if form == "srt":  # what it cannot say of new lines is not guessed
        known = [row[:3] for row in known]
    assert [content(line)[: len(known[0])] for line in now] == known
    assert all(line in now for line in wanted if line in lines)
    for line in now:
        edges = [line.start_s, *(t for w in line.words for t in (w.start_s, w.end_s)), line.end_s]
        assert edges == sorted(edges)
        assert " ".join(word.text for word in line.words) == line.text
    assert all(a.end_s <= b.start_s for a, b in pairwise(now))
    again = draft.write(form, numbered(now), STATE, ["A life"])
    if not any(line.state == "quarantined" for line in (*wanted, *now)):
        assert [line for line in again.split("\n") if "-->" in line] == [
            line for line in there.split("\n") if "-->" in line
        ]


@settings(max_examples=examples(60), deadline=None)
@given(heard())
def test_what_is_written_for_an_editor_is_valid(lines: tuple[Segment, ...]) -> None:
    read = webvtt.from_string(draft.write("vtt", numbered(lines), STATE, ["A life"]), strict=True)
    assert [caption.identifier for caption in read.captions] == [
        f"s{number}" for number, _ in numbered(lines)
    ]
    assert taken_back(lines, draft.write("vtt", numbered(lines), STATE, [])) == lines


# What editors make of a file

LINES = tidy(
    [
        segment(0.0, 3.0, "One two three.", speaker="Ona"),
        segment(3.0, 6.0, "Four five six.", speaker="Jan", language="ru"),
        segment(6.5, 9.0, "Thanks for watching.", state="quarantined", reasons=("a film's end",)),
    ]
)


def file(form: Any = "vtt") -> str:
    return draft.write(form, numbered(LINES), STATE, ["A life"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_encodings_and_line_ends_are_no_change(form: str, end: str, encoding: str) -> None:
    raw = file(form).replace("\n", end).encode(encoding)
    assert draft.changes(LINES, cuefile.read(raw, "f")).edits == []


def test_what_an_editor_drops_or_rounds_is_no_change() -> None:
    bare = file().replace("00:00:0", "00:0").replace("3.000", "3.021")
    for tag in ("<v Ona>", "<v Jan>", "</v>", "<lang lt>", "<lang ru>", "</lang>"):
        bare = bare.replace(tag, "")
    assert draft.changes(LINES, cuefile.read(bare.encode(), "f")).edits == []
    (edit,) = draft.changes(
        LINES, cuefile.read(bare.replace("five", "<i>5</i>").encode(), "f")
    ).edits
    assert [content(line) for line in edit.new] == [(3.021, 6.0, "Four 5 six.", "ru", "Jan")]


def test_who_takes_the_mark_away_answers_for_a_quarantined_line() -> None:
    for form in ("vtt", "srt"):
        text = file(form).replace(draft.QUARANTINED, "")
        (edit,) = draft.changes(LINES, cuefile.read(text.encode(), "f")).edits
        assert [line.text for line in edit.old] == [line.text for line in edit.new]
        assert taken_back(LINES, text)[2].state == "corrected"


def test_a_speaker_in_subrip_is_one_that_is_known() -> None:
    text = file("srt").replace("Jan: Four", "Ona: Four").replace("One", "Note: one")
    one, four = draft.changes(LINES, cuefile.read(text.encode(), "f")).edits
    assert (one.new[0].speaker, one.new[0].text) == ("Ona", "Note: one two three.")
    assert (four.new[0].speaker, four.new[0].text) == ("Ona", "Four five six.")


def test_two_voices_in_a_cue_are_two_lines() -> None:
    text = file().replace("Four five six.", "Four five</lang></v>\n<v Ona><lang lt>six seven")
    (edit,) = draft.changes(LINES, cuefile.read(text.encode(), "f")).edits
    assert [content(line) for line in edit.new] == [
        (3.0, 4.5, "Four five", "ru", "Jan"), (4.5, 6.0, "six seven", "lt", "Ona")
    ]  # fmt: skip


def test_joined_cues_of_one_voice_are_one_line() -> None:
    tagged = "<v Ona><lang lt>One two three.</lang></v>"
    joined = file().replace("00:00:03.000\n<v Ona>", "00:00:06.000\n<v Ona>")
    joined = joined.replace(tagged, f"{tagged} <v Ona><lang lt>Four five six.</lang></v>")
    gone, rest = joined.index("s101\n"), joined.index("NOTE\nNot published")
    joined = joined[:gone] + joined[rest:]
    (edit,) = draft.changes(LINES, cuefile.read(joined.encode(), "f")).edits
    assert [content(line) for line in edit.new] == [
        (0.0, 6.0, "One two three. Four five six.", "lt", "Ona")
    ]


def test_a_cue_that_was_split_between_its_tags_keeps_who_speaks_and_the_language() -> None:
    text = file().replace(
        "00:00:03.000 --> 00:00:06.000\n<v Jan><lang ru>Four five six.</lang></v>",
        "00:00:03.000 --> 00:00:04.500\n<v Jan><lang ru>Four five\n\n"
        "s9\n00:00:04.500 --> 00:00:06.000\nsix.</lang></v>",
    )
    (edit,) = draft.changes(LINES, cuefile.read(text.encode(), "f")).edits
    assert [content(line) for line in edit.new] == [
        (3.0, 4.5, "Four five", "ru", "Jan"), (4.5, 6.0, "six.", "ru", "Jan")
    ]  # fmt: skip


def test_a_file_saved_as_subrip_without_who_speaks_changes_no_speaker() -> None:
    bare = file("srt").replace("Ona: ", "").replace("Jan: ", "")
    assert draft.changes(LINES, cuefile.read(bare.encode(), "f")).edits == []
    bare = bare.replace("Four five", "Four, five")
    (edit,) = draft.changes(LINES, cuefile.read(bare.encode(), "f")).edits
    assert [content(line) for line in edit.new] == [(3.0, 6.0, "Four, five six.", "ru", "Jan")]


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_entities_that_an_editor_writes_are_the_signs_they_stand_for(form: Any) -> None:
    lines = tidy([segment(0.0, 3.0, "Jonas & Petras said “no”.")])
    plain = draft.write(form, numbered(lines), STATE, [])
    text = plain.replace("&amp;", "&").replace("&", "&amp;").replace("“", "&#8220;")
    assert draft.changes(lines, cuefile.read(text.encode(), "f")).edits == []
    text = text.replace("said", "&quot;said&quot; &nbsp;")
    (edit,) = draft.changes(lines, cuefile.read(text.encode(), "f")).edits
    assert [line.text for line in edit.new] == ['Jonas & Petras "said" “no”.']


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_cues_that_stand_in_another_order_are_taken_by_their_times(form: Any) -> None:
    head, *blocks = draft.write(form, numbered(LINES[:2]), STATE, []).strip().split("\n\n")
    notes, blocks = ([head, blocks[0]], blocks[1:]) if form == "vtt" else ([], [head, *blocks])
    moved = "\n\n".join([*notes, *reversed(blocks)]) + "\n"
    assert draft.changes(LINES[:2], cuefile.read(moved.encode(), "f")).edits == []
    # The second line is said before the first one after all.
    point = "." if form == "vtt" else ","
    text = moved.replace(f"00:00:00{point}000 --> 00:00:03", f"00:00:06{point}100 --> 00:00:09")
    now = taken_back(LINES[:2], text)
    assert [(line.start_s, line.text) for line in now] == [
        (3.0, "Four five six."), (6.1, "One two three.")
    ]  # fmt: skip


def test_a_cue_right_below_the_first_line_of_webvtt_is_a_cue() -> None:
    raw = b"WEBVTT Kind: captions\n00:00.000 --> 00:03.000\nOne.\n\n00:03.000 --> 00:06.000\nTwo."
    assert [(cue.line, cue.text) for cue in cuefile.read(raw, "f").cues] == [
        (2, "One."),
        (5, "Two."),
    ]


def test_styled_cues_say_what_they_say() -> None:
    styled = file().replace("WEBVTT\n", "WEBVTT\n\nSTYLE\n::cue { color: red }\n", 1)
    styled = styled.replace("03.000\n<v Ona><lang lt>One two", "03.000 line:0 align:left\n"
                            "<v.loud Ona><lang lt><c.yellow>One</c> <00:00:01.000><i>two</i>")  # fmt: skip
    assert draft.changes(LINES, cuefile.read(styled.encode(), "f")).edits == []
    styled = file("srt").replace("Four five", '{\\an8}<font color="#fff">Four</font> <b>five</b>')
    assert draft.changes(LINES, cuefile.read(styled.encode(), "f")).edits == []


def test_a_file_of_public_form_leaves_alone_what_it_does_not_show() -> None:
    public = (
        "WEBVTT\n\ns1\n00:00.000 --> 00:03.000\n<v Ona><lang lt>One, two, three.</lang></v>\n\n"
        "s2\n00:03.000 --> 00:06.000\n[redacted: third person]\n"
    )
    found = draft.changes(LINES, cuefile.read(public.encode(), "f"))
    assert [edit.old for edit in found.edits] == [LINES[:1]] and found.left_alone == 1
    over = public.replace("00:03.000\n<v", "00:02.000\n<v").replace(
        "s2\n", "00:02.000 --> 00:03.000\nNew\n\ns2\n"
    )
    assert not draft.changes(LINES, cuefile.read(over.encode(), "f")).problems


# Through the archive


@pytest.fixture
def corrected_archive(folder: Folder) -> Folder:
    folder.tone("a.wav", 24.0)
    folder.sidecar("a", ["a.wav"], access="closed", languages=["pl"])
    folder.run(FakeEngine(lambda clip: SAID))
    return folder


def only(archive: Archive) -> Recording:
    return archive.recordings()[0]


def export(folder: Folder, form: Any, to: str = "out") -> Path:
    with folder.open() as archive:
        report = editing.export(archive, "a", form, folder.root / to)
    return Path(report.facts["paths"][0])


def give_back(folder: Folder, path: Path, **choice: Any) -> Report:
    with folder.open() as archive:
        return editing.correct(archive, "a", path, "Ona", **choice)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_exported_corrected_exported_on_the_command_line(corrected_archive: Folder) -> None:
    out = str(corrected_archive.root / "out")
    asked = ("export", "a", "--format", "vtt", "--for", "editing", "--to", out)
    assert corrected_archive.command(*asked).returncode == 0
    path = Path(out) / "a.editing.vtt"
    assert path.stat().st_mode & 0o077 == 0
    nothing = corrected_archive.command("correct", "a", str(path))
    assert nothing.returncode == 0 and "nothing is changed" in nothing.stdout
    change(path, "Four five six.", "Four, five, six.")
    result = corrected_archive.command("correct", "a", str(path), "--who", "Ona")
    assert (result.returncode, result.stderr) == (0, "")
    assert "0:03 to 0:06: 'Four five six.' became 'Four, five, six.'" in result.stdout
    assert "Ona answers for it" in result.stdout
    change(path, "00:00:03.000 --> 00:00:06.000", "3 s --> 6 s")
    wrong = corrected_archive.command("correct", "a", str(path))
    assert wrong.returncode == 1 and "Traceback" not in wrong.stderr
    below = ("--to", str(corrected_archive.root / "publication"))
    refused = corrected_archive.command(*asked[:-2], *below)
    assert refused.returncode == 2 and "no export may be" in refused.stderr


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_the_export_is_logged_and_the_round_trip_is_exact(
    corrected_archive: Folder, form: str
) -> None:
    path = export(corrected_archive, form)
    change(path, "Four five six.", "Four, five, six.")
    report = give_back(corrected_archive, path)
    assert report.facts["changes"] == [
        {"start_s": 3.0, "end_s": 6.0, "before": ["Four five six."], "after": ["Four, five, six."]}
    ]
    with corrected_archive.open() as archive:
        (event,) = [e for e in archive.events("a") if e["type"] == "export"]
        assert event["detail"]["channel"] == "editing" and event["detail"]["path"] == str(path)
        (one,) = archive.corrections(only(archive))
        assert (one.start_s, one.end_s, one.who, one.source) == (3.0, 6.0, "Ona", "file")
    again = export(corrected_archive, form, "again").read_text("utf-8")
    said = [line for line in again.splitlines() if "e" in line and "run" not in line]
    assert said == [
        line for line in path.read_text("utf-8").splitlines() if "e" in line and "run" not in line
    ]


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_an_older_file_does_not_undo_what_another_has_done(
    corrected_archive: Folder, form: str
) -> None:
    mine, theirs = export(corrected_archive, form), export(corrected_archive, form, "theirs")
    change(theirs, "One two three.", "One, two, three.")
    give_back(corrected_archive, theirs)
    change(mine, "Four five six.", "Four, five, six.")
    give_back(corrected_archive, mine)
    with corrected_archive.open() as archive:
        texts = [line.text for _, line in archive.lines(only(archive))]
        assert texts[:2] == ["One, two, three.", "Four, five, six."]
    change(mine, "One two three.", "One or two.")
    change(mine, "Seven eight", "Seven, eight")
    said = "1 place was changed by somebody else.*'One two three.', found 'One, two, three.'"
    with pytest.raises(CorrectionError, match=f"(?s){said}"):
        give_back(corrected_archive, mine)
    with corrected_archive.open() as archive:
        assert [line.text for _, line in archive.lines(only(archive))] == texts


def test_a_file_that_lost_its_note_is_known_by_what_it_differs_from(
    corrected_archive: Folder,
) -> None:
    mine, theirs = export(corrected_archive, "srt"), export(corrected_archive, "vtt")
    change(theirs, "One two three.", "One, two, three.")
    give_back(corrected_archive, theirs)
    moved = mine.rename(corrected_archive.root / "mine.srt")
    assert not give_back(corrected_archive, moved).done
    with corrected_archive.open() as archive:
        assert archive.lines(only(archive))[0][1].text == "One, two, three."


WRONG = {
    "another recording": (
        "",
        "f" * 16,
        "part 1 of a, found one of recording f+, which is not in this archive",
    ),
    "times outside": (
        "00:00:21.000 --> 00:00:24.000",
        "00:00:21.000 --> 00:00:29.000",
        "after the recording, which is 24 s",
    ),
    "overlap": ("00:00:03.000 --> 00:00:06.000", "00:00:03.000 --> 00:00:07.000", "overlaps"),
    "end first": ("00:00:03.000 --> 00:00:06.000", "00:00:06.000 --> 00:00:03.000", "ends before"),
    "no times": ("00:00:03.000 --> 00:00:06.000", "3 s --> 6 s", "expected times like"),
    "no captions": ("WEBVTT", "Dear archive,", "expected a cue"),
    "another run": ("run 1,", "run 99,", "does not have"),
    "no language": ("<lang pl>Seven", "<lang Polish>Seven", "expected a language"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused_whole(corrected_archive: Folder, wrong: str) -> None:
    path = export(corrected_archive, "vtt")
    change(path, "One two three.", "One, two, three.")
    old, new, said = WRONG[wrong]
    with corrected_archive.open() as archive:
        change(path, old or only(archive).id, new)
    with pytest.raises((CueFileError, CorrectionError), match=said):
        give_back(corrected_archive, path)
    with corrected_archive.open() as archive:
        assert not archive.corrections(only(archive))


def test_all_that_is_wrong_is_said_at_once(corrected_archive: Folder) -> None:
    path = export(corrected_archive, "srt")
    change(path, "00:00:06,000 --> 00:00:09,000", "00:00:06,000 --> 00:00:05,000")
    change(path, "00:00:12,000 --> 00:00:15,000", "12 to 15")
    with pytest.raises(CueFileError, match=r"cannot be taken \(2 problems\)"):
        give_back(corrected_archive, path)
    path.write_bytes(b"")
    with pytest.raises(CueFileError, match="is empty"):
        give_back(corrected_archive, path)


KILLED = """
import os, signal, sys
from pipeline import archive, cli, lines
setattr({owner}, {name!r}, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
cli.main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("owner", "name"),
    [("lines.Lines", "_keep"), ("lines.Lines", "_add_unheard"), ("archive.Archive", "record")],
)
def test_who_is_killed_while_correcting_has_corrected_nothing_and_can_do_it_again(
    corrected_archive: Folder, owner: str, name: str
) -> None:
    path = export(corrected_archive, "vtt")
    change(path, "One two three.", "One, two, three.")
    change(path, "Four five six.", "Four, five, six.")
    with corrected_archive.open() as archive:
        before = archive.lines(only(archive))
    code = KILLED.format(owner=owner, name=name)
    told = ["correct", "a", str(path), "--archive", str(corrected_archive.root)]
    killed = subprocess.run([sys.executable, "-c", code, *told], capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    with corrected_archive.open() as archive:
        assert archive.lines(only(archive)) == before
        assert archive.corrections(only(archive)) == []
    assert corrected_archive.command(*told[:3]).stdout.count("became") == 2


def test_a_file_of_another_recording_is_named_as_an_archivist_knows_it(
    corrected_archive: Folder,
) -> None:
    corrected_archive.tone("b.wav", 24.0, pitch_hz=300)
    corrected_archive.sidecar("b", ["b.wav"], languages=["pl"])
    corrected_archive.run(FakeEngine(lambda clip: SAID))
    path = export(corrected_archive, "vtt")
    said = corrected_archive.command("correct", "b", str(path))
    assert said.returncode == 1
    assert "expected a file of part 1 of b, found one of part 1 of a." in said.stderr


def test_another_text_with_other_times_is_of_another_recording(corrected_archive: Folder) -> None:
    path = corrected_archive.root / "other.srt"
    path.write_text("1\n00:00:01,300 --> 00:00:04,200\nSomething else altogether.\n", "utf-8")
    with pytest.raises(CorrectionError, match=r"expected 25% .* found 0%"):
        give_back(corrected_archive, path)


def test_a_withdrawn_testimony_is_neither_given_out_nor_taken_back(
    corrected_archive: Folder,
) -> None:
    path = export(corrected_archive, "vtt")
    with corrected_archive.open() as archive:
        withdraw(archive, corrected_archive.settings(), "a", "asked", Silent())
    with pytest.raises(UsageError, match="was withdrawn"):
        export(corrected_archive, "srt")
    with pytest.raises(UsageError, match="was withdrawn"):
        give_back(corrected_archive, path)
