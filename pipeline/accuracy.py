"""How many of the machine's words are wrong, from the lines that were drawn and that people heard.

Only drawn lines count: what people choose to correct is worse than the rest. The machine's own
words are compared with what a person says was said there, whichever text counts by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from pipeline import consent, estimate, scoring
from pipeline.archive import Archive
from pipeline.consent import Span
from pipeline.corrections import Text, tidy
from pipeline.entries import Item
from pipeline.recording import Recording
from pipeline.samples import Sampled
from pipeline.scoring import Errors
from pipeline.transcript import Segment

_CORRECTED = "corrected"


@dataclass(frozen=True)
class Figure:
    """What is known of the machine's lines in one language, by one model, or of one testimony.

    None stands for all of them, and in `language` for what has none. Rates are shares of words and
    characters, with the ends of their 95 % intervals; a rate without one rests on too few lines.
    `not_published`: lines in quarantine; `missed_s`: speech that has no words.
    """

    testimony_id: str | None = None
    language: str | None = None
    engine: str | None = None
    model: str | None = None
    drawn: int = 0
    heard: int = 0  # of those drawn, how many a person has corrected or confirmed
    words: int = 0
    wer: float | None = None
    wer_low: float | None = None
    wer_high: float | None = None
    cer: float | None = None
    cer_low: float | None = None
    cer_high: float | None = None
    not_published: int | None = None
    missed_s: float | None = None


@dataclass
class _Group:
    drawn: int = 0
    errors: list[Errors] = field(default_factory=list)
    not_published: int | None = None
    missed_s: float | None = None


_Key = tuple[str | None, str | None, str | None, str | None]


def figures(archive: Archive, items: Mapping[str, Item], *, published: bool) -> list[Figure]:
    """All that the samples say of these testimonies.

    `published`: without what is redacted, and rates only where there are enough lines. Without a
    sample there are no figures.
    """
    drawn = archive.samples()
    if not drawn:
        return []
    masters = {r.id: (item, r) for item in items.values() for r in item.recordings}
    mine = [one for one in drawn if _may_count(one, masters, published=published)]
    heard = compared(archive, mine)
    groups: dict[_Key, _Group] = {}
    for one in mine:
        for key in _keys(one):
            group = groups.setdefault(key, _Group())
            group.drawn += 1
            if one.segment_id in heard:
                group.errors.append(heard[one.segment_id])
    _count_lost(archive, masters, groups)
    ordered = sorted(groups.items(), key=lambda both: tuple(part or "" for part in both[0]))
    return [_figure(key, group, published=published) for key, group in ordered]


def rows(archive: Archive, items: Mapping[str, Item]) -> tuple[tuple[Any, ...], ...]:
    """The figures as rows of the published table `quality`."""
    found = figures(archive, items, published=True)
    return tuple((number, *astuple(figure)) for number, figure in enumerate(found, start=1))


def compared(archive: Archive, drawn: Iterable[Sampled]) -> dict[int, Errors]:
    """By the number of a drawn line, its errors; those that no person has heard are left out.

    What was compared is kept until the recording has another correction.
    """
    last, known = archive.last_corrections(), archive.comparisons()
    wanted: dict[tuple[str, int], set[int]] = {}
    for one in drawn:
        if one.recording_id in last:
            wanted.setdefault((one.recording_id, one.run_id), set()).add(one.segment_id)
    found: dict[int, Errors | None] = {}
    for (recording_id, run_id), lines in wanted.items():
        upto = last[recording_id]
        if any(known.get(line, (None,))[0] != upto for line in lines):
            machine, text = list(archive.segments(run_id)), archive.applied(recording_id, run_id)
            new = dict.fromkeys(lines) | dict(_errors(machine, text, lines))
            archive.keep_comparisons(upto, new)
        else:
            new = {line: known[line][1] for line in lines}
        found |= new
    return {line: errors for line, errors in found.items() if errors is not None}


def _may_count(
    one: Sampled, masters: Mapping[str, tuple[Item, Recording]], *, published: bool
) -> bool:
    there = masters.get(one.recording_id)
    if there is None:
        return False
    item, recording = there
    span = Span(recording.path, one.start_s, one.end_s)
    return not published or consent.redaction_of(item.sidecar, span) is None


def _keys(one: Sampled) -> Iterator[_Key]:
    """Of what the line says something: of what all lines could be drawn of in its draw."""
    language = one.language
    if one.design.covers(language):
        yield None, language, one.engine, one.model
        if one.counts:
            yield None, language, None, None
    if one.counts and one.design.covers(language, one.testimony_id):
        yield one.testimony_id, language, None, None


def _errors(
    machine: Sequence[tuple[int, Segment]], text: Text, wanted: set[int]
) -> Iterator[tuple[int, Errors]]:
    """The errors of wanted lines that people have replaced or confirmed, whole."""
    ordered = sorted(machine, key=lambda both: (both[1].start_s, both[1].end_s))
    lines = tidy(segment for _, segment in ordered)
    left = [line for line in text.lines if line.state != _CORRECTED]
    people = [line for line in text.lines if line.state == _CORRECTED]
    for n, (ident, _) in enumerate(ordered):
        if ident in wanted and not any(_overlap(lines[n], line) for line in left):
            together, said = _around(n, lines, people)
            heard = [lines[m].text for m in together]
            yield ident, scoring.by_part(said, heard)[together.index(n)]


def _around(n: int, lines: Sequence[Segment], people: Sequence[Segment]) -> tuple[list[int], str]:
    """The machine's lines that share people's lines with the `n`th, and what people say there."""
    together, said = {n}, set[int]()
    grown = True
    while grown:
        before = len(together) + len(said)
        said |= {
            p for p, one in enumerate(people) if any(_overlap(one, lines[m]) for m in together)
        }
        together |= {
            m for m, one in enumerate(lines) if any(_overlap(one, people[p]) for p in said)
        }
        grown = len(together) + len(said) > before
    return sorted(together), " ".join(people[p].text for p in sorted(said))


def _touching(lines: Sequence[Segment], others: Sequence[Segment]) -> set[int]:
    return {n for n, line in enumerate(lines) if any(_overlap(line, other) for other in others)}


def _overlap(one: Segment, other: Segment) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s


def _count_lost(
    archive: Archive,
    masters: Mapping[str, tuple[Item, Recording]],
    groups: dict[_Key, _Group],
) -> None:
    """Adds what is not published and what was missed: no sample can tell of it."""
    lost = archive.lost()
    for recording_id, (_, recording) in masters.items():
        quarantined, missed_s = lost.get(recording_id, ({}, 0.0))
        for owner in (None, recording.testimony_id):
            for language, lines in quarantined.items():
                group = groups.setdefault((owner, language, None, None), _Group())
                group.not_published = (group.not_published or 0) + lines
            rest = groups.setdefault((owner, None, None, None), _Group())
            rest.missed_s = round((rest.missed_s or 0.0) + missed_s, 2)


def _figure(key: _Key, group: _Group, *, published: bool) -> Figure:
    errors = group.errors
    total = sum(errors, scoring.NONE)
    enough = len(errors) >= estimate.FEWEST
    told = enough or not published
    wer = estimate.interval([e.word_edits for e in errors], [e.words for e in errors])
    cer = estimate.interval([e.character_edits for e in errors], [e.characters for e in errors])
    return Figure(
        *key,
        drawn=group.drawn,
        heard=len(errors),
        words=total.words,
        wer=_rounded(total.wer) if told else None,
        wer_low=_rounded(wer[0]) if wer else None,
        wer_high=_rounded(wer[1]) if wer else None,
        cer=_rounded(total.cer) if told else None,
        cer_low=_rounded(cer[0]) if cer else None,
        cer_high=_rounded(cer[1]) if cer else None,
        not_published=group.not_published,
        missed_s=group.missed_s,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def tables(found: Sequence[Figure]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The figures as (title, columns, rows) for a terminal."""
    rates = [one for one in found if one.drawn]
    kinds = {
        "By language": [one for one in rates if one.testimony_id is None and one.model is None],
        "By model": [one for one in rates if one.model is not None],
        "By testimony": [one for one in rates if one.testimony_id is not None],
    }
    columns = ["", "language", "heard of drawn", "WER (95 %)", "CER (95 %)"]
    shown = [
        (title, columns, [_row(one) for one in figures])
        for title, figures in kinds.items()
        if figures
    ]
    lost = [one for one in found if one.not_published or one.missed_s]
    lines = [
        [one.testimony_id or "all", one.language or "–", str(one.not_published or "–"),
         "–" if one.missed_s is None else f"{one.missed_s:.0f} s"]
        for one in lost
    ]  # fmt: skip
    if lines:
        columns = ["", "language", "lines not published", "missed"]
        shown.append(("Not in these figures", columns, lines))
    return shown


def _row(one: Figure) -> list[str]:
    name = one.testimony_id or (f"{one.engine} {one.model}" if one.model else "all")
    return [
        name,
        one.language or "–",
        f"{one.heard} of {one.drawn}",
        _shown(one.wer, one.wer_low, one.wer_high),
        _shown(one.cer, one.cer_low, one.cer_high),
    ]


def _shown(rate: float | None, low: float | None, high: float | None) -> str:
    if rate is None:
        return "–"
    interval = "too few lines" if low is None or high is None else f"{low:.3f}–{high:.3f}"
    return f"{rate:.3f} ({interval})"
