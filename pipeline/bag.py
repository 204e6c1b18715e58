"""A testimony whole, as a BagIt bag (RFC 8493), which other archives take over and check.

It is for archivists: what may not be published is in it, and its `bag-info.txt` says so.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bagit

from pipeline import __version__, publication, testimony
from pipeline import recording as rec
from pipeline.archive import Archive
from pipeline.clock import clock
from pipeline.config import Config
from pipeline.errors import ArchiveError, MediaError, UsageError, printable
from pipeline.exports import free_place, must_be_known
from pipeline.holdings import Holdings, read_holdings
from pipeline.recording import Recording
from pipeline.report import Progress, Report
from pipeline.testimony import Sidecar
from pipeline.transcript import PUBLIC_STATES, Segment

# Where it fails, bagit logs a traceback; what went wrong is said as a sentence here.
logging.getLogger("bagit").addHandler(logging.NullHandler())


def export(
    archive: Archive, config: Config, ident: str, folder: Path | None, progress: Progress
) -> Report:
    """Writes the bag `folder`/`ident` and records it; without `folder`, below `exports/`.

    The bag is there whole or not at all. While it is made, the working directory of this process
    is another, which is bagit's way.
    """
    holdings = read_holdings(archive, config)
    must_be_known(archive, ident)
    sidecar, recordings = _whole(archive, holdings, ident)
    target = free_place(archive.root, folder, ident)
    draft = target.with_name(f".{target.name}.new")
    progress.begin("Exporting", sum(recording.duration_s for recording in recordings))
    try:
        shutil.rmtree(draft, ignore_errors=True)  # what a killed export left
        draft.mkdir(parents=True, mode=0o700)
        _lay_out(archive, holdings, sidecar, recordings, draft, progress)
        bag = bagit.make_bag(str(draft), _info(holdings, sidecar), checksums=["sha256"])
        bag.validate(completeness_only=True)  # a file's name may be one that BagIt cannot say
        _must_have_good_masters(bag, recordings)
        sha = rec.sha256(draft / "manifest-sha256.txt")
        # First the log: no bag may exist that `withdraw` cannot name.
        archive.record("export", [ident], format="bagit", path=str(target), manifest_sha256=sha)
        os.replace(draft, target)
    except (OSError, bagit.BagError) as error:
        what = f"could not be written ({printable(error)})."
        raise ArchiveError(target, what, "Mend that, then run again.") from error
    finally:
        progress.end()
        shutil.rmtree(draft, ignore_errors=True)
    report = Report("export", done=[f"{printable(target)} (manifest sha256 {sha})"])
    report.notes.append("It has what may not be published: keep it as you keep the masters.")
    report.facts |= {"path": str(target), "manifest_sha256": sha}
    return report


def _whole(archive: Archive, holdings: Holdings, ident: str) -> tuple[Sidecar, Sequence[Recording]]:
    """The testimony's sidecar and all its masters; a bag with a part of them would mislead."""
    if ident in holdings.withdrawn:
        raise UsageError(
            ident, "was withdrawn: nothing of it is exported.", "Its masters are yours to decide."
        )
    sidecar = holdings.sidecars.by_id.get(ident)
    if sidecar is None:
        what = "its sidecar is missing or cannot be read, so that nobody knows what was agreed."
        raise UsageError(ident, what, "Mend it: testimony status says where.")
    known = {r.path: r for r in archive.recordings() if r.testimony_id == ident}
    for path in sidecar.recordings:
        if path not in known:
            what = f"its sidecar names {printable(path)}, which is not registered."
            raise UsageError(ident, what, "Put it in its place and run: testimony ingest")
    return sidecar, [known[path] for path in sidecar.recordings]


def _lay_out(
    archive: Archive,
    holdings: Holdings,
    sidecar: Sidecar,
    recordings: Sequence[Recording],
    draft: Path,
    progress: Progress,
) -> None:
    """Every file of the payload, into the folder that bagit then makes a bag of."""
    source = holdings.sidecars.files[sidecar.id]
    _copy(source, draft / testimony.FOLDER / source.name)
    for recording in recordings:
        master = archive.root / rec.FOLDER / recording.path
        if not master.is_file():
            what = f"is missing (sha256 {recording.sha256})."
            raise MediaError(recording.path, what, "Bring it back, then run again.")
        _copy(master, draft / rec.FOLDER / recording.path)
        if recording.current_run_id is not None:
            place = draft / "transcripts" / f"part-{recording.part}-{recording.id}"
            segments = list(archive.segments(recording.current_run_id))
            _write(place.with_suffix(".txt"), "".join(_lines(segments)))
            run_id = recording.current_run_id
            _write_json(
                place.with_suffix(".json"), _transcript(archive, recording, segments, run_id)
            )
            _lay_out_corrections(archive, recording, place)
        progress.advance(recording.duration_s)
    _write_json(draft / "provenance.json", _provenance(archive, sidecar, recordings))


