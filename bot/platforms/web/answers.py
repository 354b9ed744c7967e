"""Knows how an answer is sent: pages, problems, files, and the headers that keep them harmless. Knows no address."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.domain.errors import LifeboatError
from bot.operations.files import File
from bot.platforms.web import render

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_SHOWN_INLINE = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml")
_TITLES = {404: "Not found", 429: "Too many attempts", 413: "Too large"}


def page(template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page or a piece of one."""
    return web.Response(
        text=render.draw(template, **values),
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-store"},
    )


def problem_page(request: web.Request, status: int, problem: LifeboatError) -> web.Response:
    """What went wrong, as a page, or beside the command box where htmx asked."""
    if "HX-Request" in request.headers:
        response = page("problem_beside.html", status=status, problem=str(problem))
        response.headers["HX-Reswap"] = "none"
        return response
    title = _TITLES.get(status, "That did not work")
    return page("problem.html", status=status, title=title, problem=str(problem))


def download(file: File) -> web.StreamResponse:
    """A file to take away; only pictures are shown in the page."""
    inline = file.media_type in _SHOWN_INLINE
    headers = {
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Type": file.media_type,
        # A drawing has its colours in a style of its own; no script of it runs, even where it is opened by itself.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cache-Control": "private, no-store",
    }
    if isinstance(file.content, Path):
        return web.FileResponse(file.content, headers=headers)
    return web.Response(body=file.content, headers=headers)
