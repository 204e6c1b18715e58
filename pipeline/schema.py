"""The shape of `archive.db`, as a list of small steps. A change is a function at the bottom.

Times are seconds from the start of the recording (`_s`), languages BCP 47, moments UTC in ISO 8601.
"""

from __future__ import annotations

import secrets

from sqlite_utils import Database, Migrations

migration = Migrations("testimony-archive")


@migration()
def m001_testimonies(db: Database) -> None:
    """What people know, copied from the sidecars at every ingest."""
    db.table("testimonies").create(
        {
            "id": str,
            "title": str,
            "narrator": str,
            "narrator_born": int,
            "narrator_gender": str,
            "narrator_pseudonym": str,
            "interviewer": str,
            "recorded_on": str,
            "place": str,
            "languages": str,
            "collection": str,
            "summary": str,
            "notice": str,
            "access": str,
            "access_until": str,
            "access_reason": str,
            "listed": int,
            "licence": str,
            "agreement": str,
            "uses": str,
            "warnings": str,
            "redactions": str,
        },
        pk="id",
        not_null={"id", "title", "access"},
    )


@migration()
def m002_recordings(db: Database) -> None:
    """One master each; its id is the start of its sha256, so a new name changes nothing."""
    db.table("recordings").create(
        {
            "id": str,
            "testimony_id": str,
            "part": int,
            "path": str,
            "sha256": str,
            "bytes": int,
            "mtime_ns": int,
            "duration_s": float,
            "missing_s": float,
            "codec": str,
            "sample_rate_hz": int,
            "channels": int,
            "has_video": int,
            "ingested_at": str,
            "current_run_id": int,
        },
        pk="id",
        not_null={"id", "testimony_id", "path", "sha256", "duration_s"},
        foreign_keys=[("testimony_id", "testimonies", "id")],
    )
    db.table("recordings").create_index(["sha256"], unique=True)
    db.table("recordings").create_index(["path"], unique=True)
    db.table("recordings").create_index(["testimony_id"])


@migration()
def m003_runs(db: Database) -> None:
    """Every attempt to transcribe a recording, with what was used; a failed one with its reason."""
    db.table("runs").create(
        {
            "id": int,
            "recording_id": str,
            "settings": str,
            "engine": str,
            "version": str,
            "model": str,
            "model_sha256": str,
            "options": str,
            "languages": str,
            "speech_s": float,
            "started_at": str,
            "finished_at": str,
            "state": str,
            "reason": str,
        },
        pk="id",
        not_null={"recording_id", "state", "started_at"},
        foreign_keys=[("recording_id", "recordings", "id")],
    )
    db.table("runs").create_index(["recording_id", "settings", "state"])
    db.table("recordings").add_foreign_key("current_run_id", "runs", "id")


@migration()
def m004_segments_and_words(db: Database) -> None:
    """What one run heard, line by line and word by word."""
    db.table("segments").create(
        {
            "id": int,
            "run_id": int,
            "recording_id": str,
            "n": int,
            "start_s": float,
            "end_s": float,
            "text": str,
            "language": str,
            "language_confidence": float,
            "language_source": str,
            "text_language": str,
            "text_language_confidence": float,
            "confidence": float,
            "speaker": str,
            "state": str,
            "reasons": str,
        },
        pk="id",
        not_null={"run_id", "recording_id", "n", "start_s", "end_s", "text", "state"},
        foreign_keys=[("run_id", "runs", "id"), ("recording_id", "recordings", "id")],
    )
    db.table("segments").create_index(["run_id", "n"], unique=True)
    db.table("segments").create_index(["recording_id"])
    db.table("words").create(
        {
            "segment_id": int,
            "n": int,
            "start_s": float,
            "end_s": float,
            "text": str,
            "confidence": float,
        },
        pk=("segment_id", "n"),
        not_null={"start_s", "end_s", "text"},
        foreign_keys=[("segment_id", "segments", "id")],
    )


