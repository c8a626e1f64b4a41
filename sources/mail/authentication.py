"""What the bureau's own mail server has found out about a sender: SPF, DKIM, DMARC (RFC 8601).

Anybody can write such a field. Only those that bear the name of the bureau's server are read, and of these the upper
ones: that server puts its own above all others, and takes out those that borrow its name.
"""

import re
from collections.abc import Sequence

METHODS = ("spf", "dkim", "dmarc")
COMMENT = re.compile(r"\([^()]*\)")
RESULT = re.compile(r"\s*(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
PASSED = "pass"
FAILED = frozenset(("fail", "softfail", "policy"))
DEEPEST = 20


def results_of(fields: Sequence[str], authserv_id: str) -> dict[str, str]:
    """Method → what the server called `authserv_id` has found; the fields from above to below. Of several DKIM
    signatures one that passed is enough."""
    found: dict[str, str] = {}
    for field in fields:
        server, *results = _without_comments(field).split(";")
        if server.strip().strip('"').partition(" ")[0].lower() != authserv_id.lower():
            continue
        of_field: dict[str, str] = {}
        for each in results:
            if named := RESULT.match(each):
                method, result = named[1].lower(), named[2].lower()
                of_field[method] = PASSED if PASSED in (of_field.get(method), result) else result
        found = of_field | found
    return found


def why_suspect(fields: Sequence[str], authserv_id: str | None) -> str:
    """Why a mail is perhaps not of whom it says, in Chinese; empty where nothing speaks against it, and where no
    server's word is declared.

    DMARC decides where it has an answer: it alone looks at the address that people read. Else one check must have
    failed and none passed.
    """
    results = results_of(fields, authserv_id) if authserv_id else {}
    of_dmarc = results.get("dmarc")
    said = [results[each] for each in METHODS if each in results]
    is_suspect = of_dmarc == "fail" or (PASSED not in said and any(each in FAILED for each in said))
    if of_dmarc == PASSED or not is_suspect:
        return ""
    told = "、".join(f"{each.upper()} {results[each]}" for each in METHODS if each in results)
    return f"邮件服务器查过，发件人可能是冒充的（{told}）"


def _without_comments(field: str) -> str:
    for _ in range(DEEPEST):
        if (shorter := COMMENT.sub(" ", field)) == field:
            break
        field = shorter
    return field
