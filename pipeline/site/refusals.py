"""Pages for what is not found or goes wrong, in the look of the site; for programs, JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from datasette.utils.asgi import Base400, Request, Response
from datasette.views.base import DatasetteError

from pipeline.site.live import publication_folder
from pipeline.site.render import offered, page

if TYPE_CHECKING:
    from datasette.app import Datasette


def refusal(
    datasette: Datasette, request: Request, exception: Exception
) -> Callable[[], Awaitable[Response]] | None:
    """What answers for an exception; None leaves it to Datasette.

    Datasette's sentences for readers, as about wrong SQL, stay. Of an error of the program nothing
    is shown: Datasette prints it where the server runs.
    """
    if publication_folder(datasette) is None:
        return None
    known = isinstance(exception, (Base400, DatasetteError))
    status = getattr(exception, "status", 500) if known else 500
    for_programs = request.path.endswith(".json")
    if known and (status != 404 or for_programs):
        return None

    async def answer() -> Response:
        if for_programs:
            document = {"ok": False, "error": "This could not be answered.", "status": status}
            return Response.json(document, status=status)
        # The address is not said again: whoever typed a guess learns nothing from the answer.
        context = {"status": status, "path": "/", "languages_offered": offered("/")}
        return await page(datasette, request, "archive/refused.html", context, status=status)

    return answer
