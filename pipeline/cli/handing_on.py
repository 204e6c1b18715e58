"""Commands that hand on: a testimony in a format, all that is public in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from pipeline.cli.command import command
from pipeline.cli.options import Decorator
from pipeline.cli.session import Session
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Channel
    from pipeline.cuefile import Form

# Those of pipeline.formats, which is loaded only where it is needed.
FORMATS = ("vtt", "srt", "txt", "json", "csv", "tei", "ohms", "iiif", "datacite", "dc")


def _to(becomes: str) -> Decorator:
    return click.option(
        "--to",
        "folder",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Where it becomes {becomes}; without it, exports/ in the archive.",
    )


def _for(channels: Sequence[str], said: str) -> Decorator:
    choice = click.Choice(channels)
    return click.option(
        "--for", "channel", type=choice, default="public", show_default=True, help=said
    )


@command("testimony export lt-1998-0042 --format vtt --to subtitles")
@click.argument("ident", metavar="ID")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["bagit", *FORMATS]),
    default="bagit",
    show_default=True,
)
@_to("ID or ID.vtt …")
@_for(["public", "researchers", "editing"], "Whose eyes it is for; a bag is for archives.")
@click.option("--address", metavar="URL", help="The site's, instead of config.yaml's.")
def export(
    session: Session,
    ident: str,
    kind: str,
    folder: Path | None,
    channel: str,
    address: str | None,
) -> None:
    """Writes a testimony to files, and records that it did.

    bagit: whole, for another archive, also what may not be published: masters, sidecar,
    transcripts and provenance, with checksums. The others: what is published, redacted; vtt, srt,
    tei and ohms make a file for each part. --for editing: everything that was said, private, as
    vtt or srt; `testimony correct` takes it back.
    """
    if channel == "editing" and kind not in ("vtt", "srt"):
        what = f"expected --format vtt or srt, found {kind}."
        raise UsageError("--for editing", what, "Say which.")
    with session.writing() as archive:
        if kind == "bagit":
            from pipeline import bag

            report = bag.export(archive, session.config, ident, folder, session.terminal)
        elif channel == "editing":
            from pipeline import editing

            report = editing.export(archive, ident, cast("Form", kind), folder)
        else:
            from pipeline import plain

            seen_by = cast("Channel", channel)
            report = plain.export(archive, session.config, ident, kind, folder, seen_by, address)
    session.finish([report])


@command("testimony package --to /mnt/handover --with-media")
@_to("testimonies-public")
@_for(["public", "researchers"], "Whose eyes it is for.")
@click.option("--with-media", is_flag=True, help="Also the access copies: sound and film.")
def package(session: Session, folder: Path | None, channel: Channel, with_media: bool) -> None:
    """Writes all that is public into one folder: a Frictionless Data Package.

    Tables (CSV), transcripts (VTT, TXT, TEI) and descriptions (DataCite, Dublin Core), every file
    with its checksum. It is recorded for each testimony, so that withdraw can name it.
    """
    from pipeline import package as whole

    with session.writing() as archive:
        report = whole.export(
            archive, session.config, folder, channel, session.terminal, with_media=with_media
        )
    session.finish([report])
