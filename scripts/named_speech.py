"""Speaks names of the gazetteer in sentences: python scripts/named_speech.py FOLDER

For bench.lexicon_bench, where recordings of people say too few names to count. espeak-ng speaks;
FOLDER gets a WAV file for every six names and manifest.csv.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import wave
from pathlib import Path

import numpy as np
from make_samples import HERE, RATE_HZ, Audio, read_script, silence, speak

from pipeline import vocabulary

# Sentences that take a name as it stands in a dictionary.
_SENTENCES = {
    "lt": ("Ta vieta vadinasi {}.", "Žemėlapyje buvo parašyta {}.", "Mūsų stotis buvo {}."),
    "lv": ("Šī vieta ir {}.", "Kartē bija rakstīts {}.", "Mūsu stacija bija {}."),
    "et": ("See koht on {}.", "Kaardil oli kirjas {}.", "Meie jaam oli {}."),
    "pl": ("To miejsce to {}.", "Na mapie było napisane {}.", "Nasza stacja to {}."),
    "uk": ("Це місце називається {}.", "На карті було написано {}.", "Наша станція була {}."),
    "ro": ("Locul acesta este {}.", "Pe hartă scria {}.", "Gara noastră era {}."),
}
_NAMES, _IN_A_FILE = 36, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    voices = read_script(HERE / "samples.yaml").voices
    rows = []
    for language, sentences in _SENTENCES.items():
        spoken = [
            sentences[n % len(sentences)].format(name) for n, name in enumerate(_names(language))
        ]
        for first in range(0, len(spoken), _IN_A_FILE):
            file = f"named-{language}-{first:02}.wav"
            part = spoken[first : first + _IN_A_FILE]
            with tempfile.TemporaryDirectory() as scratch:
                pieces = [speak(one, voices[language], Path(scratch)) for one in part]
            _write(folder / file, [np.concatenate([piece, silence(0.8)]) for piece in pieces])
            rows.append({"file": file, "language": language, "reference": " ".join(part)})
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, ["file", "language", "reference"])
        writer.writeheader()
        writer.writerows(rows)


def _names(language: str) -> list[str]:
    """Evenly from the whole gazetteer, so that half of them can be hinted and half not."""
    labels = (place.labels.get(language, [""])[0] for place in vocabulary.load(HERE.parent).places)
    found = list(dict.fromkeys(one for one in labels if one.isalpha() and len(one) > 3))
    return [found[n * len(found) // _NAMES] for n in range(_NAMES)]


def _write(path: Path, pieces: list[Audio]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((np.concatenate(pieces) * 16000).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
