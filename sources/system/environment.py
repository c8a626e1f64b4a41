"""The environment variables that nianbao reads: one class, and no misspelt name that is silently ignored."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from sources.system.faults import ToldError
from sources.system.nearest import nearest

PREFIX = "NIANBAO_"
READ_ELSEWHERE = (
    "NIANBAO_BENCH_CACHE",  # the benchmark's cache
    "NIANBAO_SCREENSHOTS",  # browser tests
    "NIANBAO_WORKING_DATABASE",  # dbt's profile; set by the run itself
)
LINE_OF_A_FILE = re.compile(r"(#.*|[A-Z][A-Z0-9_]*\s*=.*)?")
SPARK = "NIANBAO_SPARK_"
"""Begins the names that dbt's profile for Spark reads."""


class Environment(BaseModel):
    """Each field is a variable NIANBAO_<FIELD>; one that is empty counts as not set."""

    model_config = ConfigDict(frozen=True)

    home: Path | None = Field(
        None, description="数据文件夹：收件夹、存档、数据库、发布都在里面；写在 nianbao.env 里时相对于城市文件夹"
    )
    city: str = Field(
        "450700", description="哪个城市：sources/cities/ 下的代码，或城市文件夹的路径；在城市文件夹里运行时不用写"
    )
    today: date | None = Field(None, description="把哪一天当作今天，用于演练；不写就是今天")
    threads: PositiveInt | None = Field(
        None, description="数据库用几个线程；不写时，数据不多（如一个市）用一个，否则每个处理器一个"
    )
    wait_seconds: NonNegativeInt | None = Field(
        None, description="别的进程正在用工作数据库时最多等多少秒；不写就是两小时"
    )
    web_origins: str | None = Field(
        None,
        pattern=r"^https?://[a-z0-9.:\[\]-]+( +https?://[a-z0-9.:\[\]-]+)*$",
        description="界面在代理后面的网址，如 https://nianbao.example，几个用空格隔开；本机的不用写",
    )
    desk_origins: str | None = Field(
        None,
        pattern=r"^https?://[a-z0-9.:\[\]-]+( +https?://[a-z0-9.:\[\]-]+)*$",
        description="报送台在代理后面的网址，如 https://baosong.example，几个用空格隔开；本机的不用写",
    )
    desk_factor: str | None = Field(
        None,
        description="报送台哪些角色必须启用第二重验证，用空格隔开，如 administrator approver；"
        "不写就是教育局经办人、审批人和账号管理员，写 none 就都不强制",
    )
    desk_database: SecretStr | None = Field(
        None,
        description="报送台的账号、上传记录和日志放在哪个 PostgreSQL：postgresql://用户:密码@主机:端口/数据库；"
        "不写就在数据文件夹里（SQLite）",
    )
    desk_sso_issuer: str | None = Field(
        None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])\S+$",
        description="统一登录（OpenID Connect）的网址，即它的 issuer，如 https://login.example.cn/oidc；不写就没有统一登录",
    )
    desk_sso_client: str | None = Field(None, description="报送台在统一登录那里的客户端编号（client id）")
    desk_sso_secret: SecretStr | None = Field(None, description="它的密钥（client secret）；不要写进公开的文件")
    desk_sso_claim: Literal["preferred_username", "email"] | None = Field(
        None,
        description="按统一登录说的哪一项找账号：preferred_username 是登录名（不写就是它），email 是核实过的邮箱",
    )
    scanner: str | None = Field(
        None,
        description="查毒的命令，文件从标准输入给它，返回 0 是干净、1 是有毒，如 clamdscan --no-summary -；"
        "不写就用装好的 clamdscan 或 clamscan，写 none 就不查毒",
    )
    office: str | None = Field(
        None, description="LibreOffice 的程序，用来定 Word 稿目录的页码；不写就用装好的 soffice，写 none 就不用"
    )
    dagster_home: Path | None = Field(
        None,
        description="几个人合用的运行记录：有 dagster.yaml 的文件夹，命令也记在那里；不写就在数据文件夹的 dagster/",
    )
    max_file_bytes: PositiveInt | None = Field(None, description="一个报送文件最多多少字节")
    max_expanded_bytes: PositiveInt | None = Field(None, description="解压后最多多少字节")
    max_parts: PositiveInt | None = Field(None, description="工作簿内部最多多少个文件")
    max_rows: PositiveInt | None = Field(None, description="一张表最多多少行")
    max_columns: PositiveInt | None = Field(None, description="一张表最多多少列")
    max_cells: PositiveInt | None = Field(None, description="最多存了多少个单元格")
    max_area: PositiveInt | None = Field(None, description="各表从 A1 到最后一格的面积之和最多多少格")
    max_seconds: PositiveInt | None = Field(None, description="处理一个文件最多用处理器多少秒")
    max_memory_bytes: PositiveInt | None = Field(None, description="处理一个文件的进程最多用多少字节内存")
    max_result_bytes: PositiveInt | None = Field(None, description="从一个文件最多读出多少字节")


