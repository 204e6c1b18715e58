"""What an EDTF date says without doubt, for formats that have no way to say doubt."""

from __future__ import annotations

import re

_EXACT = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)


def exact(edtf: str | None) -> str | None:
    """A year, month or day that is stated as certain; None for what is in doubt or a range."""
    return edtf if edtf and _EXACT.fullmatch(edtf) else None


def ends(edtf: str | None) -> tuple[str, str] | None:
    """The first and last year, month or day of a certain range; None for anything else."""
    first, stroke, last = (edtf or "").partition("/")
    begin, end = exact(first), exact(last)
    return (begin, end) if stroke and begin and end else None
