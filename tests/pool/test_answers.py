"""What follows when execution answers an order late, twice, too much or wrongly, or not at all.

A fill is a fact: both sides have traded, so it is booked whatever it says of itself. What an answer can get wrong is only
whether it counts as the answer. docs/how-to/write-an-executor.md tells the same as a table.
"""

from __future__ import annotations

import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.rules.offer import bid as codes
from flows.verify.opinion.holdings import VAULT
from tests.pool.scenes import PLENTY, PRICE, Events, Scene, names, of_type
from tests.worlds import pool

USD = 1_000_000
LOTS = 1_000
BTC, ETH = 0, 1


class Case(Scene):
    """alice is to be liquidated in part: one order is out. rich trades with her, bob and carol stand by."""

    def __init__(self) -> None:
        super().__init__(pool(window_ns=0, window_least_ns=0))
        self.alice, self.rich = self.open(1_000 * USD), self.open(PLENTY)
        self.bob, self.carol = self.open(100_000 * USD), self.open(100_000 * USD)
        self.trade(BTC, self.alice, self.rich, LOTS, PRICE)
        self.trade(BTC, self.bob, self.carol, LOTS, PRICE)
        [self.order] = of_type(self.mark(BTC, 596_000), ev.LIQUIDATION_ORDER)
        self.id = (self.order[ev.OFFSET], self.order[ev.INDEX])
        self.size, self.limit = -self.order[ev.LOTS], self.order[ev.PRICE_TICKS]

    def answer(self, lots: int, ticks: int = 596_000, market: int = BTC) -> Events:
        """rich buys from alice, and says that it answers the order."""
        return self.trade(market, self.rich, self.alice, lots, ticks, self.id)

    @property
    def open_lots(self) -> int:
        """What of the order is unanswered."""
        order = self.account(self.alice).order
        return -order.lots if order is not None and (order.offset, order.index) == self.id else 0


def is_an_answer(events: Events) -> bool:
    return bool(of_type(events, ev.LIQUIDATION_FILL))


def fees(events: Events, row: int) -> int:
    """What a trade cost an account beside its price."""
    return sum(event[ev.FEE_QUANTA] for event in of_type(events, ev.POSITION) if event[ev.ACCOUNT] == row)


# ---- liquidation orders ----------------------------------------------------------------------------------------------------
def test_an_answer_in_parts_is_taken_part_by_part() -> None:
    case = Case()
    first, second = case.answer(case.size - 1), case.answer(1, case.limit)
    assert [is_an_answer(each) for each in (first, second)] == [True, True]
    assert case.open_lots == 0
    assert case.account(case.alice).lots(BTC) == LOTS - case.size


def test_an_order_that_nobody_answers_lapses_after_five_seconds_and_the_next_one_follows() -> None:
    case = Case()
    assert of_type(case.live(4), ev.LIQUIDATION_LAPSED) == []
    events = case.wait(1)
    [lapsed] = of_type(events, ev.LIQUIDATION_LAPSED)
    assert (lapsed[ev.REFERENCE_OFFSET], lapsed[ev.REFERENCE_INDEX]) == case.id
    assert lapsed[ev.LOTS] == -case.size
    assert len(of_type(events, ev.LIQUIDATION_ORDER)) == 1


def test_the_rest_of_an_order_lapses() -> None:
    case = Case()
    case.answer(case.size - 2)
    [lapsed] = of_type(case.live(5), ev.LIQUIDATION_LAPSED)
    assert lapsed[ev.LOTS] == -2


def test_more_than_was_ordered_is_sold_with_its_penalty_and_ends_the_order() -> None:
    case = Case()
    events = case.answer(case.size + 5)
    [filled] = of_type(events, ev.LIQUIDATION_FILL)
    assert filled[ev.LOTS] == -case.size - 5
    assert filled[ev.FEE_QUANTA] == fees(events, case.alice) >= 0
    assert case.account(case.alice).lots(BTC) == LOTS - case.size - 5
    assert case.open_lots == 0
    lapsed = of_type(case.live(6), ev.LIQUIDATION_LAPSED)
    assert case.id not in [(event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX]) for event in lapsed]


