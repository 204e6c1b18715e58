"""XML from strangers, read without entities, external files, the network or endless trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from pipeline.given import GivenError

Element: TypeAlias = Any  # lxml has no types
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ID = "{http://www.w3.org/XML/1998/namespace}id"


def parse(raw: bytes, name: object) -> Element:
    """The outermost element. Raises GivenError where it is no XML, or declares entities.

    libxml2's own limits on depth and length stay on (`huge_tree` off).
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        top = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        what = f"is not XML that can be read ({str(error).splitlines()[0]})."
        raise GivenError(name, what, "Nothing was changed.") from error
    declared = top.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        what = "declares entities, which may stand for other files or for endless text."
        raise GivenError(name, what, "Have it saved without them. Nothing was changed.")
    return top


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def all_of(top: Element, *path: str) -> Iterator[Element]:
    """Elements at a path of names below `top`, in any namespace; the first at any depth."""
    first, rest = path[0], "".join(f"/{{*}}{name}" for name in path[1:])
    yield from top.iterfind(f".//{{*}}{first}{rest}")


def said(element: Element | None) -> str | None:
    """An element's text in one line; None where there is none."""
    if element is None:
        return None
    return " ".join("".join(element.itertext()).split()) or None


def first(top: Element, *path: str) -> str | None:
    """The text of the first element at a path that has any."""
    return next((text for one in all_of(top, *path) if (text := said(one))), None)
