"""The manifest's JSON Schema."""

import json

import jsonschema
import pytest

from model.artifact import ARTIFACT_FOLDER, Artifact
from model.manifest import MANIFEST_NAME, SCHEMA_FILE, encode, json_schema


def test_the_schema_file_is_made_from_the_types() -> None:
    assert SCHEMA_FILE.read_bytes() == json_schema()


def test_the_schema_is_a_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA_FILE.read_bytes()))


def test_manifests_match_the_schema(five_artifact: Artifact) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_bytes()))
    validator.validate(json.loads((ARTIFACT_FOLDER / MANIFEST_NAME).read_bytes()))
    validator.validate(json.loads(encode(five_artifact.manifest)))


@pytest.mark.parametrize("changes", [{"format_version": "1"}, {"documents": None}, {"novelty": 1}])
def test_a_wrong_manifest_does_not_match_the_schema(changes: dict[str, object]) -> None:
    manifest = json.loads((ARTIFACT_FOLDER / MANIFEST_NAME).read_bytes()) | changes
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_bytes()))
    assert not validator.is_valid(manifest)
