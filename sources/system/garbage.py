"""Makes Python look for garbage seldom while a program starts, and never in what stays until its end.

Measured for a city's run of 4.9 s (docs/decisions/0019): Python's collector went through all of Dagster's modules and
definitions again and again while they were imported, and once more through all that was left at exit: 1.4 s. With
these two calls it takes 0.1 s.
"""

import gc

YOUNG_OBJECTS = 200_000
"""New objects after which Python looks for garbage among them; its own default is 700."""


def collect_seldom() -> None:
    """To be called before anything large is imported."""
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)


def freeze() -> None:
    """What is there now stays: it need not be searched any more."""
    gc.freeze()
