"""Stand-ins: the archive keeps one in place of a file that is too large or no file; the reader recognises it."""

ZIP_SIGNATURE = b"PK"
STAND_IN = b"nianbao-stand-in\0"
"""The first bytes of a stand-in."""
STAND_IN_RULES = ("file.link", "file.too_large", "file.unreadable")


def stand_in(rule_id: str, name: str, found: str) -> bytes:
    """The bytes to archive in place of a file that is not read. It gets a receipt and a finding like any other file.

    `rule_id` is one of STAND_IN_RULES; `found` fills in its message.
    """
    return STAND_IN + "\0".join((rule_id, name, found)).encode("utf-8", "replace")
