"""No error is dropped without a reason."""

from tests.lint.silence import found, silent_places


def test_every_dropped_error_says_why():
    assert found() == []


def test_a_dropped_error_without_a_reason_is_found():
    dropped = "try:\n    f()\nexcept ValueError:\n    pass\n"
    assert list(silent_places(dropped)) == [3]
    assert list(silent_places(dropped.replace("pass", "pass  # f is only a hint"))) == []
    assert list(silent_places("with suppress(OSError):\n    f()\n")) == [1]
    assert list(silent_places(dropped.replace("pass", "raise"))) == []
