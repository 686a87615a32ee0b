from pathlib import Path

from api import openapi, reference
from api.operations import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs/reference/api.md"
DOCUMENT = openapi.document(OPERATIONS)


def test_the_reference_of_the_api_is_as_the_document_says() -> None:
    """`python -m tests.docs.test_api_reference` writes it anew."""
    assert PAGE.read_text() == reference.markdown(DOCUMENT)


def test_the_page_for_browsers_loads_nothing_from_elsewhere() -> None:
    page = reference.html(DOCUMENT)

    assert "<script" not in page
    assert "src=" not in page
    assert 'href="#assignment"' in page
    assert 'id="assignment"' in page


if __name__ == "__main__":
    PAGE.write_text(reference.markdown(DOCUMENT))