def _lay_out_corrections(archive: Archive, recording: Recording, place: Path) -> None:
    """What people say was said, and the machine's words that they say it of."""
    said = archive.corrections(recording)
    if not said:
        return
    _write_json(
        place.with_name(f"{place.name}-corrections.json"),
        {
            "recording": recording.id,
            "corrections": [{**asdict(one), "after": one.after} for one in said],
            "placements": [asdict(one) for one in archive.placements(recording)],
        },
    )
    runs = {archive.base(recording), *(one.run_id for one in said)}
    for run_id in sorted(run for run in runs if run is not None):
        heard = list(archive.segments(run_id))
        name = place.with_name(f"{place.name}-machine-run-{run_id}.json")
        _write_json(name, _transcript(archive, recording, heard, run_id))


def _lines(segments: Sequence[tuple[int, Segment]]) -> Iterator[str]:
    for _, segment in segments:
        state = "" if segment.state in PUBLIC_STATES else f"[{segment.state}] "
        yield f"{clock(segment.start_s)}  {state}{segment.text}\n"


def _transcript(
    archive: Archive,
    recording: Recording,
    segments: Sequence[tuple[int, Segment]],
    run_id: int | None,
) -> dict[str, Any]:
    """What a run heard, with how sure it was, word by word."""
    return {
        "recording": recording.id,
        "run": run_id,
        "segments": [{"id": ident, **asdict(segment)} for ident, segment in segments],
        "unheard": [asdict(gap) for gap in archive.unheard(run_id)] if run_id else [],
    }


def _provenance(
    archive: Archive, sidecar: Sidecar, recordings: Sequence[Recording]
) -> dict[str, Any]:
    """Every attempt to transcribe with what it used, and every event, oldest first."""
    return {
        "testimony": sidecar.id,
        "recordings": [asdict(recording) for recording in recordings],
        "runs": [run for recording in recordings for run in archive.runs(recording)],
        "events": [
            event
            for name in (sidecar.id, *(recording.id for recording in recordings))
            for event in archive.events(name)
        ],
    }


def _info(holdings: Holdings, sidecar: Sidecar) -> dict[str, str]:
    """`bag-info.txt`: first of all, who may see what is in here."""
    said = {
        "Source-Organization": holdings.config.title,
        "External-Identifier": sidecar.id,
        "External-Description": sidecar.title,
        "Bag-Software-Agent": f"testimony-archive {__version__}, bagit {bagit.VERSION}",
        "Access": sidecar.access or holdings.config.access,
        "Access-Until": sidecar.access_until,
        "Access-Reason": sidecar.access_reason,
        "Access-Note": "Private: masters and words are whole, with what may not be published.",
        "Licence": sidecar.licence,
        "Agreement": sidecar.agreement,
        "Uses": ", ".join(sidecar.uses),
        "Redactions": f"{len(sidecar.redactions)} ranges, listed in the sidecar",
    }
    for channel in publication.DATABASES:
        decision = holdings.decide(sidecar.id, channel)
        may = "yes" if decision.allowed else f"no: {decision.reason}"
        said[f"May-Leave-For-{channel.capitalize()}"] = may
    # One line each: split() knows every sign that a reader of tag files may take for a line's end.
    return {name: " ".join((text or "not recorded").split()) for name, text in said.items()}


def _must_have_good_masters(bag: bagit.Bag, recordings: Sequence[Recording]) -> None:
    """A bag is a promise: bytes that are not those that were registered do not go into one."""
    for recording in recordings:
        entry = bag.entries.get(f"data/{rec.FOLDER.as_posix()}/{recording.path}", {})
        found = entry.get("sha256", "nothing")
        if found != recording.sha256:
            what = f"is damaged: expected sha256 {recording.sha256}, found {found}."
            raise MediaError(recording.path, what, "Bring back a good copy, then run again.")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, document: object) -> None:
    _write(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
