"""The gate, asked about every kind of testimony; and sidecars that nobody would write."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import Access, Channel
from pipeline.consent import Span, decide, embargo_has_passed, may_be_listed
from pipeline.testimony import Sidecar, latest_day, load_all
from tests.conftest import Folder

seconds = st.floats(0, 1000, allow_nan=False)
accesses = st.sampled_from(["public", "researchers", "closed"])
channels = st.sampled_from(["public", "researchers"])
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
redactions = st.builds(
    lambda name, start_s, length_s: {
        "recording": name, "start_s": start_s, "end_s": start_s + length_s, "reason": "asked",
    },
    st.sampled_from(["a.wav", "b.wav"]), seconds, st.floats(0.001, 100),
)  # fmt: skip
sidecars = st.builds(
    Sidecar.model_validate,
    st.fixed_dictionaries(
        {"id": st.just("a"), "title": st.just("A"), "recordings": st.just(["a.wav", "b.wav"])},
        optional={
            "access": accesses,
            "access_until": st.sampled_from(
                ["2020", "2035-06", "1998-06?", "2001/2040", "2090/.."]
            ),
            "access_reason": st.just("her wish"),
            "listed": st.booleans(),
            "uses": st.lists(st.sampled_from(["online", "teaching", "research", "ai"])),
            "redactions": st.lists(redactions, max_size=3),
        },
    ),
)
spans = st.builds(
    lambda name, start_s, length_s: Span(name, start_s, start_s + length_s),
    st.sampled_from(["a.wav", "b.wav"]), seconds, st.floats(0, 100),
)  # fmt: skip


@given(sidecars, channels, days, accesses, spans)
def test_what_the_gate_lets_out_was_agreed_to(
    sidecar: Sidecar, channel: Channel, today: date, default: Access, span: Span
) -> None:
    if not decide(sidecar, channel, today, default=default, span=span).allowed:
        return
    access = sidecar.access or default
    assert access == "public" or (channel == "researchers" and access == "researchers")
    assert not (access == "public" and sidecar.access_until)
    assert {"online", "research"} & set(sidecar.uses)
    assert channel == "researchers" or "online" in sidecar.uses
    for redaction in sidecar.redactions:
        apart = span.end_s < redaction.start_s or redaction.end_s < span.start_s
        assert redaction.recording != span.recording or apart


@given(sidecars, channels, days, days, accesses, spans)
def test_no_day_opens_anything(
    sidecar: Sidecar, channel: Channel, today: date, later: date, default: Access, span: Span
) -> None:
    now, then = (decide(sidecar, channel, d, default=default, span=span) for d in (today, later))
    assert now.allowed == then.allowed


@given(sidecars, days, accesses, st.none() | spans)
def test_researchers_see_all_that_the_public_sees(
    sidecar: Sidecar, today: date, default: Access, span: Span | None
) -> None:
    if decide(sidecar, "public", today, default=default, span=span).allowed:
        assert decide(sidecar, "researchers", today, default=default, span=span).allowed


@given(sidecars, channels, days, accesses, st.none() | spans)
def test_nothing_opens_what_was_withdrawn_or_has_no_sidecar(
    sidecar: Sidecar, channel: Channel, today: date, default: Access, span: Span | None
) -> None:
    decision = decide(sidecar, channel, today, default=default, span=span, withdrawn=True)
    assert (decision.allowed, may_be_listed(sidecar, withdrawn=True)) == (False, False)
    assert not decide(None, channel, today, default=default, span=span).allowed
    assert not may_be_listed(None, withdrawn=False)


@given(sidecars, channels, days, accesses)
def test_a_refusal_says_why(
    sidecar: Sidecar, channel: Channel, today: date, default: Access
) -> None:
    decision = decide(sidecar, channel, today, default=default)
    assert decision.allowed == (decision.reason == "")


@pytest.mark.parametrize(
    ("until", "day"),
    [("2030", date(2030, 12, 31)), ("2030-06", date(2030, 6, 30)), ("2030-06-14", date(2030, 6, 14)),
     ("2020/2030", date(2030, 12, 31)), ("2020/..", None), ("XXXX", date(9999, 12, 31))],
)  # fmt: skip
def test_an_embargo_ends_with_the_last_day_it_can_mean(until: str, day: date | None) -> None:
    assert latest_day(until) == day


def test_when_an_embargo_has_passed_a_person_is_asked(folder: Folder) -> None:
    folder.tone("a.wav")
    folder.sidecar("a", ["a.wav"], access="closed", access_until="2001-05", access_reason="family")
    folder.run()
    result = folder.command("status")
    said = " ".join(result.stdout.split())
    assert "closed (family)" in said and "a person must decide" in said.replace("│", "")
    sidecar = load_all(folder.root).by_id["a"]
    assert not embargo_has_passed(sidecar, date(2001, 5, 31))
    assert embargo_has_passed(sidecar, date(2001, 6, 1))


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["public", "a.wav", "../x", "2030", "online", "1998-13", "\x00", "no"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
wild_sidecars = st.fixed_dictionaries(
    {"id": st.just("a") | wild, "title": st.just("A") | wild,
     "recordings": st.just(["a.wav"]) | wild},
    optional={name: st.just("public") | wild for name in Sidecar.model_fields
              if name not in ("id", "title", "recordings")},
)  # fmt: skip


def one_sidecar(folder: Folder, raw: bytes) -> tuple[Sidecar | None, list[str]]:
    path = folder.root / "metadata" / "testimonies" / "a.yaml"
    path.write_bytes(raw)
    found = load_all(folder.root)
    again = load_all(folder.root, found.readings)
    assert again == found
    return found.by_id.get("a"), [str(problem) for problem in found.problems]


quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(wild_sidecars)
@quick
def test_a_wild_sidecar_is_good_or_its_problems_are_said(
    folder: Folder, said: dict[str, Any]
) -> None:
    raw = yaml.safe_dump(said, allow_unicode=True).encode("utf-8", "surrogatepass")
    sidecar, problems = one_sidecar(folder, raw)
    assert (sidecar is None) == bool(problems)
    assert all(problem.startswith("metadata/testimonies/a.yaml") for problem in problems)
    if sidecar is None:
        assert not decide(sidecar, "researchers", date(2026, 1, 1), default="public").allowed


GOOD = b"""id: a
title: A
recordings: [a.wav]
access: public
uses: [online]
"""


@given(st.binary(max_size=40), st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
@quick
def test_bytes_put_into_a_sidecar_never_end_in_a_traceback(
    folder: Folder, noise: bytes, start: int, end: int
) -> None:
    sidecar, problems = one_sidecar(folder, GOOD[:start] + noise + GOOD[end:])
    assert (sidecar is None) == bool(problems)


@pytest.mark.parametrize(
    "noise", ["access: [public", "access: public\naccess: closed", "aces: public", "uses: online"]
)
def test_a_broken_sidecar_takes_out_what_was_published(folder: Folder, noise: str) -> None:
    folder.tone("a.wav")
    path: Path = folder.sidecar("a", ["a.wav"], access="public")
    folder.run()
    path.write_text(path.read_text().replace("access: public", noise))
    result = folder.command("publish")
    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert "its sidecar is missing or cannot be read" in result.stdout + result.stderr
    assert list((folder.root / "publication" / "media" / "public").iterdir()) == []
