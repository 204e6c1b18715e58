"""Sidecars: what people know of a testimony, one file each in `metadata/testimonies/`.

A sidecar that cannot be read opens nothing: its testimony counts as closed until it is mended.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import edtf
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from pipeline import yamledit, yamlfile
from pipeline.config import Access, Language
from pipeline.errors import Problem

FOLDER = Path("metadata") / "testimonies"
_SLUG = re.compile(r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")
# Raise it when a date or a YAML file that was good may no longer be: all are then read again.
_RULES = b"1"
_UNTITLED = "Untitled recording"
_UNDESCRIBED = "no one has described this recording yet"
_DATES_ARE_KNOWN = {"dates_are_known": True}


def _edtf(text: str, info: ValidationInfo) -> str:
    if info.context is not _DATES_ARE_KNOWN and not _is_edtf(text):
        raise ValueError(
            "is not an EDTF date; write 1998, 1998-06, 1998-06-14, 1998-06? or 1998/1999"
        )
    return text


@lru_cache(maxsize=4096)
def _is_edtf(text: str) -> bool:
    try:
        # Where it fails, the library may also print, or raise whatever it stumbled over.
        with contextlib.redirect_stdout(io.StringIO()):
            edtf.parse_edtf(text)
    except Exception:
        return False
    return True


def latest_day(date: str) -> datetime.date | None:
    """The last day that an EDTF date can mean; None where it has no end."""
    try:
        return datetime.date(*edtf.parse_edtf(date).upper_strict()[:3])
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None


def _id(text: str) -> str:
    if not _SLUG.match(text) or len(text) > 100:
        raise ValueError("must be small Latin letters, digits and single hyphens, at most 100")
    return text


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or text.startswith("~") or not path.name:
        raise ValueError("must be a file below recordings/, written relative to it")
    return str(path)


def _text_of_number(value: Any) -> Any:
    """A bare year or number is text to us: `recorded_on: 1998`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text_of_number)]
