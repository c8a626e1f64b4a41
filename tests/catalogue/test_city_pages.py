"""Each file of a city's folder has a page with all its keys; what the page shows as an example can be used."""

import pytest
import yaml

from sources.declarations.city import FILES, OTHER_NAMES
from sources.system.environment import Environment
from sources.system.settings import PROJECT_ROOT
from warehouse.catalogue.city_pages import ABOUT, MODELS, KeysAt, _keys, _models_in, _parts, city_pages, example_of
from warehouse.catalogue.published_list import PublishedLine

REFERENCE = PROJECT_ROOT / "docs" / "reference"


def test_every_file_that_a_citys_folder_may_hold_has_a_page():
    assert set(ABOUT) >= {*FILES, *OTHER_NAMES}
    assert {name.removesuffix(".md") for name in city_pages()} == {*ABOUT, "README"}


@pytest.mark.parametrize("name", MODELS)
def test_a_page_has_every_key_with_its_meaning_and_an_example(name):
    text = city_pages()[f"{name}.md"]
    for part in _parts(KeysAt("", MODELS[name])):
        for key, field in _keys(part.model):
            assert f"| `{key}` | {field.description} |" in text, f"{name}: {key} wants Field(description=…)"
            assert field.description
            assert field.examples or _models_in(field.annotation), f"{name}: {key} wants Field(examples=[…])"


@pytest.mark.parametrize("name", MODELS)
def test_the_example_of_a_page_is_right(name):
    MODELS[name].model_validate(yaml.safe_load(example_of(name)))


def test_columns_and_variables_have_their_meaning():
    for model in (PublishedLine, Environment):
        assert all(field.description for field in model.model_fields.values())


def test_what_the_pages_link_to_is_there():
    for text in city_pages().values():
        for target in ("../indicators.md", "../sheets.md", "../../alerts.zh.md", "../../new_city.zh.md"):
            assert f"]({target}" not in text or (REFERENCE / "city" / target).resolve().exists()
