"""What a transcript's file tells of its testimony, beside what the sidecar says.

A sidecar that nobody has written yet is filled in with it, and stays closed. In one that somebody
wrote nothing is changed: where the file says something else, both are told.
"""

from __future__ import annotations

from pydantic import ValidationError

from pipeline import fields, licence, testimony, yamledit, yamlfile
from pipeline.archive import Archive
from pipeline.config import Config
from pipeline.given import Given
from pipeline.testimony import FOLDER, Sidecar


class Facts:
    """The sidecar of one testimony, as a file's facts meet it."""

    def __init__(self, archive: Archive, config: Config, ident: str) -> None:
        self._archive = archive
        self._default = config.access
        self._sidecars = archive.sidecars()
        self._sidecar = self._sidecars.by_id.get(ident)

    def settle(self, given: Given) -> list[str]:
        """Notes for a person on every fact that was taken, differs, or cannot be read."""
        if self._sidecar is None:
            return ["its facts are not compared: the sidecar cannot be read"]
        sidecar = self._sidecar
        good, notes = _readable(sidecar, given)
        new = {
            key: said
            for key, said in good.items()
            if not _is_the_same(key, fields.value(sidecar, key), said)
        }
        free = {key: said for key, said in new.items() if _is_free(sidecar, key)}
        if free:
            self._fill(sidecar, free)
            notes.append(f"into {sidecar.id}.yaml, closed as it was: {', '.join(free)}")
        notes += [
            f"says {key} {fields.shown(said)}; the sidecar"
            f" {fields.shown(fields.value(sidecar, key))}, which stays"
            for key, said in new.items()
            if key not in free
        ]
        return notes

    def _fill(self, sidecar: Sidecar, new: dict[str, object]) -> None:
        path = self._sidecars.files[sidecar.id]
        text = path.read_text(encoding="utf-8")
        changed = yamledit.change(text, {tuple(key.split(".")): said for key, said in new.items()})
        yamlfile.write(self._archive.root / FOLDER / path.name, changed)
        self._archive.save_testimony(self._archive.sidecars().by_id[sidecar.id], self._default)


def _is_free(sidecar: Sidecar, key: str) -> bool:
    """Whether nobody has said anything there yet."""
    empty = fields.value(sidecar, key) in (None, [])
    return testimony.is_stub(sidecar) and (
        empty or (key == "title" and testimony.is_untitled(sidecar))
    )


def _is_the_same(key: str, mine: object, said: object) -> bool:
    """One licence has several names: CC-BY-4.0, CC BY 4.0, and an address."""
    if key == "licence" and mine and said:
        return licence.known(str(mine)) == licence.known(str(said))
    return mine == said


def _readable(sidecar: Sidecar, given: Given) -> tuple[dict[str, object], list[str]]:
    """The facts that a sidecar can hold, and what is wrong with the others."""
    good: dict[str, object] = {}
    notes: list[str] = []
    for key, said in given.facts.items():
        data = sidecar.model_dump(exclude_unset=True)
        fields.put(data, key, said)
        try:
            Sidecar.model_validate(data)
        except ValidationError:
            notes.append(f"{key} {fields.shown(said)} is not what a sidecar can say, and not taken")
        else:
            good[key] = said
    return good, notes
