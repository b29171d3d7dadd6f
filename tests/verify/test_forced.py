"""Calls and orders told apart: who was cured in time, which order was soft, partial or full."""

from __future__ import annotations

import pytest

from flows.journal import events as ev
from flows.rules.call.levels import PARTIAL, SOFT
from flows.verify.forced import FORCING, ForcedSteps
from tests.audit.story import story
from tests.tables import table
from tests.verify.by_hand import event, told


def of_calls(*kinds: str) -> ForcedSteps:
    """Steps of account 1, after each other."""
    steps = ForcedSteps()
    order = event(ev.LIQUIDATION_ORDER, 5, account=1, lots=-1, position_lots=9, code=SOFT)
    for kind in kinds:
        {
            "call": lambda: steps.called(event(ev.MARGIN_CALL, account=1)),
            "clear": lambda: steps.cleared(event(ev.CALL_CLEARED, account=1)),
            "order": lambda: steps.ordered(order),
            "offer": lambda: steps.step(event(ev.OFFER_OPENED, account=1)),
            "other": lambda: steps.step(event(ev.OFFER_OPENED, account=2)),
        }[kind]()
    return steps


@pytest.mark.parametrize(
    ("kinds", "cured", "forced", "still_open", "why"),
    table("""
    call,clear                    1  0  0  cured_by_its_holder
    call,order,clear              0  1  0  an_order_came_first
    call,offer,clear              0  1  0  so_did_an_offer
    call,other,clear              1  0  0  anothers_offer_is_not_ours
    call                          0  0  1  still_open
    clear                         0  0  0  never_announced
    order,call,clear              1  0  0  the_order_was_before_the_call
    call,offer,clear,call,clear   1  1  0  the_next_call_starts_afresh
    """),
)
def test_a_cure_is_a_call_cleared_before_a_forced_step(
    kinds: str, cured: str, forced: str, still_open: str, why: str
) -> None:
    steps = of_calls(*kinds.split(","))
    found = (steps.calls_cured, steps.calls_forced, len(steps.calls_open))
    assert found == (int(cured), int(forced), int(still_open))


@pytest.mark.parametrize(
    ("code", "lots", "held", "stage", "why"),
    table("""
    SOFT     -3   9  soft     inside_the_window
    SOFT     -9   9  soft     even_if_it_closes_all
    PARTIAL  -3   9  partial  a_part_of_a_long
    PARTIAL  -9   9  full     all_of_a_long
    PARTIAL   4  -9  partial  a_part_of_a_short
    PARTIAL   9  -9  full     all_of_a_short
    """),
)
def test_what_an_order_was(code: str, lots: str, held: str, stage: str, why: str) -> None:
    steps = ForcedSteps()
    level = {"SOFT": SOFT, "PARTIAL": PARTIAL}[code]
    steps.ordered(event(ev.LIQUIDATION_ORDER, 5, code=level, lots=int(lots), position_lots=int(held)))
    filled = event(
        ev.LIQUIDATION_FILL,
        6,
        lots=int(lots),
        quanta=-70,
        fee_quanta=2,
        reference_offset=5,
        reference_index=0,
    )
    assert steps.answered(filled) == stage
    forced = steps.stages[stage]
    assert (forced.orders, forced.fills, forced.quanta, forced.penalty_quanta) == (1, 1, 70, 2)
    assert sum(each.orders for each in steps.stages.values()) == 1


def test_an_order_is_remembered_until_nothing_is_left() -> None:
    steps = ForcedSteps()
    answer = {"reference_offset": 5, "reference_index": 0}
    steps.ordered(event(ev.LIQUIDATION_ORDER, 5, code=PARTIAL, lots=-9, position_lots=9))
    steps.answered(event(ev.LIQUIDATION_FILL, 6, lots=-4, quanta=-4, **answer))
    steps.answered(event(ev.LIQUIDATION_FILL, 7, lots=-4, quanta=-4, **answer))
    steps.lapse(event(ev.LIQUIDATION_LAPSED, 8, lots=-1, **answer))
    assert (steps.stages["full"].fills, steps.lapsed) == (2, 1)
    with pytest.raises(KeyError):
        steps.answered(event(ev.LIQUIDATION_FILL, 9, lots=-1, **answer))


def test_an_order_filled_to_its_last_lot_is_forgotten() -> None:
    steps = ForcedSteps()
    answer = {"reference_offset": 5, "reference_index": 0}
    steps.ordered(event(ev.LIQUIDATION_ORDER, 5, code=PARTIAL, lots=9, position_lots=-20))
    steps.answered(event(ev.LIQUIDATION_FILL, 6, lots=9, quanta=9, **answer))
    steps.lapse(event(ev.LIQUIDATION_LAPSED, 7, **answer))
    assert steps.lapsed == 0


def test_a_lapse_of_the_vaults_order_is_not_a_liquidations() -> None:
    steps = ForcedSteps()
    steps.lapse(event(ev.LIQUIDATION_LAPSED, 8, account=0, reference_offset=3, reference_index=1))
    assert steps.lapsed == 0


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_a_story_adds_up(seed: int) -> None:
    of, steps = story(seed), ForcedSteps()
    tell = {
        ev.MARGIN_CALL: steps.called,
        ev.CALL_CLEARED: steps.cleared,
        ev.LIQUIDATION_ORDER: steps.ordered,
        ev.LIQUIDATION_FILL: steps.answered,
        ev.LIQUIDATION_LAPSED: steps.lapse,
        **dict.fromkeys(FORCING, steps.step),
    }
    for row in of.events.tolist():
        if row[ev.TYPE] in tell:
            tell[row[ev.TYPE]](row)
    calls = sum(1 for _ in told(of, ev.MARGIN_CALL))
    assert calls == steps.calls_cured + steps.calls_forced + len(steps.calls_open)
    fills = list(told(of, ev.LIQUIDATION_FILL))
    assert sum(each.fills for each in steps.stages.values()) == len(fills)
    assert sum(each.quanta for each in steps.stages.values()) == sum(abs(each["quanta"]) for each in fills)
    assert sum(each.penalty_quanta for each in steps.stages.values()) == sum(
        each["quanta"] for each in told(of, ev.PENALTY)
    )
    own = [each for each in told(of, ev.LIQUIDATION_LAPSED) if each["account"] != 0]
    assert steps.lapsed == len(own)
