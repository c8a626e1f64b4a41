"""Errors in words for people: in Chinese, with what to do."""


class ToldError(Exception):
    """An error whose message is for whoever runs the program, not for whoever wrote it."""


FAULTS = {
    "磁盘空间不足，文件写不下。已发布的数据和存档没有变化；请腾出空间，再运行一次": (
        "No space left on device",
        "disk is full",
        "File too large",
        "quota exceeded",
    ),
    "磁盘读写出错或磁盘已满，请检查磁盘；已发布的数据和存档没有变化": ("Input/output error", "disk I/O error"),
    "没有读写的权限，请检查文件夹的所有者": ("Permission denied", "Read-only file system", "readonly database"),
    "内存不足，请关闭其他程序，再运行一次": ("Out of Memory", "Cannot allocate memory"),
    "打开的文件太多，请提高系统的上限（ulimit -n）": ("Too many open files",),
}


def fault_of(message: str) -> str | None:
    """What is wrong with the machine, in Chinese. None when the message is about something else."""
    return next((fault for fault, words in FAULTS.items() if any(each in message for each in words)), None)


def in_chinese(message: str) -> str:
    """An error message. A fault of the machine stands in front of it."""
    fault = fault_of(message)
    return f"{fault}。（{message}）" if fault else message


def told(error: BaseException | None) -> str | None:
    """What people are told of an error or of its cause. None when the program itself is wrong."""
    while error is not None:
        if isinstance(error, ToldError):
            return str(error)
        if fault_of(str(error)):
            return in_chinese(str(error).splitlines()[0])
        error = error.__cause__ or error.__context__
    return None
