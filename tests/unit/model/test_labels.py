"""Labels: every declaration of the vocabulary has one, and one that lacks it is shown by its name and reported."""

import unicodedata
from dataclasses import replace

from hub.link.field import list_decidable_fields
from hub.model.labels import find_label, find_path_label, list_unlabelled
from hub.model.registry import Registry, load_registry
from schema.core import Label

REGISTRY = load_registry()


def _without_label(module: str) -> Registry:
    """The registry, as if the name of citizens had no label and `module` declared them."""
    citizen = REGISTRY["Citizen"]
    fields = tuple(replace(one, declared_label=None) if one.name == "full_name" else one for one in citizen.fields)
    changed = replace(citizen, fields=fields, module=module)
    return replace(REGISTRY, entities={**REGISTRY.entities, "Citizen": changed})


def test_nothing_of_the_vocabulary_lacks_a_label() -> None:
    assert list_unlabelled(REGISTRY) == ()


def test_a_missing_label_is_reported_with_whose_it_is() -> None:
    assert list_unlabelled(_without_label("schema.citizen")) == (("Citizen.full_name", True),)
    assert list_unlabelled(_without_label("transport.vehicles")) == (("Citizen.full_name", False),)


def test_a_field_without_label_is_shown_by_its_name() -> None:
    assert find_label(_without_label("x"), "Citizen", "full_name") == Label("Công dân, full name", "Citizen, full name")


def test_columns_of_every_kind_have_words() -> None:
    assert find_path_label(REGISTRY, "Citizen.personal_id").vi == "Công dân, số định danh cá nhân"
    assert find_label(REGISTRY, "LandUseRight", "holder_birth_date").vi == (
        "Quyền sử dụng đất, người sử dụng đất: ngày sinh như đã ghi"
    )
    assert find_label(REGISTRY, "LandUseRight", "holderBirthDate") == find_label(
        REGISTRY, "LandUseRight", "holder_birth_date"
    )
    assert find_label(REGISTRY, "LandUseRight", "holderLink.recorded.birthDate") == find_label(
        REGISTRY, "LandUseRight", "holder_birth_date"
    )
    assert find_path_label(REGISTRY, "Household.full_name").vi == "Hộ gia đình, họ và tên", "of its head"
    assert find_label(REGISTRY, "Citizen", "residence_unit_code").vi == "Công dân, nơi thường trú"
    assert find_label(REGISTRY, "OldRecord", "some_code").vi == "Old record, some code"


def test_abbreviations_keep_their_capitals() -> None:
    assert find_label(REGISTRY, "Citizen", "former_id").vi == "Công dân, số CMND cũ"


def test_labels_are_nfc_and_told_apart_within_an_entity() -> None:
    for entity in REGISTRY:
        words = [part.label.vi for part in (*entity.fields, *entity.references, *entity.linked)]
        assert len(words) == len(set(words)), entity.name
        assert all(unicodedata.is_normalized("NFC", word) for word in words)


def test_every_question_of_linking_is_told_apart() -> None:
    words = [field.label.vi for field in list_decidable_fields().values()]
    assert len(words) == len(set(words))
    assert "Người sử dụng đất (Quyền sử dụng đất)" in words
    assert "Hai bản ghi của một công dân?" in words
