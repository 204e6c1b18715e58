"""The default engine: Whisper's weights on CTranslate2, through faster-whisper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import ctranslate2
import faster_whisper
import numpy as np
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import (
    get_ctranslate2_storage,
    get_suppressed_tokens,
    merge_punctuations,
)

from pipeline.config import TranscriptionOptions
from pipeline.engines import FRAMES_PER_S, MARKS_AFTER, MARKS_BEFORE, Clip, Heard, Lanes, glue
from pipeline.engines.models import Model
from pipeline.errors import ModelError
from pipeline.languages import from_whisper, to_whisper
from pipeline.sound import RATE_HZ, Samples
from pipeline.transcript import Provenance, Word

NAME = "faster-whisper"
Encoded = np.ndarray[Any, np.dtype[np.float32]]
_SILENCE_AFTER_S = 2.0
_TOKENS_PER_S, _TOKENS_ANYWAY = 10.0, 20


class FasterWhisper:
    """faster-whisper's model; windows of several languages may share a batch."""

    def __init__(self, model: Model, options: TranscriptionOptions, lanes: Lanes) -> None:
        try:
            with model.on_disk() as path:
                self._model = faster_whisper.WhisperModel(
                    str(path),
                    compute_type=_arithmetic(options),
                    cpu_threads=lanes.threads,
                    num_workers=lanes.count,
                )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                model.path or model.name,
                f"faster-whisper cannot load it ({error}).",
                "It must be a CTranslate2 conversion of Whisper; see docs/models.md.",
            ) from error
        # In float32 the sum over frequencies depends on how many threads NumPy's BLAS has, and
        # int8 arithmetic makes other words of the last digit; in float64 it does not.
        extractor = self._model.feature_extractor
        extractor.mel_filters = extractor.mel_filters.astype(np.float64)
        self._options = options
        self.provenance = Provenance(
            engine=NAME,
            version=f"{faster_whisper.__version__} (ctranslate2 {ctranslate2.__version__})",
            model=model.name,
            model_sha256=model.sha256,
            options={
                "beam_size": options.beam_size,
                "batch_size": options.batch_size,
                "compute_type": self._model.model.compute_type,
                "device": self._model.model.device,
                "timestamps": "alignment",
                "task": "transcribe",
            },
        )

    def language_probabilities(self, clips: Sequence[Samples]) -> Iterator[dict[str, float]]:
        """Each clip at its own length: truer than padded to 30 s, and several times faster."""
        # NumPy's threads wait busily for more work and hinder the encoder's: all features first.
        for features in [self._features(clip) for clip in clips]:
            named = self._model.model.detect_language(self._model.encode(features))[0]
            yield {from_whisper(token[2:-2]): float(p) for token, p in named}

    def decode(self, clips: Sequence[Clip]) -> Iterator[Heard]:
        """Clips in order, each batch as long as its longest clip and two seconds of silence.

        The decoder was trained on 30 s; without them it loses last words, and with more
        the encoder's time grows faster than the text gets better (docs/performance.md).
        """
        for batch in _batches(clips, self._options.batch_size):
            yield from self._decode_batch(batch)

    def _decode_batch(self, clips: Sequence[Clip]) -> list[Heard]:
        longest_s = max(len(clip.samples) for clip in clips) / RATE_HZ
        encoded = self._encode(self._features_together(clips, longest_s))
        tokenizers = [self._tokenizer(clip.language) for clip in clips]
        prompts = [
            self._model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=clip.hint)
            for tokenizer, clip in zip(tokenizers, clips, strict=True)
        ]
        results = self._model.model.generate(
            get_ctranslate2_storage(encoded),
            prompts,
            beam_size=self._options.beam_size,
            max_length=min(self._model.max_length, _token_limit(longest_s, len(prompts[0]))),
            suppress_tokens=list(get_suppressed_tokens(tokenizers[0], [-1])),
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokens = [list(result.sequences_ids[0]) for result in results]
        words = self._align(clips, tokenizers, tokens, encoded)
        return [
            Heard(
                words=found,
                average_logprob=result.scores[0] * len(ids) / (len(ids) + 1),
                no_speech_probability=result.no_speech_prob,
            )
            for found, ids, result in zip(words, tokens, results, strict=True)
        ]

    def align(self, clips: Sequence[Clip], texts: Sequence[str]) -> Iterator[tuple[Word, ...]]:
        """Clip by clip, each at its own length."""
        for clip, text in zip(clips, texts, strict=True):
            tokenizer = self._tokenizer(clip.language)
            encoded = self._encode(self._features_together([clip], len(clip.samples) / RATE_HZ))
            yield from self._align([clip], [tokenizer], [tokenizer.encode(f" {text}")], encoded)

    def _align(
        self,
        clips: Sequence[Clip],
        tokenizers: Sequence[Tokenizer],
        tokens: Sequence[Sequence[int]],
        encoded: Encoded,
    ) -> list[tuple[Word, ...]]:
        """Word times from attention: one language at a time, and little memory."""
        words: list[tuple[Word, ...]] = [()] * len(clips)
        for i, (clip, tokenizer) in enumerate(zip(clips, tokenizers, strict=True)):
            (alignment,) = self._model.find_alignment(
                tokenizer,
                [[token for token in tokens[i] if token < tokenizer.eot]],
                get_ctranslate2_storage(encoded[i : i + 1]),
                [len(clip.samples) * FRAMES_PER_S // RATE_HZ],
            )
            merge_punctuations(alignment, MARKS_BEFORE, MARKS_AFTER)
            words[i] = tuple(
                glue((t["word"], t["start"], t["end"], t["probability"]) for t in alignment)
            )
        return words

    def _encode(self, features: np.ndarray[Any, np.dtype[np.float32]]) -> Encoded:
        """Shape (windows, frames, width), a frame being 20 ms.

        On a CPU one window after the other: together they need eight times the memory, and the
        system takes as long to find it as the encoder to compute.
        """
        model = self._model.model
        parts = features[:, None] if model.device == "cpu" else features[None]
        encoded = [model.encode(get_ctranslate2_storage(part), to_cpu=True) for part in parts]
        return np.concatenate([np.asarray(part) for part in encoded])

    def _features_together(
        self, clips: Sequence[Clip], longest_s: float
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        length = min(round((longest_s + _SILENCE_AFTER_S) * RATE_HZ), 30 * RATE_HZ)
        features = [
            self._features(np.pad(clip.samples, (0, max(0, length - len(clip.samples)))))
            for clip in clips
        ]
        # The encoder's second layer takes every other frame.
        frames = min(one.shape[1] for one in features) // 2 * 2
        return np.stack([one[:, :frames] for one in features])

    def _features(self, samples: Samples) -> np.ndarray[Any, np.dtype[np.float32]]:
        features: np.ndarray[Any, np.dtype[np.float32]] = self._model.feature_extractor(samples)
        return features[:, : self._model.feature_extractor.nb_max_frames].astype(np.float32)

    def _tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language=to_whisper(language),
        )


def download(name: str) -> Path:
    """The folder of a model by name, fetched the way faster-whisper does where it is missing."""
    return Path(faster_whisper.download_model(name))


def has_gpu() -> bool:
    """Whether CTranslate2 sees a CUDA device."""
    return bool(ctranslate2.get_cuda_device_count() > 0)


def _arithmetic(options: TranscriptionOptions) -> str:
    if options.compute_type != "auto":
        return options.compute_type
    return "float16" if has_gpu() else "int8"


def _batches(clips: Sequence[Clip], size: int) -> Iterator[Sequence[Clip]]:
    """At most `size` clips in order, all with one hint: CTranslate2 wants prompts of one length."""
    for _, alike in groupby(clips, key=lambda clip: clip.hint):
        same = list(alike)
        for first in range(0, len(same), size):
            yield same[first : first + size]


def _token_limit(longest_s: float, prompt: int) -> int:
    """What CTranslate2 calls `max_length`: it writes at most half as many tokens, and at most as
    many as are left after the prompt's.

    The fastest speech of the development set has 7.4 tokens a second; a loop goes on for ever.
    """
    written = round(_TOKENS_PER_S * longest_s + _TOKENS_ANYWAY)
    return written + max(written, prompt)
