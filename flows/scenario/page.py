"""The reference page of scenarios, written from the vocabulary itself."""

from __future__ import annotations

from collections.abc import Iterator

from flows.scenario.settings import CLAUSES
from flows.scenario.vocabulary import ACTION, KINDS, Chapter, Sentence
from flows.scenario.words import CHAPTERS

NOTE = "<!-- Written by `marginline scenario words --markdown`; edit the code instead. -->"

INTRODUCTION = """# Scenarios

A scenario is a page of Gherkin that runs against the real state machine: `marginline scenario run FILE`. Its journal
also goes through the pool in plain Python, which must give the same events; after every entry, conservation and
zero-sum are counted anew. A first step that does not hold ends the scenario, shows expected and found, and the command
ends with exit code 1. A file that cannot be run, such as one with a sentence that is not on this page, ends with code 4
and one line that names the file, the line, and the nearest sentences.

```gherkin
Feature: A liquidation closes as much as restores the account, and no more

  Scenario: the price falls through the margin line
    Given a pool settled in USDC, no soft window, slices of any size, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance | target health | penalty | to fund |
      | 0.001 | 0.1  | 5 %         | 1.25          | 1 %     | 50 %    |
    And alice has deposited 1,000 and bought 0.2 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 57,500
    Then alice is liquidated
      | market   | side | quantity | price  | penalty | why        |
      | BTC-PERP | sell | 0.073    | 57,500 | 41.975  | health < 1 |
    And no value is created or lost
```

Actions stand under Given and When, expectations under Then; `And` and `But` go on with what is above them. Background,
Scenario Outline, tags and comments are Gherkin's. In a sentence below, `[...]` may be left out, `(a|b)` is a choice,
and braces hold a word of a kind:"""


def text() -> str:
    """The page."""
    blocks = [NOTE, INTRODUCTION, kinds_table()]
    for chapter in CHAPTERS:
        blocks += chapter_blocks(chapter)
    return "\n\n".join(blocks) + "\n"


def kinds_table() -> str:
    """What the words in braces look like."""
    rows = [f"| `{kind}` | {example} |" for kind, (_, example) in KINDS.items()]
    return "\n".join(["| word | such as |", "|---|---|", *rows])


def chapter_blocks(chapter: Chapter) -> Iterator[str]:
    """A chapter: its sentences, then the columns of their tables."""
    yield f"## {chapter.title}"
    yield chapter.about
    kind = "happens" if chapter.sentences[0].kind == ACTION else "must be so"
    rows = [
        f"| {code(each.pattern)} | {cell(each.says)} | {code(each.example)} |" for each in chapter.sentences
    ]
    yield "\n".join([f"| what {kind} | | for example |", "|---|---|---|", *rows])
    for sentence in chapter.sentences:
        if sentence.columns:
            yield columns_table(sentence)
        if "settings" in sentence.regex.groupindex:
            yield clauses_table()


def columns_table(sentence: Sentence) -> str:
    """What a sentence's table may hold."""
    rows = [f"| {name} | {cell(meaning)} |" for name, meaning in sentence.columns.items()]
    return "\n".join([f"Columns of {code(sentence.pattern)}:", "", "| column | |", "|---|---|", *rows])


def clauses_table() -> str:
    """What can be said of a pool."""
    rows = [f"| {code(each.pattern)} | {cell(each.says)} | {code(each.example)} |" for each in CLAUSES]
    return "\n".join(["Settings of a pool:", "", "| setting | | for example |", "|---|---|---|", *rows])


def cell(sentence: str) -> str:
    """A text inside a table."""
    return sentence.replace("|", "\\|")


def code(sentence: str) -> str:
    """A sentence inside a table, as it is written in a file; bars are escaped as tables need it."""
    return f"`{cell(sentence)}`"
