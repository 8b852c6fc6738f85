"""Help articles, readable without a login (F22)."""

from typing import Any

from flask import Blueprint, request
from markdown_it import MarkdownIt
from markupsafe import Markup

from gateway.actions import content as actions
from gateway.auth import caller, public
from gateway.bodies import content as bodies
from gateway.cabinet.pages import render, typed

pages = Blueprint("cabinet_help", __name__)

# HTML inside an article stays text, so that an article cannot bring a script along.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@pages.get("/help")
@public
def articles() -> Any:
    query = typed(bodies.HelpQuery, {"query": request.args.get("query", "").strip()}).query
    return render("help.html", query=query, articles=actions.search_help_articles(caller(), query)["items"])


@pages.get("/help/<slug>")
@public
def article(slug: str) -> Any:
    found = actions.get_help_article(caller(), typed(bodies.HelpArticlePath, {"slug": slug}).slug)
    body = Markup(_markdown.render(found["body_markdown"]))  # nosec B704: markdown-it escapes HTML
    video_url = found["video_url"] if found["video_url"].startswith("https://") else ""
    return render("help_article.html", article=found, body=body, video_url=video_url)
