"""What the log calls what somebody did: the code that is kept, and what people read."""

from collections.abc import Mapping

COMMAND_LABELS: Mapping[str, str] = {
    "run": "运行",
    "documents": "报告草稿",
    "release": "发布",
    "school_reports": "各校年报",
    "mail_out": "发信",
    "mail_in": "收信",
    "new_year": "开年",
    "preview_held": "试算待确认的文件",
}
"""Commands of nianbao that are started from a page → what people read."""
LOG_ACTS: Mapping[str, str] = {
    "sign_in": "登录",
    "sign_in_refused": "没有登录成",
    "refused": "不许看的页面",
    "sign_out": "退出",
    "password": "设密码",
    "sessions": "退出别处的登录",
    "second_factor": "启用第二重验证",
    "invite": "邀请",
    "link": "要设密码的链接",
    "reset": "在服务器上重设密码",
    "lock": "停用账号",
    "unlock": "启用账号",
    "export_log": "导出日志",
    "template": "下载模板",
    "own_report": "下载本校年报",
    "upload": "上传",
    "virus": "查出病毒",
    "correct": "改数",
    "explain": "写说明",
    "preview": "看报送以后的数字",
    "certify": "确认报送",
    "note": "留言",
    "decide": "决定",
    "close_year": "对学校关闭年度",
    "reopen_year": "重新对学校开放年度",
    "remind": "给勾选的单位发信",
    "write_letters": "写出信件",
    "sent_letters": "记为已发出",
    "confirm": "确认发布事项",
    **{f"ask_{command}": f"要求{label}" for command, label in COMMAND_LABELS.items()},
    **{command: f"{label}结束" for command, label in COMMAND_LABELS.items()},
}
