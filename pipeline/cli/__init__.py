"""The command `testimony`. Each command opens what it needs, calls one function, and reports."""

from __future__ import annotations

import click

from pipeline import __version__
from pipeline.cli import (
    correcting,
    handing_on,
    looking_after,
    publishing,
    sampling,
    taking_in,
    transcribing,
)

# As README tells them.
_COMMANDS = (
    *(taking_in.init, taking_in.ingest, taking_in.describe),
    *(transcribing.transcribe, publishing.publish, transcribing.run_, publishing.serve),
    *(looking_after.status, publishing.search, looking_after.verify),
    *(correcting.release, correcting.diff, correcting.accept, correcting.lexicon),
    *(sampling.sample, sampling.quality, transcribing.evaluate),
    *(looking_after.withdraw, looking_after.backup, looking_after.restore),
    *(handing_on.export, correcting.correct, taking_in.import_, handing_on.package),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="testimony")
def main() -> None:
    """Recordings of testimonies become a searchable archive."""


for _command in _COMMANDS:
    main.add_command(_command)
