"""contacts.yml: whom letters go to; mistakes are told with file and line, and it goes nowhere else."""

from pathlib import Path

import pytest

from sources.declarations.archived import text_to_keep
from sources.declarations.city import City
from sources.declarations.contacts import CONTACTS_FILE, load_contacts
from sources.declarations.problem import DeclarationError

RIGHT = 'contacts:\n  - {respondent: "3645900002", name: 陆老师, mail: [lu@wx.example.cn, office@wx.example.cn]}\n'


def test_a_city_without_contacts_has_none(tmp_path: Path, city: City):
    assert load_contacts(tmp_path, city) == {}


def test_a_respondent_may_have_several_addresses(tmp_path: Path, city: City):
    (tmp_path / CONTACTS_FILE).write_text(RIGHT, encoding="utf-8")
    (contact,) = load_contacts(tmp_path, city).values()
    assert (contact.name, contact.mail) == ("陆老师", ("lu@wx.example.cn", "office@wx.example.cn"))
    assert b"example.cn" not in text_to_keep(city)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            RIGHT.replace("3645900002", "3645900092"),
            "contacts.yml 第 2 行：没有填报单位“3645900092”；是不是“3645900012”？",
        ),
        (RIGHT + RIGHT.split("\n")[1] + "\n", "contacts.yml 第 3 行：“3645900002”写了两次"),
        (RIGHT.replace("lu@", "lu"), "contacts.yml 第 2 行"),
        (RIGHT.replace("lu@wx.example.cn", '"lu@wx.cn,boss@wx.cn"'), "contacts.yml 第 2 行"),
        (RIGHT.replace("mail", "mial"), "没有“mial”这个键；是不是“mail”？"),
    ],
)
def test_a_mistake_is_told_with_its_line(wrong: str, sentence: str, tmp_path: Path, city: City):
    (tmp_path / CONTACTS_FILE).write_text(wrong, encoding="utf-8")
    with pytest.raises(DeclarationError) as told:
        load_contacts(tmp_path, city)
    assert sentence in str(told.value)
