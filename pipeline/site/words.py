"""The interface in the reader's language: its words, and dates, numbers and names in its way.

English is what the templates say; the other languages are `catalogues/LANGUAGE.po`, read as they
are, so that there is nothing to compile.
"""

from __future__ import annotations

import datetime
import io
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources

from babel import Locale, dates, lists, numbers
from babel.core import UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.units import format_unit

from pipeline.errors import QueryError

SOURCE = "en"
INTERFACE = (SOURCE, "lt", "lv", "et", "pl", "uk", "ro")
CATALOGUES = resources.files("pipeline.site") / "catalogues"

# The EDTF that sidecars have most: a year, a month or a day, in doubt or about then.
_EDTF = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?([?~%]?)")
# A decade or a century, as 198X.
_YEARS = re.compile(r"(\d\d[\dX]X)([?~%]?)")


@dataclass(frozen=True)
class Words:
    """How this site speaks to one reader. Its methods are what templates call by these names."""

    language: str

    @cached_property
    def locale(self) -> Locale:
        # A European archive: 25 March 1949, not March 25.
        return Locale.parse("en_GB" if self.language == SOURCE else self.language)

    @cached_property
    def _translations(self) -> NullTranslations:
        return _catalogue(self.language)

    def gettext(self, message: str) -> str:
        return self._translations.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self._translations.ngettext(one, many, count)

    def problem(self, error: QueryError) -> str:
        """Why a search cannot be read as one, as a sentence of a page."""
        said = self.gettext(error.message)
        said = said % error.facts if error.facts else said
        return said[:1].upper() + said[1:]

    def number(self, value: float) -> str:
        return numbers.format_decimal(value, locale=self.locale)

    def hours(self, duration_s: float) -> str:
        """A length as people say it: `3 h 12 min`, `12 min`, `1 min 40 s`, `40 s`."""
        seconds, minutes = round(duration_s), round(duration_s / 60)
        if seconds < 600:
            parts = {"minute": seconds // 60, "second": seconds % 60}
        else:
            parts = {"hour": minutes // 60, "minute": minutes % 60}
        said = [_unit(count, unit, self.locale) for unit, count in parts.items() if count]
        return " ".join(said) or _unit(0, "second", self.locale)

    def date(self, edtf: str | None) -> str:
        """A date as it is known, a part or in doubt; None is said to be not recorded."""
        if not edtf:
            return self.gettext("not recorded")
        ends = [self._day(end) for end in edtf.split("/")]
        return "–".join(ends)

    def _day(self, edtf: str) -> str:
        if years := _YEARS.fullmatch(edtf):
            from_to = "–".join(years[1].replace("X", digit) for digit in "09")
            return self._doubted(from_to, years[2])
        match = _EDTF.fullmatch(edtf)
        if match is None:
            return edtf
        year, month, day, doubt = match[1], match[2], match[3], match[4]
        said = year
        if month and 1 <= int(month) <= 12:
            known = datetime.date(int(year), int(month), int(day or 1))
            if day:
                said = dates.format_date(known, "long", locale=self.locale)
            else:
                said = dates.format_skeleton("yMMMM", known, locale=self.locale)
        return self._doubted(said, doubt)

    def _doubted(self, said: str, doubt: str) -> str:
        """A date with what EDTF says of it: `?` uncertain, `~` about then, `%` both."""
        if doubt == "~":
            return self.gettext("about %(date)s") % {"date": said}
        return self.gettext("%(date)s, uncertain") % {"date": said} if doubt else said

    def language_name(self, code: str | None) -> str:
        """The name of a language in the reader's own."""
        if not code:
            return self.gettext("language not known")
        return _language_name(code, self.language)

    def all_of(self, items: list[str]) -> str:
        """A list in a sentence: `a, b and c`."""
        return lists.format_list(items, locale=self.locale) if items else ""


@lru_cache(maxsize=len(INTERFACE))
def words_in(language: str) -> Words:
    """The words of one of the `INTERFACE` languages."""
    return Words(language)


def chosen(asked: str | None, accepted: str) -> Words:
    """What the reader asked for by `?lang=`, else what their browser prefers, else English.

    `accepted` is the header Accept-Language.
    """
    if asked in INTERFACE:
        return words_in(asked)
    ranked = sorted(_accepted(accepted), key=lambda one: -one[1])
    return words_in(next((tag for tag, weight in ranked if weight > 0), SOURCE))


def own_name(language: str) -> str:
    """A language's name in itself, as a chooser shows it."""
    name = Locale.parse(language).get_display_name(language) or language
    return name[:1].upper() + name[1:]


def _accepted(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.split(",")[:50]:
        tag, _, weight = part.strip().partition(";")
        primary = tag.split("-")[0].lower()
        if primary in INTERFACE:
            q = re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)", weight)
            found.append((primary, float(q[1]) if q else 0.0 if weight else 1.0))
    return found


@lru_cache(maxsize=len(INTERFACE))
def _catalogue(language: str) -> NullTranslations:
    file = CATALOGUES / f"{language}.po"
    if language == SOURCE or not file.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=1000)
def _language_name(code: str, language: str) -> str:
    """Kept, because a long transcript asks it for every line."""
    try:
        return Locale.parse(code, sep="-").get_language_name(language) or code
    except (UnknownLocaleError, ValueError):
        return code


def _unit(count: int, unit: str, locale: Locale) -> str:
    return format_unit(count, f"duration-{unit}", "short", locale=locale)
