"""What the reference page says of a setting's bounds is what the registry does: a value just beyond is refused."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet
from pydantic import BaseModel

from docs.generate import bounds_of, models_in
from flows.registry.errors import ConfigurationError
from flows.registry.load import parse
from schemas.config.venue import Venue
from tests.registry.world import TEXT

ENTRY = {"panels": "all", "assets": "BTC", "markets": "BTC-PERP", "pools": "majors"}
"""The table that stands for all of its kind."""

Path = tuple[str | int, ...]


def settings(path: Path, model: type[BaseModel]) -> Iterator[ParameterSet]:
    """Every setting with bounds: its path in the file, and each value that lies beyond."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        for value in bounds_of(field).refused:
            yield pytest.param(here, value, id=f"{said(here)} = {value}")
        for behind, inner in models_in(field.annotation):
            down: Path = (ENTRY[name],) if behind.startswith(".") else (0,) if behind else ()
            yield from settings((*here, *down), inner)


def said(path: Path) -> str:
    """A path as the registry writes it: rows from 1."""
    text = "".join(f"[{each + 1}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def toml(value: Any) -> str:
    """Values as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else json.dumps(value)


@pytest.mark.parametrize(("path", "value"), list(settings((), Venue)))
def test_a_value_beyond_its_bounds_is_refused(path: Path, value: str) -> None:
    file: Any = tomllib.loads(TEXT)
    table = file
    for each in path[:-1]:
        table = table[each]
    table[path[-1]] = value
    with pytest.raises(ConfigurationError) as refused:
        parse("\n".join(f"{key} = {toml(each)}" for key, each in file.items()), "venue.toml")
    assert str(refused.value).startswith(f"venue.toml, {said(path)}: ")
