"""What the section on the tests says is what pytest has measured."""

from tests.bench.suite import section, timed

JUNIT = """<testsuites><testsuite name="pytest">
<testcase classname="tests.run.test_build" name="test_a[x|y]" time="6.0" />
<testcase classname="tests.run.test_build" name="test_b" time="3.0" />
<testcase classname="tests.read.test_xml" name="test_c" time="1.0"><skipped /></testcase>
</testsuite></testsuites>"""


def test_the_dearest_file_comes_first_with_its_dearest_test() -> None:
    lines = section([61.0, 59.0, 300.0], list(timed(JUNIT)))
    assert "3 tests, 3 times on two cores: 61 s, 59 s, 300 s (median 1.0 min)" in lines[1]
    assert lines[4] == "| `tests/run/test_build.py` | 2 | 9 | 90% | test_a[x\\|y] | 6 |"
    assert lines[5] == "| `tests/read/test_xml.py` | 1 | 1 | 10% | test_c | 1 |"
