"""What Datasette tells of the published tables: titles, columns, units, facets, a canned query."""

from __future__ import annotations

from typing import Any

# What is said of an archive that says nothing of itself.
DESCRIPTION = "Recorded testimonies, searchable word by word."
_SEARCH_SQL = """
select
  testimonies.title as testimony,
  segments.text,
  segments.language,
  segments.start_s,
  '/media/' || segments.recording_id || '#t=' || segments.start_s as listen
from segments_fts
  join segments on segments.id = segments_fts.rowid
  join testimonies on testimonies.id = segments.testimony_id
where segments_fts match word_forms(:q, :language)
  and (:language = '' or segments.language = :language)
limit 200
""".strip()

_TESTIMONIES = {
    "id": "Stable name of the testimony",
    "title": "What it is called",
    "narrator": "Who gave it, or the name they chose to be known by",
    "narrator_born": "Year of birth; empty: not recorded",
    "interviewer": "Who asked",
    "recorded_on": "When it was recorded (EDTF: may be partial, as 1998-06?)",
    "place": "Where it was recorded",
    "languages_declared": "Languages that people say are spoken (BCP 47)",
    "languages_detected": "Languages that were heard, most first (BCP 47)",
    "collection": "The collection it belongs to",
    "summary": "What is told, in a person's words",
    "notice": "What a listener must know first",
    "licence": "Under which it may be used",
    "uses": "What its narrator agreed to",
    "warnings": "What may be hard to hear",
    "duration_s": "Length of all its recordings",
    "fingerprint": "Another one as soon as anything published of it is another",
}
# The order in which a file says them.
TESTIMONY_COLUMNS = tuple(_TESTIMONIES)
_RECORDINGS = {
    "id": "The start of the sha256 of the master's bytes",
    "testimony_id": "The testimony it is part of",
    "part": "Its place in the testimony",
    "duration_s": "Length",
    "has_video": "1: film, 0: sound only",
    "media": "File of the access copy; heard at /media/ID",
    "engine": "The program that made the transcript",
    "model": "The speech model it used",
    "transcribed_at": "When (UTC)",
}
_SEGMENTS = {
    "id": "Number of the segment",
    "testimony_id": "The testimony it is from",
    "recording_id": "The recording it is from",
    "n": "Its place in the recording",
    "start_s": "Where it starts, from the recording's start",
    "end_s": "Where it ends",
    "text": "The words, as a machine heard them or a person corrected them",
    "language": "The language it is transcribed in (BCP 47)",
    "language_confidence": "How sure the sound was of it, 0 to 1; empty: it was told",
    "language_source": "audio: measured, told: given by a person",
    "text_language": "What the words alone look like: a second opinion",
    "text_language_confidence": "How sure that opinion is, 0 to 1",
    "confidence": "How sure the engine was of the words, 0 to 1",
    "speaker": "Who speaks; empty: not known",
    "state": "ok: machine text, corrected: a person's, redacted: the words may not be shown",
}
_FORMER_TEXTS = {
    "id": "Number of the row",
    "testimony_id": "The testimony it is from",
    "recording_id": "The recording it is from",
    "start_s": "Where the passage starts, from the recording's start",
    "end_s": "Where it ends",
    "text": "The words that stood there before a person corrected them",
    "corrected_at": "When they were corrected (UTC)",
}
_SPELLINGS = {
    "typed": "The word as a plain keyboard types it: no diacritics, Latin for Cyrillic",
    "language": "The language it was spoken in (BCP 47; und: not known)",
    "form": "The word as it was spoken, in lower case",
    "segments": "In how many segments it occurs",
}
_TERMS = {
    "id": "Stable name of the term: event:ID in a search",
    "kind": "event, people, place, thing, law or practice",
    "feature": "What a place of the gazetteer is: city, camp, river, …",
    "dates": "When it happened (EDTF)",
    "places": "Where it happened: ids of places",
    "broader": "The more general term",
    "lat": "Latitude in degrees, of places of the gazetteer",
    "lon": "Longitude in degrees",
    "country": "The country of today (ISO 3166)",
    "camp_from": "The year since which it was a camp or a region of exile, as far as known",
    "camp_until": "The year until which it was one",
    "note": "What it was, in a sentence",
    "sources": "Books, archives and pages that have the facts",
}
_TERM_LABELS = {
    "id": "Number of the name",
    "term_id": "What is called so",
    "language": "In this language (BCP 47)",
    "n": "0: the name that is shown",
    "label": "The name, as in a dictionary",
    "words": "How many words it has",
    "former": "1: no longer called so",
    "since": "From this year on, as far as known",
    "until": "Until this year",
}
_SEGMENT_TERMS = {
    "segment_id": "The segment",
    "term_id": "What it names, in any form of the words",
}
_TESTIMONY_LANGUAGES = {
    "testimony_id": "The testimony",
    "language": "A language that is spoken in it (BCP 47)",
    "segments": "How many of its segments are in it",
    "duration_s": "How long they are together",
}
_TESTIMONY_TERMS = {
    "testimony_id": "The testimony",
    "term_id": "What it names",
    "segments": "How many of its segments name it",
}
_CLOSED = {
    "id": "Stable name of the testimony",
    "title": "What it is called",
    "reason": "Why it is not here",
    "contact": "Whom to ask",
}
_QUALITY = {
    "id": "Number of the row",
    "testimony_id": "The testimony; empty: all of them here",
    "language": "As the machine heard it (BCP 47); empty: what has no language",
    "engine": "The program, in rows by model",
    "model": "The speech model, in rows by model; empty: whatever model what counts was made with",
    "drawn": "How many of the machine's lines were drawn at random",
    "heard": "How many of them a person has corrected or confirmed",
    "words": "How many words were said in those",
    "wer": "Word error rate: wrong, missing and invented words by words said; empty: too few lines",
    "wer_low": "Lower end of its 95 % interval",
    "wer_high": "Upper end",
    "cer": "The same in characters",
    "cer_low": "Lower end of its 95 % interval",
    "cer_high": "Upper end",
    "not_published": "Machine lines that are too doubtful to be published",
    "missed_s": "Seconds that sound like speech and have no words",
}
_TABLES: dict[str, dict[str, Any]] = {
    "testimonies": {
        "description": "One row for each testimony.",
        "columns": _TESTIMONIES,
        "units": {"duration_s": "s"},
        "facets": ["collection", "place"],
        "label_column": "title",
    },
    "recordings": {
        "description": "The parts of each testimony.",
        "columns": _RECORDINGS,
        "units": {"duration_s": "s"},
        "facets": ["testimony_id", "has_video"],
    },
    "segments": {
        "description": "What was said, line by line. Machine transcripts err.",
        "columns": _SEGMENTS,
        "units": {"start_s": "s", "end_s": "s"},
        "facets": ["language", "testimony_id", "state"],
        "label_column": "text",
        "size": 50,
    },
    "former_texts": {
        "description": "What stood in the transcript before people corrected it.",
        "columns": _FORMER_TEXTS,
        "units": {"start_s": "s", "end_s": "s"},
        "label_column": "text",
    },
    "spellings": {
        "description": "Words with marks, by how a plain keyboard types them.",
        "columns": _SPELLINGS,
    },
    "terms": {
        "description": "Events, people, things and places of this history.",
        "columns": _TERMS,
        "facets": ["kind"],
    },
    "term_labels": {
        "description": "What terms are called, in each language.",
        "columns": _TERM_LABELS,
        "facets": ["language"],
        "label_column": "label",
    },
    "segment_terms": {
        "description": "Which segments name which terms.",
        "columns": _SEGMENT_TERMS,
        "facets": ["term_id"],
    },
    "testimony_languages": {
        "description": "How long which language is spoken in which testimony.",
        "columns": _TESTIMONY_LANGUAGES,
        "units": {"duration_s": "s"},
        "facets": ["language"],
    },
    "testimony_terms": {
        "description": "Which testimonies name which terms, and how often.",
        "columns": _TESTIMONY_TERMS,
        "facets": ["term_id"],
    },
    "term_words": {"hidden": True},
    "versions": {"hidden": True},
    "closed": {
        "description": "Testimonies that are kept here and may not be seen.",
        "columns": _CLOSED,
        "label_column": "title",
    },
    "quality": {
        "description": "How many of the machine's words are wrong, from random samples.",
        "columns": _QUALITY,
        "facets": ["language"],
    },
    "gone": {"hidden": True},
    "meaning_bits": {"hidden": True},
    "meaning_vectors": {"hidden": True},
}


def of(table: str) -> dict[str, str]:
    """What each column of a published table means, in order."""
    return dict(_TABLES[table]["columns"])


def datasette_metadata(
    title: str, about: str | None = None, contact: str | None = None
) -> dict[str, Any]:
    """Datasette's metadata for both databases: titles, columns, units, facets, canned queries.

    `about`: what the archive says of itself; `contact`: whom it tells readers to ask.
    """
    return {
        "title": title,
        "description": about or DESCRIPTION,
        "contact": contact,
        "license": "See the licence of each testimony",
        "databases": {
            "public": _database("Only what its narrators agreed to make public."),
            "researchers": _database("What its narrators agreed to show to researchers."),
        },
    }


def _database(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "queries": {
            "search": {
                "title": "Search in what was said",
                "description": "All words must occur, in any form; language: lt, lv, … or"
                " empty. In your own SQL: segments_fts match word_forms(words, language).",
                "sql": _SEARCH_SQL,
                "params": ["q", "language"],
            }
        },
        "tables": _TABLES,
    }