@migration()
def m005_publications(db: Database) -> None:
    """What was published, from what; the same fingerprint again means nothing to do."""
    db.table("publications").create(
        {
            "id": int,
            "fingerprint": str,
            "published_at": str,
            "testimonies": int,
            "segments": int,
        },
        pk="id",
        not_null={"fingerprint", "published_at"},
    )


@migration()
def m006_unheard(db: Database) -> None:
    """Stretches that sound like speech and have no text: a person should listen."""
    db.table("unheard").create(
        {"run_id": int, "n": int, "start_s": float, "end_s": float},
        pk=("run_id", "n"),
        not_null={"start_s", "end_s"},
        foreign_keys=[("run_id", "runs", "id")],
    )


@migration()
def m007_language_of_the_whole_text(db: Database) -> None:
    """What all words of a run together look like, beside the languages that were heard."""
    db.table("runs").add_column("text_language", str)


@migration()
def m008_steps_of_unfinished_runs(db: Database) -> None:
    """What a run in state `partial` has done so far, and how long each stage of a run took."""
    db.table("runs").add_column("took_s", str)
    db.table("steps").create(
        {"run_id": int, "key": str, "stage": str, "took_s": float, "result": str},
        pk=("run_id", "key"),
        not_null={"stage", "took_s", "result"},
        foreign_keys=[("run_id", "runs", "id")],
    )


@migration()
def m009_revisions(db: Database) -> None:
    """How often the text of a run was changed, whoever changed it: `publish` then looks again."""
    db.table("runs").add_column("revision", int, not_null_default=0)
    for event, run in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
        db.execute(
            f"CREATE TRIGGER segments_revised_by_{event.lower()} AFTER {event} ON segments BEGIN"
            f" UPDATE runs SET revision = revision + 1 WHERE id = {run}.run_id; END"
        )


@migration()
def m010_fingerprint_key(db: Database) -> None:
    """What is published carries fingerprints; without this key nobody can check a guess on one."""
    db.table("keys").create({"name": str, "key": str}, pk="name", not_null={"key"})
    db.table("keys").insert({"name": "fingerprints", "key": secrets.token_hex(32)})
    # The published file now says itself what it was made from.
    db.table("publications").drop()


@migration()
def m011_readings(db: Database) -> None:
    """Sidecars that were read and found good, by their bytes, so that each is parsed only once."""
    db.table("readings").create({"key": str, "said": str}, pk="key", not_null={"said"})


@migration()
def m012_events(db: Database) -> None:
    """What was done with what, as PREMIS has it; rows are only ever added."""
    db.table("events").create(
        {
            "id": int,
            "at": str,
            "type": str,
            "object": str,
            "outcome": str,
            "detail": str,
            "agent": str,
        },
        pk="id",
        not_null={"at", "type", "object", "outcome", "detail", "agent"},
    )
    db.table("events").create_index(["object"])
    # What decides what may be published is asked for each time.
    db.execute(
        "CREATE INDEX events_that_close ON events (type, object)"
        " WHERE type IN ('withdrawal', 'deletion')"
    )
    for event in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER events_refuse_{event.lower()} BEFORE {event} ON events BEGIN"
            " SELECT RAISE(ABORT, 'events are only ever added'); END"
        )


@migration()
def m013_meanings(db: Database) -> None:
    """Vectors of texts by the sha256 of model and text: reading them takes long. Of published
    text only, and in no other file than the text itself."""
    db.execute("CREATE TABLE meanings (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")


@migration()
def m014_passages(db: Database) -> None:
    """The text that counts, as the index has it: what is found in the terminal.

    The index and the vocabulary beside it are made and made anew by `passages`: they belong to a
    version of the code, and not to this list.
    """
    db.table("passages").create(
        {
            "id": int,
            "testimony_id": str,
            "recording_id": str,
            "n": int,
            "start_s": float,
            "end_s": float,
            "text": str,
            "language": str,
        },
        pk="id",
        not_null={"testimony_id", "recording_id", "n", "start_s", "end_s", "text"},
    )
    for column in ("recording_id", "testimony_id", "language"):
        db.table("passages").create_index([column])
    db.table("indexed").create(
        {"recording_id": str, "testimony_id": str, "run_id": int, "revision": int},
        pk="recording_id",
        not_null={"testimony_id", "run_id", "revision"},
    )


