"""The whole vocabulary: every sentence that a scenario can say, chapter by chapter."""

from __future__ import annotations

from typing import Final

from flows.scenario.steps import accounts, execution, funds, happenings, holdings, people, prices, venue

CHAPTERS: Final = (
    venue.CHAPTER,
    accounts.CHAPTER,
    prices.CHAPTER,
    execution.CHAPTER,
    people.CHAPTER,
    holdings.CHAPTER,
    happenings.CHAPTER,
    funds.CHAPTER,
)