def test_a_fill_beyond_the_position_turns_it_round_and_pays_no_penalty() -> None:
    case = Case()
    [filled] = of_type(case.answer(LOTS + 7), ev.LIQUIDATION_FILL)
    assert filled[ev.FEE_QUANTA] == 0
    assert case.account(case.alice).lots(BTC) == -7


def test_a_price_beyond_the_limit_is_booked_and_leaves_no_penalty() -> None:
    case = Case()
    fair = of_type(Case().answer(case.size), ev.LIQUIDATION_FILL)[0][ev.FEE_QUANTA]
    [filled] = of_type(case.answer(case.size, case.limit - 3_000), ev.LIQUIDATION_FILL)
    assert filled[ev.PRICE_TICKS] == case.limit - 3_000
    assert filled[ev.FEE_QUANTA] == 0 < fair


def test_a_second_answer_is_an_ordinary_trade() -> None:
    case = Case()
    case.answer(case.size)
    again = case.answer(case.size)
    assert not is_an_answer(again)
    assert case.account(case.alice).lots(BTC) == LOTS - 2 * case.size
    assert fees(again, case.rich) == case.size * 596_000 * 100 * 450 // 1_000_000  # the taker's fee


def test_a_late_answer_is_an_ordinary_trade_and_leaves_the_next_order_as_it_is() -> None:
    case = Case()
    [following] = of_type(case.live(5), ev.LIQUIDATION_ORDER)
    late = case.answer(case.size)
    assert not is_an_answer(late)
    order = case.account(case.alice).order
    assert order is not None
    assert (order.offset, order.index, order.lots) == (
        following[ev.OFFSET],
        following[ev.INDEX],
        following[ev.LOTS],
    )


@pytest.mark.parametrize("why", ["wrong market", "wrong side", "strangers", "no such order"])
def test_a_fill_that_does_not_fit_the_order_it_names_is_an_ordinary_trade(why: str) -> None:
    case = Case()
    if why == "wrong market":
        events = case.answer(case.size, PRICE, ETH)
        assert case.account(case.alice).lots(ETH) == -case.size
    elif why == "wrong side":
        events = case.trade(BTC, case.alice, case.rich, case.size, 596_000, case.id)
    elif why == "strangers":
        events = case.trade(BTC, case.bob, case.carol, case.size, 596_000, case.id)
    else:
        case.id, real = (case.id[0], case.id[1] + 1), case.id
        events = case.trade(BTC, case.rich, case.alice, 1, 596_000, case.id)
        case.id = real
    assert not is_an_answer(events)
    assert case.open_lots == case.size, "the order still stands"
    changed = {event[ev.MARKET] for event in of_type(events, ev.POSITION)}
    assert changed == {ETH if why == "wrong market" else BTC}


# ---- the vault's orders ----------------------------------------------------------------------------------------------------
def vault_case() -> tuple[Scene, int, list[int]]:
    """A vault that unwinds: who trades with it, and its order."""
    of = {"vault_opening_quanta": 5_000 * USD, "vault_leverage_ppm": 20_000_000}
    scene = Scene(pool(**of, vault_market_share_ppm=1_000_000, fund_opening_quanta=0, fund_floor_quanta=0))
    alice, rich = scene.open(1_000 * USD), scene.open(PLENTY)
    scene.trade(BTC, alice, rich, LOTS, PRICE)
    scene.mark(BTC, 593_000)
    [order] = of_type(scene.wait(1), ev.VAULT_ORDER)
    return scene, rich, order


