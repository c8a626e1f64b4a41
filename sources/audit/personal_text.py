"""Personal data (个人信息) in one text: its kinds, how each is known. No frames here: whoever reads a file uses it."""

import re
from collections.abc import Iterator
from datetime import date

from sources.audit.check_characters import credit_check_character

HALF_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘ－＠．　", "0123456789Xx-@. ")
"""Letter for letter, so that what is found stands at the same place in the text as it was typed."""
BETWEEN = r"[ -]?"
IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{5}[12]\d{3}[01]\d[0-3]\d\d{3}[\dXx](?![0-9A-Za-z])")
CARD = re.compile(rf"(?<![0-9A-Za-z])[3-6]\d{{3}}(?:{BETWEEN}\d{{4}}){{2,3}}(?:{BETWEEN}\d{{1,4}})?(?![0-9A-Za-z])")
PHONE = re.compile(
    rf"(?<![0-9A-Za-z.])(?:(?:\+?86{BETWEEN})?1[3-9]\d(?:{BETWEEN}\d{{4}}){{2}}|0\d{{2,3}}[ -]\d{{7,8}})"
    r"(?![0-9A-Za-z]|\.[0-9])"  # a decimal point makes it a number, a full stop or the end of a file's name does not
)
MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643: of the first 17 digits of an identity number."""
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]")
"""GB/T 2260: how the codes of regions begin."""


def redacted(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with each piece of personal data replaced, and the kinds that were found, in the order of the text."""
    plain = text.translate(HALF_WIDTH)
    found = sorted({(match.start(), match.end(), kind) for kind, match in _found(plain)})
    kinds: list[str] = []
    parts, end = [], 0
    for start, stop, kind in found:
        if start < end:
            continue  # inside of what is redacted already
        parts += [text[end:start], f"［{kind}已隐去］"]
        kinds.append(kind)
        end = stop
    return "".join((*parts, text[end:])), tuple(dict.fromkeys(kinds))


def _found(plain: str) -> Iterator[tuple[str, re.Match[str]]]:
    for match in IDENTITY.finditer(plain):
        if _is_identity(match[0]):
            yield "身份证号", match
    for match in CARD.finditer(plain):
        if _is_card(re.sub(r"\D", "", match[0])):
            yield "银行卡号", match
    for match in PHONE.finditer(plain):
        yield "电话号码", match
    for match in MAIL.finditer(plain):
        yield "电子邮箱", match


def _is_identity(number: str) -> bool:
    """Whether the birthday exists and the check digit fits, and it is no organisation's credit code."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    fits = PROVINCE.match(number) is not None and "10X98765432"[total % 11] == number[17].upper()
    return fits and not _is_credit_code(number.upper())


def _is_credit_code(code: str) -> bool:
    """Whether digits have both check digits of a credit code (GB 32100, GB 11714), and begin as such codes do."""
    if code[0] not in "159" or code[1] not in "1239" or not PROVINCE.match(code, 2) or "X" in code:
        return False
    organisation = (
        -sum(int(digit) * weight for digit, weight in zip(code[8:16], ORGANISATION_WEIGHTS, strict=True)) % 11
    )
    return "0123456789X"[organisation] == code[16] and credit_check_character(code) == code[17]


def _is_card(number: str) -> bool:
    """Luhn's check (ISO/IEC 7812) of 15 to 19 digits."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return 15 <= len(number) <= 19 and sum(value // 10 + value % 10 for value in doubled) % 10 == 0