@migration()
def m015_corrections(db: Database) -> None:
    """What people say was said, in rows that are only ever added; the run that is made of it and
    the machine's; which run waits to be accepted, and where corrections stand in it."""
    db.table("corrections").create(
        {
            "id": int,
            "recording_id": str,
            "run_id": int,
            "start_s": float,
            "end_s": float,
            "before": str,
            "after": str,
            "lines": str,
            "who": str,
            "at": str,
            "source": str,
            "former_private": int,
        },
        pk="id",
        not_null={"recording_id", "start_s", "end_s", "before", "after", "lines", "who", "at"}
        | {"source", "former_private"},
        foreign_keys=[("recording_id", "recordings", "id"), ("run_id", "runs", "id")],
    )
    db.table("corrections").create_index(["recording_id"])
    for event in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER corrections_refuse_{event.lower()} BEFORE {event} ON corrections BEGIN"
            " SELECT RAISE(ABORT, 'corrections are only ever added'); END"
        )
    db.execute("ALTER TABLE runs ADD COLUMN based_on INTEGER REFERENCES runs(id)")
    db.execute("ALTER TABLE recordings ADD COLUMN waiting_run_id INTEGER REFERENCES runs(id)")
    db.table("placements").create(
        {"correction_id": int, "run_id": int, "how": str, "detail": str},
        pk=("correction_id", "run_id"),
        not_null={"how"},
        foreign_keys=[("correction_id", "corrections", "id"), ("run_id", "runs", "id")],
    )
    # An address that a line once had leads to that line or nowhere, never to another one.
    db.execute(
        "CREATE TABLE former_segments (id INTEGER PRIMARY KEY, recording_id TEXT NOT NULL"
        " REFERENCES recordings(id))"
    )
    db.table("former_segments").create_index(["recording_id"])
    db.execute(
        "CREATE TRIGGER segments_leave_their_number AFTER DELETE ON segments BEGIN"
        " INSERT INTO former_segments (id, recording_id) VALUES (old.id, old.recording_id); END"
    )


@migration()
def m016_samples(db: Database) -> None:
    """Lines that were drawn at random for correction, and what was compared of them."""
    db.table("samples").create(
        {
            "id": int,
            "segment_id": int,
            "run_id": int,
            "recording_id": str,
            "drawn_at": str,
            "seed": int,
            "design": str,
        },
        pk="id",
        not_null={"segment_id", "run_id", "recording_id", "drawn_at", "seed", "design"},
        foreign_keys=[
            ("segment_id", "segments", "id"),
            ("run_id", "runs", "id"),
            ("recording_id", "recordings", "id"),
        ],
    )
    db.table("samples").create_index(["segment_id"], unique=True)
    db.table("sample_errors").create(
        {
            "segment_id": int,
            "correction_id": int,
            "word_edits": int,
            "words": int,
            "character_edits": int,
            "characters": int,
        },
        pk="segment_id",
        not_null={"correction_id"},
        foreign_keys=[("segment_id", "segments", "id"), ("correction_id", "corrections", "id")],
    )


@migration()
def m017_misspelt(db: Database) -> None:
    """Words that are like a spelling of the lexicon, and of what state of which recording."""
    db.table("misspelt").create(
        {
            "id": int,
            "recording_id": str,
            "segment_id": int,
            "start_s": float,
            "end_s": float,
            "heard": str,
            "spelling": str,
            "sure": int,
        },
        pk="id",
        not_null={"recording_id", "segment_id", "start_s", "end_s", "heard", "spelling", "sure"},
        foreign_keys=[("recording_id", "recordings", "id")],
    )
    db.table("misspelt").create_index(["recording_id"])
    db.table("misspelt_checks").create(
        {
            "recording_id": str,
            "testimony_id": str,
            "run_id": int,
            "revision": int,
            "version": str,
        },
        pk="recording_id",
        not_null={"testimony_id", "run_id", "revision", "version"},
        foreign_keys=[("recording_id", "recordings", "id")],
    )
