"""Elements of an XML file, out of facts that may be missing and texts that XML cannot all hold."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from lxml import etree

# https://www.w3.org/TR/xml/#charsets: also escaped, no control character may stand in a file.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML = "{http://www.w3.org/XML/1998/namespace}"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

Element: TypeAlias = Any  # lxml has no types


def root(namespace: str, name: str, **prefixes: str) -> Element:
    """The outermost element; `prefixes` names further namespaces, or its own."""
    plain = [] if namespace in prefixes.values() else [(None, namespace)]
    names = dict[str | None, str]([*plain, *prefixes.items()])
    return etree.Element(f"{{{namespace}}}{name}", nsmap=names)


def add(parent: Element, name: str, said: object = None, **attributes: object) -> Element:
    """A new last child in its parent's namespace, where `name` has none of its own.

    Attributes that are None are left out; `xml_id` and `xml_lang` are XML's own, `from_` is `from`.
    """
    own = name if name.startswith("{") else f"{{{etree.QName(parent).namespace}}}{name}"
    child = etree.SubElement(parent, own)
    if said is not None:
        child.text = writable(said)
    for attribute, value in attributes.items():
        if value is not None:
            xml = attribute.startswith("xml_")
            key = _XML + attribute[4:] if xml else attribute.rstrip("_")
            child.set(key, writable(value))
    return child


def fact(parent: Element, name: str, said: object, **attributes: object) -> None:
    """The same where something is said; nothing where it is not known."""
    if said is not None and said != "":
        add(parent, name, said, **attributes)


def text(top: Element) -> str:
    """The whole file."""
    etree.indent(top)
    return f"{_HEAD}{etree.tostring(top, encoding='unicode')}\n"


def writable(said: object) -> str:
    """U+FFFD stands for what XML cannot hold."""
    return _UNWRITABLE.sub("\ufffd", str(said))
