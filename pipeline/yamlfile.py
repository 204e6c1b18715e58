"""YAML files that people write, read so that every problem can name its line.

Plain YAML 1.1 turns `no` (Norwegian) into false and `1998-06-01` into a date, and keeps the
last of two equal keys without a word. Here only null, true/false and numbers are special, and
an equal key is a problem.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.errors import ArchiveError, Problem

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[str | int, ...]

_RESOLVED = [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
]


class _Loader(yaml.SafeLoader):
    """SafeLoader with the few implicit types of YAML 1.2's core schema."""

    # PyYAML declares it on the instance; an own, empty one keeps its YAML 1.1 types out.
    yaml_implicit_resolvers = {}  # noqa: RUF012

    def compose_node(self, parent: Any, index: Any) -> Any:
        # A few nested aliases can stand for billions of values; no sidecar needs one.
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in _RESOLVED:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


@dataclass(frozen=True)
class YamlFile:
    """The data of one file, the line of every path in it, and what is wrong with its form."""

    path: Path
    data: Any
    lines: dict[Path_, int]
    problems: tuple[Problem, ...] = ()

    def line_of(self, path: Path_) -> int | None:
        """The line of `path`, or of the nearest parent that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read(path: Path, shown: str) -> YamlFile:
    """Reads one file; `shown` is how problems name it. Never raises for what is in the file."""
    try:
        return parse(path, path.read_bytes(), shown)
    except OSError as error:
        return _broken(path, shown, None, f"cannot be read ({error.strerror}).")


def parse(path: Path, raw: bytes, shown: str) -> YamlFile:
    """The same for bytes that were read from `path` already."""
    try:
        # As a text file is read: any line end, and no byte order mark.
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        # yaml.load is safe here: _Loader is a SafeLoader.
        node = yaml.compose(text, Loader=_Loader)
        lines: dict[Path_, int] = {(): 1}
        problems: list[Problem] = []
        _walk(node, (), lines, problems, shown)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506
    except UnicodeDecodeError as error:
        return _broken(path, shown, None, f"is not UTF-8 text (byte {error.start}).")
    except yaml.YAMLError as error:
        return _broken(path, shown, *_yaml_fault(error))
    except (ValueError, RecursionError) as error:
        return _broken(path, shown, None, f"is not usable YAML ({error}).")
    return YamlFile(path, data, lines, tuple(problems))


def value_of(text: str) -> Any:
    """What a line of YAML says; raises yaml.YAMLError where it says nothing that can be read."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506


def check(file: YamlFile, model: type[Model], shown: str) -> tuple[Model | None, list[Problem]]:
    """The file's data as `model`, or None with every problem, each with its line."""
    problems = list(file.problems)
    if problems:
        return None, problems
    data = {} if file.data is None else file.data
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        found = [_as_problem(file, shown, dict(fault)) for fault in error.errors()]
        return None, sorted(found, key=lambda problem: problem.line or 0)


class Listed(Generic[Model]):
    """A file that is one list of entries: the good ones by their number in it, and what is wrong
    with the others. A file that is not there has none."""

    def __init__(
        self, path: Path, shown: str, key: str, whole: type[BaseModel], entry: type[Model]
    ) -> None:
        self._shown, self._key = shown, key
        there = path.exists() or path.is_symlink()
        self._file = read(path, shown) if there else YamlFile(path, None, {})
        checked, self.problems = check(self._file, whole, shown)
        self.good: dict[int, Model]
        if checked is not None:
            self.good = dict(enumerate(getattr(checked, key)))
        else:
            # What is good is still compared with the rest, so that all is said at once.
            self.good = dict(self._each(entry))

    def problem(self, number: int, path: Path_, message: str) -> Problem:
        """What is wrong at `path` of one entry, with its line."""
        where = (self._key, number, *path)
        field = ".".join(str(part) for part in where)
        return Problem(self._shown, self._file.line_of(where), field, message)

    @property
    def readable(self) -> bool:
        """Whether at least the ids are known."""
        return not self._file.problems

    @cached_property
    def ids(self) -> frozenset[str]:
        """What the entries give as their ids, the faulty ones too."""
        listed = self._listed()
        return frozenset(str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one)

    def _listed(self) -> list[Any]:
        data = self._file.data
        found = data.get(self._key) if isinstance(data, dict) else None
        return found if isinstance(found, list) else []

    def _each(self, entry: type[Model]) -> Iterator[tuple[int, Model]]:
        for number, one in enumerate(self._listed()):
            with suppress(ValidationError):
                yield number, entry.model_validate(one)


def _as_problem(file: YamlFile, shown: str, fault: dict[str, Any]) -> Problem:
    path: Path_ = tuple(fault["loc"])
    line = file.line_of(path)
    field = ".".join(str(part) for part in path)
    if fault["type"] == "extra_forbidden":
        return Problem(shown, line, field, "unknown key; see the list in docs/files.md.")
    if fault["type"] == "missing":
        return Problem(shown, line, field, "is required and missing.")
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    found = repr(fault["input"])
    if len(found) > 60:
        found = found[:57] + "..."
    return Problem(shown, line, field, f"{message} (found {found}).")


def _walk(
    node: yaml.Node | None,
    path: Path_,
    lines: dict[Path_, int],
    problems: list[Problem],
    shown: str,
) -> None:
    if node is None:
        return
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                problems.append(Problem(shown, line, name, "the key stands here a second time."))
            seen.add(name)
            lines[(*path, name)] = line
            _walk(value, (*path, name), lines, problems, shown)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, problems, shown)


def _yaml_fault(error: yaml.YAMLError) -> tuple[int | None, str]:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    return (mark.line + 1 if mark else None), f"is not valid YAML: {what}."


def _broken(path: Path, shown: str, line: int | None, message: str) -> YamlFile:
    return YamlFile(path, None, {}, (Problem(shown, line, "", message),))


def write(path: Path, text: str) -> None:
    """Puts `text` in place whole: a half-written file would be a broken one.

    Raises ArchiveError; then what was there before is still there.
    """
    draft = path.with_suffix(".yaml.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ArchiveError(
            path, f"cannot be written ({error.strerror}).", "Free some space and run again."
        ) from error
