"""Codes whose last character follows from the others, so that a slip of the pen shows."""

CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The characters of a credit code (统一社会信用代码), each at the place of its value: GB 32100-2015, table 1."""
CREDIT_LENGTH = 18
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(CREDIT_LENGTH - 1))


def credit_check_character(code: str) -> str | None:
    """The check character that follows from the first 17 of a credit code (GB 32100-2015, 5.2); None where one of
    these is no character of such codes (I, O, S, V, Z)."""
    values = [CREDIT_LETTERS.find(letter) for letter in code[: CREDIT_LENGTH - 1]]
    if len(values) < CREDIT_LENGTH - 1 or -1 in values:
        return None
    return CREDIT_LETTERS[-sum(value * weight for value, weight in zip(values, CREDIT_WEIGHTS, strict=True)) % 31]


def check_character_told(code: str) -> str:
    """What is wrong with a credit code, for its finding (Chinese)."""
    fitting = credit_check_character(code)
    if fitting is None:
        return "前 17 位里有这种代码不用的字母（I、O、S、V、Z）"
    return f"按前 17 位，末位应为“{fitting}”"
