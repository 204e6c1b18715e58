"""The interface in the reader's language: whole catalogues, and no sentence beside them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import pytest
from babel.messages.catalog import Catalog, Message
from datasette.app import Datasette

from pipeline.desk import Desk
from pipeline.engines.fake import FakeEngine
from pipeline.report import Silent
from pipeline.site import app
from pipeline.site.words import INTERFACE, SOURCE, Words, words_in
from pipeline.withdraw import withdraw
from scripts import catalogues
from tests.conftest import Folder
from tests.test_access import HASH, PASSWORD, log_in

LANGUAGES = catalogues.LANGUAGES
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|</?\w+>")
# What has no language: names of formats, styles and units, and of what made the transcript.
_NAMES = set(
    "Chicago APA ISO BibTeX RIS CSL JSON JSON-LD TEI OHMS IIIF DataCite Dublin Core DOI CSV VTT WebVTT SRT SubRip TXT SQLite API SQL HTML"
    " CC BY QR s JavaScript oEmbed".split()
)
_SPOKEN = "aria-label", "title", "alt", "placeholder", "label"


def forms(said: Any) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, tuple | list) else (said,)


def ids(catalogue: Catalog) -> set[Any]:
    return {message.id for message in catalogue if message.id}


@pytest.fixture(scope="module")
def source() -> Catalog:
    return catalogues.messages()


def test_the_languages_with_a_catalogue_are_those_offered() -> None:
    files = {file.stem for file in catalogues.FOLDER.glob("*.po")}
    assert {*files, SOURCE} == {*INTERFACE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_says_all_that_the_source_says_and_nothing_else(
    language: str, source: Catalog
) -> None:
    stored = catalogues.stored(language)
    assert ids(stored) == ids(source), "run: make catalogues"
    assert [m.id for m in catalogues.untranslated(stored)] == []
    assert [m.id for m in stored if m.id and m.fuzzy] == []
    assert [e for m in stored for e in m.check(stored)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_and_plural_forms_of_its_message(
    language: str,
) -> None:
    stored = catalogues.stored(language)

    def wrong(message: Message) -> bool:
        wanted = [sorted(_PLACEHOLDER.findall(form)) for form in forms(message.id)]
        given = [sorted(_PLACEHOLDER.findall(form)) for form in forms(message.string)]
        many = stored.num_plurals if message.pluralizable else 1
        return len(given) != many or any(one not in wanted for one in given)

    assert [message.id for message in stored if message.id and wrong(message)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_ends_as_its_message_does(language: str) -> None:
    def end(text: str) -> str:
        return (re.search(r"[.:?]?$", text) or [""])[0]

    stored = catalogues.stored(language)
    pairs = [(m.id, m.string) for m in stored if m.id and not m.pluralizable]
    assert [m for m, s in pairs if end(m) != end(s) and not m.startswith("%")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_updating_a_catalogue_that_is_current_changes_nothing(
    language: str, source: Catalog, tmp_path: Any
) -> None:
    again = tmp_path / "again.po"
    catalogues.write(catalogues.updated(language, source), again)
    assert again.read_text("utf-8") == catalogues.file_of(language).read_text("utf-8")


def test_a_new_message_comes_empty_and_one_that_is_gone_leaves(source: Catalog) -> None:
    other = Catalog()
    other.add("Search")
    other.add("A sentence that nobody has translated")
    other.add(("Close", "Closes"))
    updated = catalogues.updated("pl", other)
    assert ids(updated) == ids(other)
    assert updated.get("Search").string == "Szukaj"
    assert len(catalogues.untranslated(updated)) == 2


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("pl", ["1 fragment", "2 fragmenty", "5 fragmentów", "21 fragmentów"]),
        ("lt", ["1 ištrauka", "2 ištraukos", "5 ištraukos", "21 ištrauka"]),
        ("uk", ["1 уривок", "2 уривки", "5 уривків", "21 уривок"]),
        ("lv", ["1 fragments", "2 fragmenti", "5 fragmenti", "21 fragments"]),
        ("et", ["1 lõik", "2 lõiku", "5 lõiku", "21 lõiku"]),
        ("ro", ["1 pasaj", "2 pasaje", "5 pasaje", "21 de pasaje"]),
    ],
)
def test_numbers_take_the_form_of_the_language(language: str, said: list[str]) -> None:
    words = words_in(language)
    found = [words.ngettext("%(n)s passage", "%(n)s passages", n) % {"n": n} for n in (1, 2, 5, 21)]
    assert found == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["25 March 1949", "June 1998, uncertain", "12,345.6", "3 hrs 12 mins"]),
        (
            "lt",
            ["1949 m. kovo 25 d.", "1998 m. birželis (abejotina)", "12 345,6", "3 val. 12 min."],
        ),
        ("lv", ["1949. gada 25. marts", "1998. g. jūnijs (nedroši)", "12 345,6", "3 st. 12 min"]),
        ("et", ["25. märts 1949", "juuni 1998 (ebakindel)", "12 345,6", "3 t 12 min"]),
        ("pl", ["25 marca 1949", "czerwiec 1998 (niepewne)", "12 345,6", "3 godz. 12 min"]),
        ("uk", ["25 березня 1949 р.", "червень 1998 р. (непевно)", "12 345,6", "3 год 12 хв"]),
        ("ro", ["25 martie 1949", "iunie 1998 (nesigur)", "12.345,6", "3 ore 12 min."]),
    ],
)
def test_dates_numbers_and_lengths_are_said_as_the_reader_says_them(
    language: str, said: list[str]
) -> None:
    words = words_in(language)
    told = [words.date("1949-03-25"), words.date("1998-06?"), words.number(12_345.6),
            words.hours(11_520)]  # fmt: skip
    # Blanks that do not break a line are blanks too.
    assert [" ".join(one.split()) for one in told] == said


def test_a_decade_is_told_by_its_years() -> None:
    words = words_in("en")
    told = [words.date(edtf) for edtf in ("198X", "194X~", "19XX?", "1X9X")]
    assert told == ["1980–1989", "about 1940–1949", "1900–1999, uncertain", "1X9X"]


REASONS = [
    "hardly any voice is heard here (0.12)", "the engine is very unsure (log probability -1.20)",
    "the engine takes it for silence (0.70)", "the text repeats itself",
    "the same sentence for the 4th time", "decoded again in pieces, it was no better",
    "30 words in 2.0 s are too many", "1 words in 9.0 s are too few",
    "40% of the letters are not pl", "the words look like pl, the sound like ru",
    "a phrase that ends films: 'zzz'",
]  # fmt: skip
# All that people write or say in this archive begins with z.
TEXT = "Zabrali zboże, zimą. Została zorza."


@pytest.fixture
def published(folder: Folder) -> Folder:
    folder.config(title="Zarchive", languages=["pl", "en", "ru"])
    written = {
        "title": "Ztitle",
        "notice": "Znotice",
        "warnings": ["zwarning", "zother"],
        "narrator": {"name": "Znarrator", "born": 1930},
        "interviewer": "Zinterviewer",
        "collection": "Zcollection",
        "recorded_on": "1995-03",
        "licence": "CC-BY-4.0",
    }
    for ident, pitch_hz in (("zopen", 440), ("zgone", 500), ("zlisted", 600)):
        folder.tone(f"{ident}.wav", seconds=5, pitch_hz=pitch_hz)
        shut = {"access": "closed", "listed": True, "access_reason": "Zreason"}
        access = shut if ident == "zlisted" else {"access": "public"}
        folder.sidecar(ident, [f"{ident}.wav"], **written, **access)
    folder.run(FakeEngine(text=lambda clip: TEXT))
    with folder.open() as archive:
        assert withdraw(archive, folder.settings(), "zgone", "asked", Silent()).ok
    return folder


@pytest.fixture
def site(published: Folder) -> Datasette:
    (published.root / "secrets").mkdir()
    (published.root / "secrets" / "reviewers").write_text(f"zrita:{HASH}\n")
    with published.open() as archive, archive.db.atomic():
        archive.db.execute(
            "UPDATE segments SET state = 'quarantined', reasons = ? WHERE n = 2",
            (json.dumps(REASONS),),
        )
        archive.db.execute("INSERT INTO unheard SELECT id, 1, 4.5, 5 FROM runs LIMIT 1")
    return app.build(published.root, desk=Desk(published.root))


async def get(
    site: Datasette, path: str, accept: str = "", cookies: Any = None, **values: str
) -> Any:
    address = f"{path}?{urlencode(values)}" if values else path
    return await site.client.get(address, headers={"accept-language": accept}, cookies=cookies)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_page_is_in_the_language_that_was_asked_for(site: Datasette, language: str) -> None:
    response = await get(site, "/search", accept="en", lang=language)
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", response.text, re.DOTALL)
    assert f'<html lang="{language}"' in response.text
    assert response.headers["content-language"] == language
    assert heading is not None
    assert heading[1].strip() == words_in(language).gettext("Search") != "Search"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("lt", "lt"),
        ("de, uk;q=0.8, en;q=0.5", "uk"),
        ("et;q=0.3, ro-MD;q=0.9", "ro"),
        ("LV-lv", "lv"),
        ("pl;q=0, en;q=0.1", "en"),
        ("de", "en"),
        ("pl;q=many", "en"),
        ("", "en"),
    ],
)
async def test_the_browser_says_which_language_its_reader_prefers(
    site: Datasette, accept: str, language: str
) -> None:
    assert f'<html lang="{language}"' in (await get(site, "/", accept=accept)).text
    assert '<html lang="et"' in (await get(site, "/", accept=accept, lang="et")).text


async def test_a_search_that_cannot_be_read_is_explained_in_the_language(site: Datasette) -> None:
    sentence = "After: потребує року, наприклад after:1950."
    for path in ("/search", "/testimony/zopen"):
        assert sentence in (await get(site, path, q="after:never", lang="uk")).text
    inside = await get(site, "/testimony/zopen/search.json", q="after:never", lang="uk")
    assert inside.json()["problem"] == sentence


class Spoken(HTMLParser):
    """What a page says to its reader, without what says its language itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        foreign = tag != "html" and "lang" in given
        if tag in ("input", "meta", "link", "br", "source", "track", "circle", "line", "hr", "img"):
            pass
        elif self._silent or foreign or tag in ("script", "style", "kbd", "code", "pre"):
            self._silent.append(tag)
        if not self._silent:
            told = [v or "" for k, v in attrs if k in _SPOKEN]
            # Sentences for scripts; an address has no blanks.
            told += [v for k, v in attrs if k.startswith("data-") and v and " " in v]
            self.said += told

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag in self._silent:
            while self._silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def unmarked(html: str) -> set[str]:
    """Words of a page that came neither through a catalogue nor from the archive."""
    text = "\n".join(Spoken(html).said)
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = less
    text = re.sub(r"\S+://\S+|\bz[a-z]+/[\d.-]+", " ", text)
    found = set(re.findall(r"[^\W\d_][\w-]*", text))
    return {word for word in found - _NAMES if not word.lower().startswith("z")}


