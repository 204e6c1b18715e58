"""Changes values in a YAML file that a person wrote, and leaves every other byte as it is.

What stands beside and between the values stays: comments, order, quotes, line ends. Works on the
text with the marks of PyYAML's own parser, and only on what `yamlfile` reads without a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline import yamlfile

Path_ = tuple[str, ...]


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def one_line(value: Any) -> str:
    """A value as one line of YAML that `yamlfile` reads as the same value.

    >>> one_line(["lt", "no"]), one_line("1998"), one_line({"born": 1929})
    ('[lt, no]', "'1998'", '{born: 1929}')
    """
    for style in (None, '"'):
        # In a list, so that what would end an item is quoted: the place may be one.
        made = yaml.safe_dump(
            [value],
            allow_unicode=True,
            default_flow_style=True,
            default_style=style,
            sort_keys=False,
            width=float("inf"),
        )
        line = made.rstrip("\n")[1:-1]
        if "\n" not in line and yamlfile.value_of(line) == value:
            return line
    raise ValueError(value)


def change(text: str, changes: Mapping[Path_, Any]) -> str:
    """`text`, a mapping, with the values at these paths; a path has one name or two.

    What is not there is added: at the end of its mapping. Comments inside a list that is replaced
    are kept above its key. Raises ValueError where the file's form is none that it knows.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise ValueError("no mapping")
    edits = list(_edits(text, root, changes))
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _edits(text: str, mapping: yaml.MappingNode, changes: Mapping[Path_, Any]) -> Iterator[_Edit]:
    present = {key.value: (key, value) for key, value in mapping.value}
    added: dict[str, Any] = {}
    inner: dict[str, dict[Path_, Any]] = {}
    for path, value in changes.items():
        name, deeper = path[0], path[1:]
        if not deeper and name in present:
            yield from _replace(text, *present[name], value)
        elif not deeper:
            added[name] = value
        elif name in present and isinstance(present[name][1], yaml.MappingNode):
            inner.setdefault(name, {})[deeper] = value
        else:
            added.setdefault(name, {})[deeper[0]] = value
    for name, deeper_changes in inner.items():
        yield from _edits(text, present[name][1], deeper_changes)
    for name in [name for name in added if name in present]:
        yield from _replace(text, *present[name], added.pop(name))
    if added:
        yield _add(text, mapping, added)


def _replace(text: str, key: yaml.Node, node: yaml.Node, value: Any) -> Iterator[_Edit]:
    start, end = node.start_mark.index, _end(node)
    if isinstance(node, yaml.CollectionNode):
        # From behind the colon: a list below its key becomes a list beside it.
        start = text.index(":", key.end_mark.index) + 1
        yield from _kept(text, key, _comments(text[start:end], start, node))
    if isinstance(node, yaml.CollectionNode) or start == end:
        yield _Edit(start, end, f" {one_line(value)}")
        return
    block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    yield _Edit(start, end, one_line(value) + ("\n" if block and text[end - 1] == "\n" else ""))


def _kept(text: str, key: yaml.Node, comments: list[str]) -> Iterator[_Edit]:
    """Comments of a value that is replaced, above its key."""
    line = text.rfind("\n", 0, key.start_mark.index) + 1
    indent = text[line : key.start_mark.index]
    if comments and indent.strip():
        raise ValueError("comments in a value whose key does not begin its line")
    if comments:
        yield _Edit(line, line, "".join(f"{indent}{comment}\n" for comment in comments))


def _add(text: str, mapping: yaml.MappingNode, added: Mapping[str, Any]) -> _Edit:
    end = _end(mapping.value[-1][1]) or mapping.value[-1][0].end_mark.index
    if mapping.flow_style:
        more = "".join(f", {name}: {one_line(value)}" for name, value in added.items())
        return _Edit(end, end, more)
    indent = " " * mapping.value[0][0].start_mark.column
    lines = "".join(f"{indent}{name}: {one_line(value)}\n" for name, value in added.items())
    if end and text[end - 1] == "\n":
        return _Edit(end, end, lines)
    stop = text.find("\n", end)
    if stop < 0:
        return _Edit(len(text), len(text), "\n" + lines)
    return _Edit(stop + 1, stop + 1, lines)


def _end(node: yaml.Node) -> int:
    """Where a value's own text ends; a block's mark stands behind the comments that follow it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return max(_end(part) for pair in node.value for part in pair)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max(_end(part) for part in node.value)
    return int(node.end_mark.index)


def _comments(text: str, start: int, node: yaml.Node) -> list[str]:
    """The comments between the values of a list or mapping whose `text` begins at `start`."""
    found, at = [], 0
    for leaf in _leaves(node):
        found.append(text[at : leaf.start_mark.index - start])
        at = leaf.end_mark.index - start
    lines = "\n".join([*found, text[at:]]).split("\n")
    return [f"#{line.split('#', 1)[1]}".rstrip() for line in lines if "#" in line]


def _leaves(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield from _leaves(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _leaves(item)
    else:
        yield node
