"""Stand-ins: what the archive keeps of a file that is too large or no file, recognised again when it is read."""

ZIP_SIGNATURE = b"PK"
STAND_IN = b"nianbao-stand-in\0"
"""Begins what is archived in place of something that cannot or must not be read (`stand_in`)."""
STAND_IN_RULES = ("file.link", "file.too_large", "file.unreadable")


def stand_in(rule_id: str, name: str, found: str) -> bytes:
    """What is archived in place of a file that is not read, so that it gets a receipt and a finding like any other.

    `rule_id` is one of STAND_IN_RULES; `found` fills in its message.
    """
    return STAND_IN + "\0".join((rule_id, name, found)).encode("utf-8", "replace")
