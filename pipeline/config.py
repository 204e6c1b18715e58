"""`config.yaml`: the settings of one archive, checked and frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline import yamlfile
from pipeline.errors import ConfigError, UsageError

FILE = "config.yaml"
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")]
Access = Literal["public", "researchers", "closed"]
Channel = Literal["public", "researchers"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TranscriptionOptions(_Settings):
    """How speech becomes text; every field is part of what makes a run current."""

    beam_size: int = Field(5, ge=1, le=20, description="hypotheses kept while decoding")
    batch_size: int = Field(4, ge=1, le=64, description="windows decoded together")
    compute_type: Literal["auto", "int8", "float16", "float32", "int8_float16"] = Field(
        "auto", description="arithmetic of faster-whisper; auto: int8 on a CPU, float16 on a GPU"
    )
    window_s: float = Field(20.0, ge=5, le=30, description="longest piece decoded at once")
    speech_threshold: float = Field(
        0.35, gt=0, lt=1, description="lower keeps quieter speech, and more noise"
    )
    switch_cost_nats: float = Field(
        5.5, ge=0, description="how sure the sound must be before the language may change"
    )


class Config(_Settings):
    """The whole of `config.yaml`. Every key has a default."""

    title: str = "Untitled archive"
    about: str | None = Field(None, description="what this archive is, for its home page")
    languages: tuple[Language, ...] = Field(
        ("lt", "lv", "et", "pl", "uk", "ro", "ru"), min_length=1, strict=False
    )
    engine: Literal["faster-whisper", "openai-whisper"] = "faster-whisper"
    models: dict[str, str] = {"default": "auto"}
    threads: int = Field(0, ge=0, le=512, description="CPU threads for the engine; 0: all")
    masters: str | None = Field(
        None, description="where workers on other machines find recordings/: file://, s3://, …"
    )
    access: Access = "closed"
    address: Address | None = Field(None, description="where readers find the site, for exports")
    contact: str | None = Field(None, description="whom to ask about what is not public")
    new_runs: Literal["wait", "replace"] = Field(
        "wait", description="whether a new transcript of what has a text waits for testimony accept"
    )
    who: str | None = Field(
        None, description="who answers for corrections, where --who is not said"
    )
    search_by_meaning: bool = Field(
        False, description="offer passages near in meaning under the hits; needs the extra meaning"
    )
    lexicon_hints: bool = Field(
        False, description="tell the model the lexicon's spellings before it listens"
    )
    transcription: TranscriptionOptions = TranscriptionOptions()

    def model_for(self, language: str) -> str:
        """The model's name, folder or file for `language`."""
        return self.models.get(language) or self.models.get("default", "auto")


def find_root(start: Path) -> Path:
    """The nearest folder from `start` upward that has a `config.yaml`."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise UsageError(
        start,
        f"no {FILE} here or in any folder above.",
        "Go into an archive, give --archive DIR, or make one: testimony init DIR",
    )


def root_at(folder: Path) -> Path:
    """`folder` itself, which must be an archive."""
    if not (folder / FILE).is_file():
        raise UsageError(folder, f"has no {FILE}.", "Make an archive there: testimony init DIR")
    return folder.resolve()


def load(root: Path) -> Config:
    """Reads `config.yaml`; an unknown key or bad value is an error with file, key and line."""
    config, problems = yamlfile.check(yamlfile.read(root / FILE, FILE), Config, FILE)
    if config is None:
        raise ConfigError(root / FILE, "\n  ".join(["cannot be used:", *map(str, problems)]))
    return config
