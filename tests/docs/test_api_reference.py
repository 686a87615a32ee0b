import json
from pathlib import Path

from api import openapi, reference
from api.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/api.md"
OF_THE_SDK = ROOT / "sdk/typescript/openapi.json"
DOCUMENT = openapi.document(OPERATIONS)


def test_the_reference_of_the_api_is_as_the_document_says() -> None:
    """`python -m tests.docs.test_api_reference` writes it anew."""
    assert PAGE.read_text() == reference.markdown(DOCUMENT)


def test_the_document_from_which_the_typescript_client_is_generated_is_current() -> None:
    """`python -m tests.docs.test_api_reference` writes it, then `npm run schema` in `sdk/typescript` the types."""
    assert OF_THE_SDK.read_text() == text(DOCUMENT)


def test_the_page_for_browsers_loads_nothing_from_elsewhere() -> None:
    page = reference.html(DOCUMENT)

    assert "<script" not in page
    assert "src=" not in page
    assert 'href="#assignment"' in page
    assert 'id="assignment"' in page


def text(document: openapi.Json) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference.markdown(DOCUMENT))
    OF_THE_SDK.write_text(text(DOCUMENT))
