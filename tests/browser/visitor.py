"""Somebody at the desk without a browser: signs in, reads pages, sends forms and files, and follows nothing."""

import re
import uuid
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, Request, build_opener


class _Stay(HTTPRedirectHandler):
    """Tells where an answer leads, and does not go there."""

    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the page, and where it leads ('' for nowhere). Status 0: nobody answered."""

    status: int
    page: str = ""
    leads_to: str = ""


class Visitor:
    """Somebody who has signed in at `address`."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self.address = address
        self.opener: OpenerDirector = build_opener(_Stay, HTTPCookieProcessor(CookieJar()))
        assert self.post("/sign-in", {"username": name, "password": password}).leads_to == "/"

    @staticmethod
    def is_alive(address: str) -> bool:
        """Whether a desk answers there."""
        try:
            with build_opener().open(f"{address}/alive", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def get(self, path: str) -> Answer:
        return self._asked(Request(self.address + path))

    def post(self, path: str, form: dict[str, str], at: str = "") -> Answer:
        """Sends a form as from the page `at` (the path itself, if nobody says so)."""
        token = self.token_of(at or path)
        return self._asked(Request(self.address + path, urlencode(form | {"csrfmiddlewaretoken": token}).encode()))

    def upload(self, path: str, data: bytes, token: str, name: str = "a.xlsx") -> Answer:
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        head += f'--{edge}\r\nContent-Disposition: form-data; name="workbook"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self._asked(Request(self.address + path, body, kind))

    def token_of(self, path: str) -> str:
        return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).page)[0]

    def _asked(self, request: Request) -> Answer:
        try:
            with self.opener.open(request, timeout=120) as answer:
                return Answer(answer.status, answer.read().decode("utf-8", "replace"))
        except HTTPError as answer:
            return Answer(answer.code, answer.read().decode("utf-8", "replace"), answer.headers.get("Location", ""))
        except (URLError, OSError):
            return Answer(0)
