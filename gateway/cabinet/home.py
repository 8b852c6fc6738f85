"""The home page: everything at one glance, or what the cabinet is for those who are not logged in."""

from typing import Any

from flask import Blueprint

from gateway.api.overview import overview
from gateway.auth import has_cookies, public, require_login
from gateway.cabinet.pages import render

pages = Blueprint("cabinet_home", __name__)


@pages.get("/")
@public
def home() -> Any:
    if not has_cookies():
        return render("welcome.html")
    require_login()
    seen = overview()
    accounts = {account["id"]: account for account in seen["billing_accounts"]["items"]}
    return render("home.html", seen=seen, accounts=accounts)
