"""Devices as people know them: a browser and a system instead of the line that the browser introduces itself with."""

_BROWSERS = {  # the first that fits: most pass themselves off as Chrome or Safari as well
    "YaBrowser/": "Yandex Browser",
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device(user_agent: str, /) -> str:
    """Return such as `Chrome, Windows`; the program's own name when it is no browser, nothing when it has none."""
    known = [name for name in (_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)) if name]
    return ", ".join(known) or user_agent.partition("/")[0].strip()


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for sign, name in names.items() if sign in user_agent), "")