def read_environment() -> Environment:
    """The variables as they are set. Raises ToldError that names each one whose value cannot be used."""
    try:
        given = {name: value for name in Environment.model_fields if (value := os.environ.get(PREFIX + name.upper()))}
        return Environment.model_validate(given)
    except ValidationError as error:
        told = [
            f"环境变量 {PREFIX}{str(each['loc'][-1]).upper()} 应当是{_wanted(each)}，不能是“{each['input']}”"
            for each in error.errors()
        ]
        raise ToldError("；".join(told)) from None


def _wanted(error: ErrorDetails) -> str:
    """What a variable takes whose value cannot be used."""
    if error["loc"][-1] == "desk_sso_issuer":
        return "https:// 开头的网址，如 https://login.example.cn/oidc"
    wanted = {
        "date": "日期，如 2024-09-01",
        "string": "网址（小写，不带路径），如 https://nianbao.example",
        "literal": "preferred_username 或 email",
    }
    return wanted.get(error["type"].split("_")[0], "正整数")


def faults_of(file: Path) -> Iterator[tuple[int | None, str]]:
    """(line, what is wrong) of each line of a city's nianbao.env that is no setting; None: the file as such."""
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        yield None, "不是 UTF-8 编码；请用编辑器“另存为”，编码选 UTF-8"
        return
    for number, line in enumerate(lines, 1):
        if not LINE_OF_A_FILE.fullmatch(line.strip()):
            yield number, f"应当是 名字=值（英文等号），如 {PREFIX}HOME=data"
        elif line.strip().startswith(f"{PREFIX}CITY"):
            yield number, f"这个文件就在城市的文件夹里，不能再写 {PREFIX}CITY；请删去这一行"
        elif told := _unknown([line.partition("=")[0].strip()], declared_channels(file.parent)):
            yield number, told[0].replace("请取消设置", "请删去这一行")


def adopt(file: Path) -> None:
    """Sets the variables of a city's nianbao.env that are not set, for this process and those that it starts.

    NIANBAO_HOME may be relative to the file. Raises ToldError when the file cannot be read.
    """
    from dotenv import dotenv_values

    for number, told in faults_of(file):
        raise ToldError(f"{file} 第 {number} 行：{told}" if number else f"{file}：{told}")
    given = dotenv_values(stream=StringIO(file.read_text("utf-8-sig")), interpolate=False)
    for name, value in given.items():
        if value and not os.environ.get(name):
            os.environ[name] = str(file.parent / value) if name == f"{PREFIX}HOME" else value


def check_names(environment: Mapping[str, str], declared: str) -> None:
    """Raises ToldError for a variable NIANBAO_… that nobody reads, with the nearest that somebody does.

    `declared` is the text of the city's alerts.yml and mail.yml: what they name holds secrets.
    """
    if told := _unknown(environment, declared):
        raise ToldError("；".join(told))


def _unknown(names: Iterable[str], declared: str) -> list[str]:
    """What is told of each name of ours that nobody reads."""
    known = [*(f"{PREFIX}{name.upper()}" for name in Environment.model_fields), *READ_ELSEWHERE]
    of_channels = set(re.findall(rf"{PREFIX}[A-Z0-9_]+", declared))
    unknown = [name for name in names if name.upper().startswith(PREFIX) and not name.startswith(SPARK)]
    return [_told(name, known) for name in sorted(unknown) if name not in known and name not in of_channels]


def declared_channels(city_dir: Path) -> str:
    """The text of a city's alerts.yml and mail.yml, which name the variables of their secrets."""
    files = [city_dir / "alerts.yml", city_dir / "mail.yml"]
    return "\n".join(each.read_text("utf-8", errors="replace") for each in files if each.is_file())


def _told(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"没有环境变量 {name}" + (f"；是不是 {near}？" if near else "，请取消设置；有：" + "、".join(known))
