"""A new, empty archive: a commented `config.yaml`, its folders, an example, the vocabulary."""

from __future__ import annotations

from pathlib import Path

from pipeline import config, lexicon, recording, testimony, vocabulary
from pipeline.errors import UsageError

CONFIG = """\
# The settings of this archive. Every key has a default; an unknown key is an error.

title: {title}

# What this archive is, in a few sentences, for its home page. A blank line begins a paragraph.
about: null

# What may be spoken here (BCP 47). A testimony may declare its own list in its sidecar.
languages: [lt, lv, et, pl, uk, ro, ru]

# faster-whisper, or openai-whisper (the reference implementation, slower).
engine: faster-whisper

# A model's name, folder or file; by language where one is better. `auto` means large-v3 with a
# GPU and large-v3-turbo without.
models: {{default: auto}}

# CPU threads; 0 means all.
threads: 0
# Where workers on other machines find recordings/: an address like s3://bucket/recordings.
masters: null

# For testimonies whose sidecar says nothing: public, researchers or closed.
access: closed

# Whom to ask, shown on the page about the archive and with testimonies that are closed but may be
# known to exist: an address or a sentence.
contact: null

# Where readers find this archive's site, as https://archive.example.org: exports point there.
address: null
# A new transcript of what already has a text, with another model or `transcribe --again`: `wait`
# until someone runs `testimony accept`, or `replace` it at once. Corrections are kept in both.
new_runs: wait

# Who answers for corrections where `testimony correct` is not told with --who; null: the name of
# the computer's user.
who: null

# Offer passages near in meaning, in any language, under the hits of a search: a machine's guess.
# Needs the extra `meaning`. Publish again after a change.
search_by_meaning: false

# Tell the model the spellings of metadata/lexicon.yaml before it listens. A change of those
# transcribes anew what they are for; see docs/lexicon.md for what it is worth.
lexicon_hints: false

# How speech becomes text. A change of these transcribes anew; the defaults are good.
# transcription:
#   beam_size: 5              # hypotheses kept while decoding
#   batch_size: 4             # windows decoded together
#   compute_type: auto        # int8 on a CPU, float16 on a GPU
#   window_s: 20              # longest piece decoded at once
#   speech_threshold: 0.35    # lower keeps quieter speech, and more noise
#   switch_cost_nats: 5.5     # how sure the sound must be before the language may change
"""

EXAMPLE = """\
# An example: copy it to metadata/testimonies/ID.yaml and fill it in.
# Only id, title and recordings are required; id is the file's name.
id: lt-1998-0042
title: Life story of a teacher from Kaunas
narrator: {name: Name Surname, born: 1929, gender: female, pseudonym: null}
interviewer: null
recorded_on: 1998-06?            # EDTF: as much of the date as is known
place: Vilnius
languages: [lt, ru]              # what is spoken, as far as you know
collection: null
summary: null
notice: null                     # what a listener must know first
recordings: [lt-1998-0042-a.mp3, lt-1998-0042-b.mp3]     # in order; below recordings/
access: closed                   # public | researchers | closed
access_until: null
access_reason: null
listed: false                    # true: title and reason may be shown while it is closed
licence: null
agreement: null
uses: [online, teaching, research]
warnings: []
redactions: []
incomplete: []                   # recordings of which nothing more exists than is here
"""

LEXICON = """\
# The archive's spellings of people, places and words. `testimony lexicon` lists where a transcript
# has something that sounds or looks like one of them and is written otherwise; nothing is ever
# replaced. Take the # away and write your own.
entries: []
#  - spelling: Norylsk                # as it is to be written, in its dictionary form
#    kind: place                      # person | place | word
#    languages: [pl]                  # in which it is written so
#    variants: [Norilsk]              # good too
#    wrong: [Narylsk]                 # never right
#    unlike: [norweska]               # looks like it and is something else
#    testimonies: [pl-1998-0007]      # said only in these; without: anywhere
#    note: The camp of 1935 to 1956.
#    source: Register of the camp's prisoners
"""


def init(folder: Path) -> list[Path]:
    """Makes the archive; refuses where there already is one. Returns what was written."""
    if (folder / config.FILE).exists():
        raise UsageError(folder, f"already has a {config.FILE}.", "Nothing was changed.")
    try:
        (folder / recording.FOLDER).mkdir(parents=True, exist_ok=True)
        (folder / testimony.FOLDER).mkdir(parents=True, exist_ok=True)
        metadata = folder / vocabulary.FOLDER
        names = ("example-sidecar.yaml", lexicon.FILE)
        written = [folder / config.FILE, *(metadata / name for name in names)]
        title = folder.resolve().name.replace('"', "'")
        written[0].write_text(CONFIG.format(title=f'"{title}"'), encoding="utf-8")
        written[1].write_text(EXAMPLE, encoding="utf-8")
        written[2].write_text(LEXICON, encoding="utf-8")
        for name in (vocabulary.VOCABULARY, vocabulary.GAZETTEER):
            if (text := vocabulary.packaged(name)) is not None:
                written.append(metadata / name)
                written[-1].write_bytes(text)
    except OSError as error:
        raise UsageError(folder, f"cannot be written ({error.strerror}).", "") from error
    return written