Edtf = Annotated[str, BeforeValidator(_text_of_number), AfterValidator(_edtf)]
Below = Annotated[Text, AfterValidator(_inside)]
Id = Annotated[Text, AfterValidator(_id)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Narrator(_Part):
    """The person who gave the testimony."""

    name: Text | None = None
    born: int | None = Field(None, ge=1850, le=2030)
    gender: Literal["female", "male", "other"] | None = None
    pseudonym: Text | None = None


class Redaction(_Part):
    """A range of one recording that may not leave the archive."""

    recording: Below
    start_s: float = Field(ge=0)
    end_s: float
    reason: Text

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Redaction:
        if self.end_s <= self.start_s:
            raise ValueError("end_s must be later than start_s")
        return self


Use = Literal["online", "teaching", "research", "ai"]


class Sidecar(_Part):
    """One testimony as people describe it; only `id`, `title` and `recordings` are required."""

    id: Id
    title: Text = Field(min_length=1)
    recordings: list[Below] = Field(min_length=1)
    narrator: Narrator = Narrator()
    interviewer: Text | None = None
    recorded_on: Edtf | None = None
    place: Text | None = None
    languages: list[Language] | None = Field(None, min_length=1)
    collection: Text | None = None
    summary: Text | None = None
    notice: Text | None = None
    access: Access | None = None
    access_until: Annotated[str, AfterValidator(_edtf)] | None = None
    access_reason: Text | None = None
    listed: bool = False
    licence: Text | None = None
    agreement: Text | None = None
    uses: list[Use] = ["online", "teaching", "research"]
    warnings: list[Text] = []
    redactions: list[Redaction] = []
    incomplete: list[Below] = []

    @model_validator(mode="after")
    def _names_agree(self) -> Sidecar:
        if len(set(self.recordings)) < len(self.recordings):
            raise ValueError("recordings names a file twice")
        for field, files in (
            ("redactions", [r.recording for r in self.redactions]),
            ("incomplete", self.incomplete),
        ):
            for name in files:
                if name not in self.recordings:
                    raise ValueError(f"{field} names {name!r}, which recordings does not list")
        return self


@dataclass(frozen=True)
class Sidecars:
    """Every sidecar of an archive: the good ones, and what is wrong with the others."""

    good: tuple[Sidecar, ...]
    problems: tuple[Problem, ...]
    broken: tuple[str | None, ...]  # their texts; None where not even that can be read
    files: dict[str, Path]  # by id
    readings: dict[str, str]  # what `load_all` may be given again

    @cached_property
    def by_id(self) -> dict[str, Sidecar]:
        return {sidecar.id: sidecar for sidecar in self.good}

    @cached_property
    def by_recording(self) -> dict[str, Sidecar]:
        """The sidecar that claims each file below `recordings/`."""
        return {name: sidecar for sidecar in self.good for name in sidecar.recordings}

    def problem(self, sidecar: Sidecar, field: tuple[str | int, ...], message: str) -> Problem:
        """Something wrong with a field of a good sidecar, with its file and line."""
        shown = f"{FOLDER.as_posix()}/{sidecar.id}.yaml"
        line = yamlfile.read(self.files[sidecar.id], shown).line_of(field)
        return Problem(shown, line, ".".join(map(str, field)), message)

    def may_belong_to_broken(self, recording: str) -> bool:
        """Whether a sidecar that cannot be read mentions this recording's file name."""
        name = PurePosixPath(recording).name
        return any(text is None or name in text for text in self.broken)


def load_all(root: Path, readings: Mapping[str, str] | None = None) -> Sidecars:
    """Reads every sidecar; gathers every problem in every file.

    `readings` are those of an earlier call: a file whose bytes are in it is not parsed again,
    which takes milliseconds for each.
    """
    good: dict[str, Sidecar] = {}
    claimed: dict[str, str] = {}
    problems: list[Problem] = []
    broken: list[str | None] = []
    files: dict[str, Path] = {}
    kept: dict[str, str] = {}
    for path in _files(root):
        shown = f"{FOLDER.as_posix()}/{path.name}"
        try:
            raw = path.read_bytes()
        except OSError as error:
            problems.append(Problem(shown, None, "", f"cannot be read ({error.strerror})."))
            broken.append(None)
            continue
        key = hashlib.sha256(_RULES + raw).hexdigest()
        sidecar = _remembered((readings or {}).get(key))
        faults: list[Problem] = []
        if sidecar is None:
            sidecar, faults = yamlfile.check(yamlfile.parse(path, raw, shown), Sidecar, shown)
        if sidecar is not None:
            faults = _conflicts(sidecar, path, shown, claimed)
        problems += faults
        if sidecar is None or faults:
            broken.append(raw.decode(errors="replace"))
            continue
        good[sidecar.id] = sidecar
        files[sidecar.id] = path
        kept[key] = (readings or {}).get(key) or sidecar.model_dump_json(exclude_unset=True)
        claimed.update(dict.fromkeys(sidecar.recordings, shown))
    return Sidecars(tuple(good.values()), tuple(problems), tuple(broken), files, kept)


def write_stub(root: Path, recording: str, taken: Iterable[str]) -> Sidecar:
    """Writes a closed sidecar for a recording that has none; never overwrites a file."""
    ident = _free_slug(root, recording, set(taken))
    stub = {
        "id": ident,
        "title": f"{_UNTITLED} ({PurePosixPath(recording).stem.strip() or ident})",
        "recordings": [recording],
        "access": "closed",
        "access_reason": _UNDESCRIBED,
    }
    sidecar = Sidecar.model_validate(stub)
    text = (
        "# Written by `testimony ingest` because no sidecar named this recording.\n"
        "# Nothing of it is published until a person decides: see docs/files.md.\n"
        + yaml.safe_dump(stub, allow_unicode=True, sort_keys=False, width=1000)
    )
    yamlfile.write(root / FOLDER / f"{ident}.yaml", text)
    return sidecar


def is_stub(sidecar: Sidecar) -> bool:
    """Whether it is as `write_stub` left it, or a person has not come far."""
    return sidecar.access_reason == _UNDESCRIBED


def is_untitled(sidecar: Sidecar) -> bool:
    """Whether its title is the one that `write_stub` gave it."""
    return sidecar.title.startswith(_UNTITLED)


def text(sidecar: Sidecar) -> str:
    """A new sidecar's file: what it says, a line for each field."""
    said = sidecar.model_dump(exclude_unset=True)
    names = [name for name in Sidecar.model_fields if name in said]
    return "".join(f"{name}: {yamledit.one_line(said[name])}\n" for name in names)


def slug(text: str) -> str:
    """A name as an id: `Vilnius 1998 (ąž)` becomes `vilnius-1998-az`."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-")


def _remembered(said: str | None) -> Sidecar | None:
    """A sidecar from an earlier reading; None where there is none, or it is no longer good."""
    if said is None:
        return None
    try:
        return Sidecar.model_validate_json(said, context=_DATES_ARE_KNOWN)
    except ValidationError:
        return None


def _files(root: Path) -> list[Path]:
    folder = root / FOLDER
    names = sorted(p.name for p in folder.glob("*.y*ml") if not p.name.startswith("."))
    return [folder / name for name in names]


def _conflicts(sidecar: Sidecar, path: Path, shown: str, claimed: dict[str, str]) -> list[Problem]:
    found: list[tuple[yamlfile.Path_, str]] = []
    if sidecar.id != path.stem:
        what = f"must equal the file's name: expected {path.stem!r}, found {sidecar.id!r}."
        found.append((("id",), what))
    for index, name in enumerate(sidecar.recordings):
        if name in claimed:
            found.append((("recordings", index), f"{name!r} already belongs to {claimed[name]}."))
    if not found:
        return []
    file = yamlfile.read(path, shown)
    return [Problem(shown, file.line_of(at), ".".join(map(str, at)), what) for at, what in found]


def _free_slug(root: Path, recording: str, taken: set[str]) -> str:
    base = slug(PurePosixPath(recording).stem) or "recording"
    number, candidate = 1, base
    while candidate in taken or (root / FOLDER / f"{candidate}.yaml").exists():
        number += 1
        candidate = f"{base}-{number}"
    return candidate
