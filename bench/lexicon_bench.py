"""What hints are worth and what they break: python -m bench.lexicon_bench [SPEECH]

SPEECH is a folder with manifest.csv (file, language, kind, reference). Names are what a reference
writes with a capital wherever it stands and no dictionary has as a common word. Every second one
is hinted, in its dictionary form; the others, and names of the gazetteer that nobody says, show
what hints do to what was not meant. The language is told, so that only the hints differ.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import audio, quality, scoring, vocabulary, wordforms
from pipeline.config import Config
from pipeline.engines.choose import ConfiguredEngines
from pipeline.evaluate import Row, read_manifest
from pipeline.letters import plain, spans
from pipeline.lexicon import Entry, Lexicon
from pipeline.linker import LabelWord, label_keys, word_keys
from pipeline.listen import Question, here
from pipeline.sound import Sound
from pipeline.spellcheck import Spellcheck
from pipeline.transcript import PUBLIC_STATES

LANGUAGES = ("lt", "lv", "et", "pl", "uk", "ro")
REPOSITORY = Path(__file__).resolve().parent.parent
_UNSAID = 12
_OWN = "names that are said in the recording itself"
_MANY = 40


@dataclass
class Tally:
    """What one way of hinting made of all recordings."""

    errors: scoring.Errors = scoring.NONE
    hinted_said: int = 0
    hinted_heard: int = 0
    other_said: int = 0
    other_heard: int = 0
    invented: int = 0
    loops: int = 0
    quarantined: int = 0
    words_in_silence: int = 0
    took_s: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speech", nargs="?", type=Path, default=REPOSITORY / "../shared/speech/dev")
    parser.add_argument("--kinds", default="all,long,clip,natural,nonspeech")
    parser.add_argument("--check", action="store_true", help="without hints, and what is found")
    parser.add_argument("--engine", default="faster-whisper")
    parser.add_argument("--model", default="base")
    choice = parser.parse_args()
    rows = read_manifest(choice.speech / "manifest.csv")
    kinds = choice.kinds.split(",")
    chosen = [row for row in rows if _kind(row) in kinds and row.language in (*LANGUAGES, "")]
    said = {language: names(row for row in rows if row.language == language)
            for language in LANGUAGES}  # fmt: skip
    hinted = {language: found[::2] for language, found in said.items()}
    other = {language: found[1::2] for language, found in said.items()}
    print("hinted:", {k: v for k, v in hinted.items() if v})
    print("others:", {k: v for k, v in other.items() if v})
    unsaid = {language: _never_said(language, said[language]) for language in LANGUAGES}
    ways = {
        "no hints": {},
        _OWN: hinted,
        "names that are said in the language": hinted,
        f"{_UNSAID} that nobody says": {k: v[:_UNSAID] for k, v in unsaid.items()},
        f"both, {_MANY} together": {k: _mixed(hinted[k], unsaid[k]) for k in LANGUAGES},
    }
    config = Config(engine=choice.engine, models={"default": choice.model})
    engines = ConfiguredEngines(REPOSITORY, config)
    engines.engine(None)
    sounds = [audio.decode(choice.speech / row.file, shown=row.file) for row in chosen]
    for title, lexicon in ways.items():
        if choice.check and lexicon:
            break
        tallies, texts = _judge(
            chosen, sounds, lexicon, hinted, other, config, engines, own=title == _OWN
        )
        _print(title, tallies)
        if not lexicon:
            _check("names that are said", chosen, texts, said)
            _check("names that nobody says", chosen, texts, unsaid)


def names(rows: Iterable[Row]) -> list[str]:
    """Dictionary forms of the names in references, commonest first."""
    found: Counter[str] = Counter()
    small: set[str] = set()
    for row in rows:
        for start, end in spans(row.reference):
            word = row.reference[start:end]
            if not word[0].isupper() or word[1:2].isupper():
                small.add(plain(word))
            elif len(word) > 3 and not wordforms.is_common(plain(word), row.language):
                found[_lemma(word, row.language)] += plain(word) not in small
    return [name for name, _ in sorted(found.items(), key=lambda one: (-one[1], one[0]))
            if plain(name) not in small]  # fmt: skip


def _lemma(word: str, language: str) -> str:
    read = wordforms.analyse(plain(word), language)
    lemmas = [lemma for lemma in read.lemmas if lemma != plain(word)] if read.known else []
    return (min(lemmas, key=len) if lemmas else plain(word)).capitalize()


def _never_said(language: str, said: Sequence[str]) -> list[str]:
    places = vocabulary.load(REPOSITORY).places
    named = (place.labels.get(language, [""])[0] for place in places)
    found = [name for name in named if name and " " not in name and name not in said]
    return found[:: max(1, len(found) // _MANY)]


def _mixed(hinted: Sequence[str], unsaid: Sequence[str]) -> list[str]:
    room = max(0, _MANY - len(hinted))
    return [*unsaid[: room // 2], *hinted, *unsaid[room // 2 : room]]


def _judge(
    rows: Sequence[Row],
    sounds: Sequence[Sound],
    lexicon: dict[str, list[str]],
    hinted: dict[str, list[str]],
    other: dict[str, list[str]],
    config: Config,
    engines: ConfiguredEngines,
    *,
    own: bool,
) -> tuple[dict[str, Tally], list[str]]:
    tallies: dict[str, Tally] = {}
    texts = []
    for row, sound in zip(rows, sounds, strict=True):
        language = row.language or "pl"
        tally = tallies.setdefault(_kind(row), Tally())
        entries = tuple(
            Entry(spelling=name, kind="word", languages=[language])
            for name in lexicon.get(language, [])
            if not own or _times(name, row.reference, language)
        )
        hints = Lexicon(entries).hints("", [language])
        question = Question(config.transcription, (language,), LANGUAGES, language, hints)
        started = time.perf_counter()
        transcript = here(question, sound, engines)
        tally.took_s += time.perf_counter() - started
        public = [s for s in transcript.segments if s.state in PUBLIC_STATES]
        heard = " ".join(segment.text for segment in public)
        tally.loops += sum(quality.loops(segment.text) for segment in transcript.segments)
        tally.quarantined += len(transcript.segments) - len(public)
        if row.reference:
            tally.errors += scoring.compare(row.reference, heard)
        elif not row.language:
            tally.words_in_silence += len(heard.split())
        _count(tally, row, heard, language, hinted, other, lexicon)
        texts.append(heard)
    return tallies, texts


def _check(
    title: str, rows: Sequence[Row], texts: Sequence[str], names: dict[str, list[str]]
) -> None:
    """What is found in transcripts that were made without hints: names that were missed, and words
    that are none of them."""
    checks = Spellcheck(
        Entry(spelling=name, kind="word", languages=[language])
        for language, mine in names.items()
        for name in mine
    )
    missed = found = false = words = 0
    listed = []
    for row, text in zip(rows, texts, strict=True):
        if not row.reference:
            continue
        words += len(text.split())
        doubtful = checks.misspelt(text, row.language, "")
        counts = Counter(one.spelling for one in doubtful)
        for name in names[row.language]:
            lost = _times(name, row.reference, row.language) - _times(name, text, row.language)
            missed += max(0, lost)
            found += min(max(0, lost), counts[name])
            false += max(0, counts[name] - max(0, lost))
        listed += [f"{one.heard}~{one.spelling}" for one in doubtful]
    print(f"  checked, {title}: {found} of {missed} missed ones found, {false} others in {words}"
          f" words: {' '.join(sorted(set(listed)))}")  # fmt: skip


def _count(
    tally: Tally,
    row: Row,
    heard: str,
    language: str,
    hinted: dict[str, list[str]],
    other: dict[str, list[str]],
    lexicon: dict[str, list[str]],
) -> None:
    for name in hinted[language]:
        said, found = _times(name, row.reference, language), _times(name, heard, language)
        tally.hinted_said += said
        tally.hinted_heard += min(said, found)
    for name in other[language]:
        said, found = _times(name, row.reference, language), _times(name, heard, language)
        tally.other_said += said
        tally.other_heard += min(said, found)
    if row.language and not row.reference:
        return  # what is said there nobody has written down
    for name in lexicon.get(language, []):
        said, found = _times(name, row.reference, language), _times(name, heard, language)
        tally.invented += max(0, found - said)


def _times(name: str, text: str, language: str) -> int:
    """How often a text has a name, in any form."""
    wanted = set(label_keys(LabelWord(plain(name), language, True, frozenset())))
    return sum(
        text[start].isupper() and not wanted.isdisjoint(word_keys(plain(text[start:end]), language))
        for start, end in spans(text)
    )


def _kind(row: Row) -> str:
    folder, inside, _ = row.file.partition("/")
    return {"clips": "clip"}.get(folder, folder) if inside else "all"


def _print(title: str, tallies: dict[str, Tally]) -> None:
    print(f"\n{title}")
    for kind, tally in tallies.items():
        errors = tally.errors
        rates = f"WER {errors.wer:.3f} CER {errors.cer:.3f} " if errors.words else ""
        print(
            f"  {kind:10} {rates}hinted {tally.hinted_heard}/{tally.hinted_said}"
            f" others {tally.other_heard}/{tally.other_said} invented {tally.invented}"
            f" loops {tally.loops} quarantined {tally.quarantined}"
            f" words in silence {tally.words_in_silence} {tally.took_s:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