@pytest.mark.parametrize(("lots", "left"), [(1, 1), (0, 0), (-3, 0)])
def test_a_vault_order_takes_its_answer_and_no_more(lots: int, left: int) -> None:
    scene, rich, order = vault_case()
    id_, size = (order[ev.OFFSET], order[ev.INDEX]), -order[ev.LOTS]
    scene.trade(BTC, rich, VAULT, size - lots, 593_000, id_)
    assert scene.account(VAULT).lots(BTC) == LOTS - size + lots
    held = scene.plain.state.vault_orders.get(BTC)
    assert (-held.lots if held else 0) == left
    scene.trade(BTC, rich, VAULT, size, 593_000, id_)  # and again: a trade like any other
    assert scene.account(VAULT).lots(BTC) == LOTS - 2 * size + lots


def test_a_fill_in_another_market_does_not_answer_the_vault() -> None:
    scene, rich, order = vault_case()
    scene.trade(ETH, rich, VAULT, 5, PRICE, (order[ev.OFFSET], order[ev.INDEX]))
    assert scene.plain.state.vault_orders[BTC].lots == order[ev.LOTS]


# ---- bids ------------------------------------------------------------------------------------------------------------------
class Offer(Scene):
    """alice is on offer while her market is paused; carol and dave may bid."""

    def __init__(self) -> None:
        super().__init__(pool(vault_opening_quanta=0))
        self.alice, self.rich = self.open(2_100 * USD), self.open(PLENTY)
        self.carol, self.dave = self.open(100_000 * USD), self.open(100_000 * USD)
        self.trade(BTC, self.alice, self.rich, LOTS, PRICE)
        paused = 2  # R-P3: taker liquidations rest, offers go on
        [self.offer] = of_type(self.mark(BTC, 583_000, breakers=paused), ev.OFFER_OPENED)
        self.size = -self.offer[ev.LOTS]

    def bid(self, account: int, lots: int, *, least: int = 0, limit: int = 583_000, named: int = 0) -> Events:
        said = {"offer_offset": self.offer[ev.OFFSET], "offer_index": self.offer[ev.INDEX]}
        terms = {"minimum_bonus_ppm": least, "limit_ticks": limit, "named": named}
        return self.add(en.BID, **said, account=account, lots=lots, **terms)


def code(events: Events) -> int:
    [decision] = of_type(events, ev.BID_DECISION)
    return int(decision[ev.CODE])


def test_a_bid_is_answered_once_and_changes_hands_once() -> None:
    offer = Offer()
    taken = offer.bid(offer.carol, offer.size, named=BTC + 1)
    assert code(taken) == codes.VALID
    assert names(of_type(taken, ev.OFFER_WITHDRAWN)) == ["offer-withdrawn"]
    again = offer.bid(offer.carol, offer.size)
    assert code(again) == codes.UNKNOWN_OFFER
    assert names(again) == ["bid-decision"]
    assert offer.account(offer.carol).lots(BTC) == offer.size


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"more": 1}, codes.OVERSIZED),
        ({"limit": 582_999}, codes.PRICE_MOVED),
        ({"least": 1_000_000}, codes.BONUS_BELOW_MIN),
        ({"who": "alice"}, codes.SELF_DEALING),
        ({"after": 61}, codes.UNKNOWN_OFFER),
        ({"named": BTC + 2}, codes.UNKNOWN_OFFER),
    ],
)
def test_a_wrong_bid_is_refused_and_changes_nothing(changes: dict, expected: int) -> None:
    offer = Offer()
    if "after" in changes:
        offer.live(changes["after"])
    account = offer.alice if changes.get("who") == "alice" else offer.carol
    terms = {name: changes[name] for name in ("limit", "least", "named") if name in changes}
    events = offer.bid(account, offer.size + changes.get("more", 0), **terms)
    assert code(events) == expected
    assert of_type(events, ev.POSITION) == of_type(events, ev.OFFER_FILL) == []


def test_an_offer_that_nobody_bids_for_expires_and_is_made_again() -> None:
    offer = Offer()
    events = offer.live(61)
    assert [event[ev.CODE] for event in of_type(events, ev.OFFER_WITHDRAWN)] == [1]
    assert len(of_type(events, ev.OFFER_OPENED)) == 1
