"""The font of everything that is drawn and set: shipped, so that a page is the same whatever the machine has."""

import os
from functools import lru_cache
from pathlib import Path

import manimgx_fonts_cjk
import vl_convert

FONT = "Noto Sans CJK SC"
FONT_PACKAGE = "manimgx-fonts-cjk"
FONT_FOLDER = Path(manimgx_fonts_cjk.__file__).parent
FONTCONFIG = "FONTCONFIG_FILE"
NO_OTHER_FONTS = Path(__file__).with_name("fonts.conf")


@lru_cache
def use_shipped_font() -> None:
    """Lets charts be drawn with the shipped font and no other; to be called before the first one is drawn.

    A font of the same name that the machine has would be taken first, and would draw other pictures: a release made
    before it was installed could not be made again. The library looks for the machine's fonts when the first folder is
    registered, as fontconfig does, so fontconfig is told of none for that moment. Programs that this process starts
    later find the machine's fonts as before.
    """
    before = os.environ.get(FONTCONFIG)
    os.environ[FONTCONFIG] = str(NO_OTHER_FONTS)
    try:
        vl_convert.register_font_directory(str(FONT_FOLDER))
    finally:
        del os.environ[FONTCONFIG]
        if before is not None:
            os.environ[FONTCONFIG] = before
