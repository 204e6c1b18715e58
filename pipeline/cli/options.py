"""Options that several commands have, and what is made of them."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import click

from pipeline.cli.session import Session

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Decorator(Protocol):
    """What `click.option` gives: the same function, with an option more."""

    def __call__(self, function: _Function, /) -> _Function: ...


only = click.argument("only", metavar="[ID]...", nargs=-1)
part = click.option("--part", metavar="N", type=click.IntRange(1), help="Which of its recordings.")


def engine(function: _Function) -> _Function:
    """Which engine and which model, instead of those in config.yaml."""
    engines = click.option("--engine", type=click.Choice(["faster-whisper", "openai-whisper"]))
    model = click.option("--model", help="For every language, instead of config.yaml's.")
    return engines(model(function))


def who(does: str = "answers for it") -> Decorator:
    """The name of the person who does it."""
    return click.option("--who", metavar="NAME", help=f"Who {does}; else as config.yaml says.")


def name_of(session: Session, told: str | None) -> str:
    """Who answers for what is said: as told, as config.yaml says, or who is logged in here."""
    return told or session.config.who or getpass.getuser()