def pages() -> list[tuple[str, dict[str, str]]]:
    quoted = {"q": "zopen/0-4"}
    return [
        ("/", {}),
        ("/about", {}),
        ("/quality", {}),
        ("/api", {}),
        ("/testimonies", {}),
        ("/testimonies", {"language": "zz"}),
        ("/zz/zz", {}),
        ("/search", {}),
        ("/search", {"q": "zboże"}),
        ("/search", {"q": "zzzz"}),
        ("/search", {"q": "zostala zroza"}),
        ("/search", {"q": "-zima"}),
        ("/testimony/zopen", {}),
        ("/testimony/zopen", {"q": "OR"}),
        ("/testimony/zopen", {"q": "zboże"}),
        ("/testimony/zopen", {"q": "zzzz"}),
        ("/testimony/zlisted", {}),
        ("/testimony/znothing", {}),
        ("/testimony/zgone", {}),
        ("/quote/zopen/0-4", {}),
        ("/quote/zopen/0-4/embed", {}),
        ("/quote/zopen/4-0", {}),
        ("/quote/zopen/0-4000", {}),
        ("/quote/zgone/0-4", {}),
        ("/review", {}),
        ("/-/login", {}),
        ("/lesson", {}),
        ("/lesson", {**quoted, "n": "Zquestion", "end": "Zend", "title": "Zlesson"}),
        ("/lesson", {"add": "zz"}),
        ("/lesson/sheet", {**quoted, "n": "Zquestion"}),
        ("/lesson/sheet", {"q": "zgone/0-4"}),
    ]


