"""A person at a browser, as lean as a client can be: one kept connection, cookies, the token of the page, redirects as answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import HTTPConnection
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Browser:
    """One person's browser on one address of this machine."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.token = ""

    def sign_in(self, login: str, password: str) -> None:
        """Through the page, as anybody does."""
        self.look("/sign-in")
        self.send("/sign-in", {"login": login, "password": password})
        self.look("/")

    def look(self, path: str) -> str:
        """A page; its token is the one that is sent from now on."""
        status, _, page = self._ask("GET", path, None)
        if status != 200:
            raise RuntimeError(f"GET {path} gave {status}")
        found = _TOKEN.search(page)
        self.token = found[1] if found else self.token
        return page

    def send(self, path: str, fields: Mapping[str, str]) -> str:
        """Send a form; gives where it leads. RuntimeError when it was not taken."""
        status, onward, _ = self._ask("POST", path, urlencode({"csrf_token": self.token, **fields}))
        if status != 303:
            raise RuntimeError(f"POST {path} gave {status}")
        return onward

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        page = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, response.headers.get("Location") or "", page

    def close(self) -> None:
        self.connection.close()
