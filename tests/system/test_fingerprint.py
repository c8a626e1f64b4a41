"""Hashes that are kept: whoever changes one makes everything look changed, decisions lost, all told once more.

The values are those of 0.1.0.
"""

from types import SimpleNamespace

from sources.declarations.rule import rule_version
from sources.declarations.strict_yaml import Declaration
from sources.system.fingerprint import fingerprint, sha256_of, sha256_of_file, signature_of
from warehouse.alerts.troubles import Trouble
from warehouse.run.changed import fingerprint_of


class Code(Declaration):
    """A code as 0.1.0 declared it."""

    code: str
    label: str
    verified: bool = True
    note: str = ""


def test_declarations_have_the_fingerprints_that_they_had() -> None:
    assert fingerprint([Code(code="a", label="甲")], "x") == "53af711fa157"
    assert rule_version(SimpleNamespace(id="r1", expr="a = b", severity="error")) == "b79af783"


def test_a_trouble_that_was_told_is_not_told_again() -> None:
    assert Trouble("k", "file", "1", "t", (), "内容").fingerprint == "8b9a10b1af235f14"


def test_what_the_tables_held_at_the_last_build_is_known_again() -> None:
    assert (
        fingerprint_of({"raw.b": "2", "raw.a": "1"})
        == "557e6cd7d63846b5232749c54ff853238815336403f8e11ec04f25406487d7cd"
    )


def test_parts_are_hashed_one_after_the_other(tmp_path) -> None:
    (tmp_path / "file").write_bytes("年报".encode())
    assert sha256_of("年", "报".encode()) == sha256_of_file(tmp_path / "file")
    assert sha256_of() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_message_to_a_robot_is_signed_as_it_checks_it() -> None:
    assert signature_of("文字", key="钥匙") == "Dd7s3M87K1G88LibMT2BgXG0bNePs5tEtmwUobBTltc="