async def test_every_sentence_of_every_page_comes_from_a_catalogue(
    site: Datasette, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gettext", "ngettext", "language_name", "hours", "date", "all_of"):
        said = getattr(Words, name)
        monkeypatch.setattr(Words, name, lambda self, *args, said=said: f"⟦{said(self, *args)}⟧")
    shown: set[str] = set()
    render = site.render_template

    async def noted(template: str, *args: Any, **options: Any) -> Any:
        shown.add(template)
        return await render(template, *args, **options)

    monkeypatch.setattr(site, "render_template", noted)
    beside = {}
    for path, values in pages():
        response = await get(site, path, **values, lang="lt")
        assert "⟦" in response.text, path
        beside[path, *values.values()] = unmarked(response.text)
    cookies = {"ds_actor": (await log_in(site, PASSWORD, "zrita")).cookies["ds_actor"]}
    for path, values in (
        ("/review", {}),
        ("/review/zopen", {}),
        ("/review/zopen", {"at": "0"}),
        ("/review/znobody", {}),
    ):
        response = await get(site, path, cookies=cookies, **values, lang="lt")
        assert "⟦" in response.text and response.status_code in (200, 404), path
        beside[path, *values.values(), cookies["ds_actor"]] = unmarked(response.text)
    assert {page: words for page, words in beside.items() if words} == {}
    folder = resources.files("pipeline.site") / "templates" / "archive"
    whole = {f"archive/{file.name}" for file in folder.iterdir() if file.name[0] != "_"}
    assert whole - shown - {"archive/base.html"} == set(), "pages that this test does not ask for"
