"""What a city says of its releases: who publishes them, under what terms, whom to ask (publication.yml)."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from sources.declarations.strict_yaml import Declaration, Said

PUBLICATION_FILE = "publication.yml"
UNDECLARED = "未声明"
LATIN_WORD = r"^[A-Za-z]{2,}$"
KEY_LINE = r"^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$"
"""The public half of an Ed25519 key, as its PEM file has it between the first line and the last."""
SIGNATURE_LINE = r"^[A-Za-z0-9+/]{86}==$"


class FormerKey(Declaration):
    """以前签名用的公钥，由它签名指认下一把：用旧公钥的读者据此认得新公钥。"""

    key: str = Field(
        pattern=KEY_LINE,
        description="旧公钥，就是换钥前写在 signing_key 里的那一行",
        examples=["MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
    )
    signed: str = Field(
        pattern=SIGNATURE_LINE,
        description="旧私钥对新公钥的签名（nianbao change-key 给出）",
        examples=["5VZDAMNgrHKQhuLMgG6CioSHfx64KjfcqjJqUZM/SH62pWW3nRe+rYmVTr26RUwVQ+YHvQ1D0Xs0JPm3cIxHCw=="],
    )


class PublicationTerms(Declaration):
    """发布的版本怎样写明出处；没有写的，报告和网站上写“未声明”，不替本市编。"""

    publisher: Said | None = Field(None, description="谁发布；不写就是编制报告的教育局", examples=["黄山市教育局"])
    licence: Said | None = Field(
        None, description="数据按什么条件使用：许可协议的名称，或一句话", examples=["注明出处即可使用"]
    )
    licence_url: str | None = Field(
        None, description="许可协议全文的网址（https:// 开头）", examples=["https://example.gov.cn/data-licence"]
    )
    contact: Said | None = Field(
        None, description="数据有疑问找谁：科室、电话或电子邮箱，发布后人人看得到", examples=["职业教育科 0559-0000000"]
    )
    address: str | None = Field(
        None,
        description="放各个版本的网址（https:// 开头，“/”结尾），版本的文件夹在它下面；不写，订阅和引用里只有相对位置",
        examples=["https://example.gov.cn/nianbao/"],
    )
    words: tuple[str, ...] = Field(
        (), description="报告和网站里可以出现的外文词；别的外文词会挡住发布", examples=[["VR"]]
    )

    signing_key: str | None = Field(
        None,
        pattern=KEY_LINE,
        description="给版本签名的公钥，一行（nianbao new-key 给出）；不写，版本没有签名",
        examples=["MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="],
    )
    former_keys: tuple[FormerKey, ...] = Field(
        (), description="以前的公钥，旧的在前；每一把都由自己签名指认下一把，最后一把指认 signing_key"
    )

    @field_validator("licence_url", "address")
    @classmethod
    def _is_address(cls, said: str | None) -> str | None:
        if said is not None and (urlsplit(said).scheme != "https" or not urlsplit(said).netloc or not said.isascii()):
            raise ValueError(f"“{said}”应当是 https:// 开头的网址")
        return said

    @field_validator("address")
    @classmethod
    def _is_folder(cls, said: str | None) -> str | None:
        if said is not None and not said.endswith("/"):
            raise ValueError(f"“{said}”应当以“/”结尾：版本的文件夹在它下面")
        return said

    @property
    def undeclared(self) -> tuple[str, ...]:
        """What readers are told is not declared, in words."""
        said = {"数据的使用许可": self.licence, "联系方式": self.contact}
        return tuple(name for name, value in said.items() if not value)


NOTHING_DECLARED = PublicationTerms()
