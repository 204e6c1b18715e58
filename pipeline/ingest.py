"""Registers recordings: fixity, probe, duplicates, and which testimony each belongs to.

Masters are opened for reading only. A recording that nobody describes gets a closed sidecar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline import recording as rec
from pipeline import testimony
from pipeline.archive import Archive
from pipeline.config import Config
from pipeline.errors import MediaError, PipelineError, UsageError, printable
from pipeline.recording import Probe, Recording
from pipeline.report import Report
from pipeline.testimony import Sidecar, Sidecars


def ingest(archive: Archive, config: Config, paths: Iterable[Path] = ()) -> Report:
    """Brings `archive.db` up to date with `recordings/` and the sidecars.

    Every problem in every file is gathered; one bad file stops no other.
    """
    report = Report("ingest")
    folder = archive.root / rec.FOLDER
    folder.mkdir(exist_ok=True)
    sidecars = archive.sidecars()
    for problem in sidecars.problems:
        report.problem(problem)
    for sidecar in sidecars.good:
        archive.save_testimony(sidecar, config.access)
    for path in _files(folder, list(paths), report):
        name = path.relative_to(folder).as_posix()
        try:
            _one(archive, config, sidecars, path, name, report)
        except MediaError as error:
            report.problem(error.about(name))
    _missing(archive, sidecars, report)
    return report


def _files(folder: Path, paths: list[Path], report: Report) -> Iterator[Path]:
    for start in paths or [folder]:
        absolute = start if start.is_absolute() else Path.cwd() / start
        if folder not in (absolute, *absolute.parents):
            report.problem(
                UsageError(start, "is not below recordings/.", f"Copy it into {folder} first.")
            )
        elif absolute.is_dir():
            for found in rec.walk(absolute):
                if isinstance(found, PipelineError):
                    report.problem(found)
                else:
                    yield found
        elif absolute.exists():
            yield absolute
        else:
            report.problem(UsageError(start, "does not exist.", "Check the name."))


def _one(
    archive: Archive, config: Config, sidecars: Sidecars, path: Path, name: str, report: Report
) -> None:
    """Registers one file, or says why not."""
    _must_be_text(name)
    sidecar = sidecars.by_recording.get(name)
    if sidecar is None and not rec.looks_like_one(path):
        report.notes.append(f"{printable(name)}: left alone, its name is not audio or video.")
        return
    known = archive.recording_at(name)
    size, mtime_ns = _stat(path, name)
    if known and (known.bytes, known.mtime_ns) == (size, mtime_ns):
        _accept_damage(known, sidecar, report)
        return
    sha = rec.sha256(path)
    if known:
        _touched(archive, known, sha, mtime_ns, name, report)
        return
    twin = archive.recording_with(sha)
    if twin:
        _same_bytes(archive, twin, name, mtime_ns, report)
        return
    probe = rec.probe(path)
    _must_be_whole(name, probe, sidecar)
    if sidecar is None:
        sidecar = _stub(archive, config, sidecars, name, report)
    archive.save_recording(_as_recording(sidecar, name, sha, size, mtime_ns, probe))
    report.done.append(f"{printable(name)}: {_minutes(probe.duration_s)}, {sidecar.id}")


def _stub(
    archive: Archive, config: Config, sidecars: Sidecars, name: str, report: Report
) -> Sidecar:
    if sidecars.may_belong_to_broken(name):
        raise MediaError(
            name,
            "is not registered yet: a sidecar that cannot be read may describe it.",
            "Mend that sidecar, then run again.",
        )
    sidecar = testimony.write_stub(archive.root, name, sidecars.by_id)
    archive.save_testimony(sidecar, config.access)
    report.notes.append(
        f"{printable(name)}: no sidecar names it; wrote"
        f" {(testimony.FOLDER / sidecar.id).as_posix()}.yaml, closed until a person decides."
    )
    return sidecar


def _touched(
    archive: Archive, known: Recording, sha: str, mtime_ns: int, name: str, report: Report
) -> None:
    if sha != known.sha256:
        raise MediaError(
            name,
            f"has changed since it was registered: expected sha256 {known.sha256}, found {sha}.",
            "A master must not change. Bring back the original, or ingest this one under"
            " another name.",
        )
    archive.move_recording(known, name, mtime_ns)
    report.unchanged.append(name)


def _same_bytes(
    archive: Archive, twin: Recording, name: str, mtime_ns: int, report: Report
) -> None:
    if (archive.root / rec.FOLDER / twin.path).exists():
        report.notes.append(
            f"{printable(name)}: the same bytes as {printable(twin.path)}; not registered twice."
        )
        return
    archive.move_recording(twin, name, mtime_ns)
    report.done.append(f"{printable(name)}: moved here from {printable(twin.path)}")


def _accept_damage(known: Recording, sidecar: Sidecar | None, report: Report) -> None:
    if known.missing_s and (sidecar is None or known.path not in sidecar.incomplete):
        report.notes.append(f"{printable(known.path)}: {known.missing_s:.0f} s are missing.")
    report.unchanged.append(known.path)


def _must_be_whole(name: str, probe: Probe, sidecar: Sidecar | None) -> None:
    if not probe.missing_s or (sidecar and name in sidecar.incomplete):
        return
    raise MediaError(
        name,
        f"is cut off: it says {probe.duration_s + probe.missing_s:.1f} s and holds"
        f" {probe.duration_s:.1f} s.",
        "Copy it again from the original. If nothing more exists, list it under `incomplete:`"
        " in its sidecar.",
    )


def _missing(archive: Archive, sidecars: Sidecars, report: Report) -> None:
    for sidecar in sidecars.good:
        for index, name in enumerate(sidecar.recordings):
            path = archive.root / rec.FOLDER / name
            if not path.exists() and not path.is_symlink():
                message = f"there is no recordings/{name}. Bring the file or correct the name."
                report.problem(sidecars.problem(sidecar, ("recordings", index), message))


def _as_recording(
    sidecar: Sidecar, name: str, sha: str, size: int, mtime_ns: int, probe: Probe
) -> Recording:
    return Recording(
        id=rec.identify(sha),
        testimony_id=sidecar.id,
        part=sidecar.recordings.index(name) + 1,
        path=name,
        sha256=sha,
        bytes=size,
        mtime_ns=mtime_ns,
        duration_s=probe.duration_s,
        missing_s=probe.missing_s,
        codec=probe.codec,
        sample_rate_hz=probe.sample_rate_hz,
        channels=probe.channels,
        has_video=probe.has_video,
    )


def _must_be_text(name: str) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MediaError(
            name, "has a name that is not UTF-8 text.", "Rename the file; its bytes stay the same."
        ) from error


def _stat(path: Path, name: str) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise MediaError(name, f"cannot be read ({error.strerror}).", "Check the disk.") from error
    return found.st_size, found.st_mtime_ns


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} min {seconds % 60:02.0f} s"
