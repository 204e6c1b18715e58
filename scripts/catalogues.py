"""Brings the catalogues of the interface up to date with what pages and modules say.

Run it after a sentence was added or changed: make catalogues (python -m scripts.catalogues).
It writes pipeline/site/catalogues/LANGUAGE.po: new messages empty, for someone to translate, and
those that nothing says any more removed. It prints what has no translation yet and ends with 1
while there is any.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from pipeline.site.words import INTERFACE, SOURCE

PACKAGE = Path(__file__).parent.parent / "pipeline"
FOLDER = PACKAGE / "site" / "catalogues"
LANGUAGES = tuple(language for language in INTERFACE if language != SOURCE)

_HEADER = """\
# The interface of the reading room, LANGUAGE.
# Not yet read by native speakers: corrections are welcome.
#"""
_TEMPLATES = "site/templates/**.html"
_METHODS = [
    (_TEMPLATES, "jinja2.ext:babel_extract"),
    ("site/**.py", "python"),
    # What cannot be searched is said below the site, and translated by `Words.problem`.
    ("*.py", "python"),
]
_KEYWORDS = DEFAULT_KEYWORDS | {"_wrong": (1,), "QueryError": (2,)}
# Blocks are not trimmed, as when pages are rendered; a template that cannot be read is an error.
_OPTIONS = {_TEMPLATES: {"silent": "false"}}


def main() -> int:
    """Updates every catalogue; 1 while a message has no translation."""
    missing = 0
    for language in LANGUAGES:
        catalogue = updated(language, messages())
        write(catalogue, file_of(language))
        for message in untranslated(catalogue):
            print(f"{language}: {message.id!r}")
            missing += 1
    print(f"{len(messages())} messages, {missing} translations missing")
    return 1 if missing else 0


def messages() -> Catalog:
    """What the site says to readers, in English."""
    found = Catalog()
    for _, _, message, _, context in extract_from_dir(PACKAGE, _METHODS, _OPTIONS, _KEYWORDS):
        found.add(message, context=context)
    return found


def file_of(language: str) -> Path:
    """Where the catalogue of a language is kept."""
    return FOLDER / f"{language}.po"


def stored(language: str) -> Catalog:
    """The catalogue as it is kept; an empty one for a language that has none yet."""
    file = file_of(language)
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def updated(language: str, template: Catalog) -> Catalog:
    """The stored translations of just the messages of `template`."""
    kept = stored(language)
    catalogue = Catalog(
        locale=language, header_comment=_HEADER.replace("LANGUAGE", language), fuzzy=False
    )
    for message in template:
        if not message.id:
            continue
        known = kept.get(message.id, message.context)
        # A message that gained or lost its plural is another one.
        same = known is not None and known.pluralizable == message.pluralizable
        catalogue.add(message.id, known.string if known and same else "", context=message.context)
    return catalogue


def untranslated(catalogue: Catalog) -> list[Message]:
    """Messages of which the translation, or one of its plural forms, is empty."""
    return [message for message in catalogue if message.id and not all(_forms(message))]


def write(catalogue: Catalog, file: Path) -> None:
    """Sorted and without line numbers and times, so that a change shows just what was changed."""
    with file.open("wb") as target:
        write_po(target, catalogue, no_location=True, sort_output=True, omit_header=True, width=99)
    file.write_text(_header(catalogue) + file.read_text("utf-8"), "utf-8")


def _header(catalogue: Catalog) -> str:
    facts = {
        "Language": str(catalogue.locale),
        "Plural-Forms": catalogue.plural_forms,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in facts.items())
    return f'{catalogue.header_comment}\nmsgid ""\nmsgstr ""\n{lines}\n'


def _forms(message: Message) -> tuple[str, ...]:
    said = message.string
    return (said or "",) if isinstance(said, str) or said is None else tuple(said)


if __name__ == "__main__":
    sys.exit(main())
