"""Generated pages say what the code says; links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import generate
from flows.connectors.settings import Environment
from flows.lanes.settings import LiveEnvironment

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def test_reference_pages_are_fresh() -> None:
    assert not generate.stale(), "run `make docs`"


def test_a_changed_page_is_stale(tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert not generate.stale(tmp_path)
    page = tmp_path / "exit-codes.md"
    page.write_text(page.read_text().replace("130", "131"))
    (tmp_path / "rules" / "gone.md").write_text("a chapter that was taken out")
    assert generate.stale(tmp_path) == ["exit-codes.md", "rules/gone.md"]


def test_every_setting_of_the_flows_is_told() -> None:
    text = (ROOT / "docs" / "reference" / "flows.md").read_text()
    told = re.findall(r"^\| `MARGINLINE_([A-Z_]+)` \|", text, re.MULTILINE)
    fields = {*Environment.model_fields, *LiveEnvironment.model_fields}
    assert set(told) == {name.upper() for name in fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, f"{page.relative_to(ROOT)} links to nothing: {missing}"


def test_every_page_can_be_reached() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if "://" not in target
    }
    orphans = [
        page.relative_to(ROOT).as_posix() for page in PAGES if page not in linked and page.name != "README.md"
    ]
    assert not orphans, f"no page links to {orphans}"
