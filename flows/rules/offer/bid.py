"""A liquidator's bid: taken, or the first reason why not."""

from flows.rules.exact import rule

# Codes on the wire, in the order in which they are tested: never renumbered.
VALID = 0
UNKNOWN_OFFER = 1
NOT_OPEN = 2
EXPIRED = 3
WRONG_SIDE = 4
ZERO_LOTS = 5
OVERSIZED = 6
BELOW_MIN_SLICE = 7
SELF_DEALING = 8
BONUS_BELOW_MIN = 9
PRICE_MOVED = 10
LIQUIDATOR_IN_CALL = 11
UNDERFUNDED = 12
HEALTH_GUARD = 13
HALTED = 14


@rule
def judge_offer(
    is_known: bool, is_open: bool, time_ns: int, expires_ns: int, bid_side: int, offer_side: int
) -> int:
    """Whether the offer a bid names can be bid for: rule R-I3, version 1.

    Formula   the first that fails of: known, open, time <= expires, sides opposite; VALID if none does.
    Units     ns of event time; sides are 1 to buy, -1 to sell, the offer's being what the account does.
    Rounding  none; a bid at the very moment of expiry is in time.
    Errors    none: the code is the answer.
    Source    derived here.
    """
    if not is_known:
        return UNKNOWN_OFFER
    if not is_open:
        return NOT_OPEN
    if time_ns > expires_ns:
        return EXPIRED
    if bid_side != -offer_side:
        return WRONG_SIDE
    return VALID


@rule
def judge_size(bid_lots: int, left_lots: int, least_lots: int) -> int:
    """Whether a bid's size can be filled: rule R-I3, version 1.

    Formula   the first that fails of: lots > 0, lots <= what is left, lots >= the least slice or all that is
              left.
    Units     lots, unsigned.
    Rounding  none.
    Errors    none: the code is the answer. An oversized bid is refused, not cut: its owner did not ask for
              less.
    Source    derived here.
    """
    if bid_lots <= 0:
        return ZERO_LOTS
    if bid_lots > left_lots:
        return OVERSIZED
    if bid_lots < min(least_lots, left_lots):
        return BELOW_MIN_SLICE
    return VALID


@rule
def judge_bidder(
    same_owner: bool,
    bonus_ppm: int,
    bonus_least_ppm: int,
    bid_side: int,
    mark_ticks: int,
    limit_ticks: int,
    in_call: bool,
    is_funded: bool,
    keeps_health: bool,
    offers_allowed: bool,
) -> int:
    """Whether a bidder may and still wants to take over: rule R-I3, version 1.

    Formula   the first that fails of: another owner, bonus >= the bidder's least, mark within the bidder's
              limit, bidder not in call, R-F1 on the bidder after the transfer, R-H2 on the account, R-P4 lets
              offers through.
    Units     bonus in ppm, mark and limit in ticks (a buyer's is the highest mark, a seller's the lowest).
    Rounding  none.
    Errors    none: the code is the answer.
    Source    derived here.
    """
    if same_owner:
        return SELF_DEALING
    if bonus_ppm < bonus_least_ppm:
        return BONUS_BELOW_MIN
    if bid_side * mark_ticks > bid_side * limit_ticks:
        return PRICE_MOVED
    if in_call:
        return LIQUIDATOR_IN_CALL
    if not is_funded:
        return UNDERFUNDED
    if not keeps_health:
        return HEALTH_GUARD
    if not offers_allowed:
        return HALTED
    return VALID


@rule
def first_reason(offer_code: int, size_code: int, bidder_code: int) -> int:
    """The answer to a bid: rule R-I3, version 1.

    Formula   the offer's code, else the size's, else the bidder's; VALID if all three are.
    Units     codes of judge_offer, judge_size, judge_bidder.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    if offer_code != VALID:
        return offer_code
    return size_code if size_code != VALID else bidder_code
