"""A margin call: what cures it, and until when."""

from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value
from flows.rules.exact import PPB, Ints, div_ceil, mul_div_floor, mul_ppm_ceil, rule

SECOND_NS = 1_000_000_000
DAY_S = 86_400


@rule
def cure_quanta(equity_quanta: int, margin_quanta: int, clear_ppm: int) -> int:
    """The deposit of the settlement asset that clears a call: rule R-G2, version 1.

    Formula   max(0, clear x maintenance margin - equity).
    Units     quanta; clear in parts per million of the margin.
    Rounding  up: with it the call is cleared, with one quantum less it is not.
    Errors    none.
    Source    derived here; no large perpetual venue states a cure amount.
    """
    return max(0, mul_ppm_ceil(margin_quanta, clear_ppm) - equity_quanta)


@rule
def cure_units(
    missing_quanta: int,
    held_units: int,
    added_units_max: int,
    low_quanta: int,
    scale_units: int,
    tier_floor_quanta: Ints,
    tier_weight_ppm: Ints,
) -> tuple[bool, int]:
    """The deposit of another asset that clears a call: rule R-G2, version 1.

    Formula   the smallest n <= max with credit(held + n) - credit(held) >= missing; credit by R-C1 and R-C2.
    Units     the asset's smallest units; missing, low and tiers in quanta as in R-C1 and R-C2.
    Rounding  as R-C1 and R-C2, which judge every n.
    Errors    (False, max) where not even the most that may be deposited is enough: the last tier may count
              nothing.
    Source    derived here.
    """
    held_quanta = asset_value(held_units, low_quanta, scale_units)
    needed_quanta = tiered_credit(held_quanta, tier_floor_quanta, tier_weight_ppm) + missing_quanta
    full_quanta = asset_value(held_units + added_units_max, low_quanta, scale_units)
    if tiered_credit(full_quanta, tier_floor_quanta, tier_weight_ppm) < needed_quanta:
        return False, added_units_max
    short, enough = -1, added_units_max
    while enough - short > 1:
        middle = short + (enough - short) // 2
        value_quanta = asset_value(held_units + middle, low_quanta, scale_units)
        if tiered_credit(value_quanta, tier_floor_quanta, tier_weight_ppm) >= needed_quanta:
            enough = middle
        else:
            short = middle
    return True, enough


@rule
def one_sigma_ns(slack_quanta: int, day_move_quanta: int) -> int:
    """How long a move of one sigma takes to eat a slack: rule R-G2, version 1.

    Formula   day x (slack / day's move)^2, at most a day: a random walk spreads with the root of time.
    Units     ns; the day's move is the sum of |notional| x daily sigma over the account's positions, in
              quanta.
    Rounding  down, the quotient (to 1e-9) and the time: a shorter window is the careful one.
    Errors    none; no slack takes no time, and nothing moves an account without a day's move.
    Source    derived here.
    """
    if slack_quanta <= 0:
        return 0
    if slack_quanta >= day_move_quanta:
        return DAY_S * SECOND_NS
    share_ppb = mul_div_floor(slack_quanta, PPB, day_move_quanta)
    return mul_div_floor(share_ppb * share_ppb, DAY_S, PPB)


@rule
def deadline_ns(
    call_time_ns: int,
    equity_quanta: int,
    margin_quanta: int,
    hard_ppm: int,
    day_move_quanta: int,
    window_ns: int,
    window_least_ns: int,
) -> int:
    """Until when a call may be cured before anything is forced: rule R-G2, version 1.

    Formula   call time + min(window, max(least, one_sigma_ns of equity above hard)), up to a whole second.
    Units     ns of event time; hard in parts per million of maintenance margin.
    Rounding  up to the second, so that a clock entry stands at it; the time of one sigma down.
    Errors    none; a window of 0 is over at the next whole second.
    Source    this rulebook's; the window is the soft liquidation, the hard level bounds what it can cost.
    """
    slack_quanta = equity_quanta - mul_ppm_ceil(margin_quanta, hard_ppm)
    length_ns = min(window_ns, max(window_least_ns, one_sigma_ns(slack_quanta, day_move_quanta)))
    return div_ceil(call_time_ns + length_ns, SECOND_NS) * SECOND_NS


@rule
def is_in_time(time_ns: int, deadline_ns: int) -> bool:
    """Whether an entry that precedes the deadline's clock is in time: rules R-G2 and R-A6, version 1.

    Formula   time <= deadline: the deadline itself is in time.
    Units     ns of event time.
    Rounding  none.
    Errors    none. Once the clock of the deadline has been seen the window is over whatever an entry's time
              says.
    Source    derived here.
    """
    return time_ns <= deadline_ns
