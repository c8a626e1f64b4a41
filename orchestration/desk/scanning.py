"""How the scanning of uploads for viruses stands, in words for the bureau and for who manages accounts."""

from dataclasses import dataclass

from orchestration.desk.installed import installed
from orchestration.desk.models import Upload, UploadState

NONE = (
    "没有查毒程序：上传的文件不查毒就检查。请管理服务器的人安装 ClamAV（clamav-daemon 和 clamdscan），"
    "或用 NIANBAO_SCANNER 指定别的程序，再重新打开报送台。"
)
HELD_UP = (
    "{why}；{count} 份上传的文件等着，没有打开。请管理服务器的人恢复它，恢复以后自动接着检查；"
    "恢复不了又等不及的，设 NIANBAO_SCANNER=none 再重新打开报送台，就不查毒。"
)
SCANS = "上传的文件先由 {program} 查毒，再打开检查。"


@dataclass(frozen=True, slots=True)
class ScanningNow:
    """What is told of scanning, and whether somebody has to do something."""

    words: str
    is_wrong: bool


def scanning_now() -> ScanningNow:
    scanner = installed().scanner
    if not scanner:
        return ScanningNow(NONE, True)
    held_up = Upload.objects.filter(state=UploadState.WAITING).exclude(held_up="")
    if first := held_up.order_by("uploaded_at").first():
        return ScanningNow(HELD_UP.format(why=first.held_up, count=held_up.count()), True)
    return ScanningNow(SCANS.format(program=scanner[0]), False)
