"""A password ends somewhere, so that nobody has the server weigh a book."""

from django.core.exceptions import ValidationError

MOST_LETTERS = 128


class LongestPassword:
    """Refuses a password of more than 128 characters; each one counts, none is cut off."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > MOST_LETTERS:
            raise ValidationError(f"密码最多 {MOST_LETTERS} 个字符，这个有 {len(password)} 个。")

    def get_help_text(self) -> str:
        return f"密码最多 {MOST_LETTERS} 个字符。"
