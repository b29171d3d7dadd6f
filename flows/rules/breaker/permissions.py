"""What each state pauses, as bits; several states hold together by a logical AND."""

from flows.rules.exact import mul_ppm_floor, rule

STATE_LIMIT = 1 << 0
STATE_PAUSE = 1 << 1
STATE_DEGRADED = 1 << 2
STATE_HALTED = 1 << 3
STATE_OI_JUMP = 1 << 4
STATE_VENUE_WIDE = 1 << 5
STATE_DIVERGENCE = 1 << 6
STATE_MANUAL = 1 << 7
"""States of a market, any of which may hold at once; 0 is an ordinary day. PAUSE stands for breakers 1 and 7."""

NEW_RISK = 1 << 0
NEW_RISK_BEYOND_BAND = 1 << 1
NEW_RISK_FULL_LIMITS = 1 << 2
REDUCE = 1 << 3
REDUCE_ANY_PRICE = 1 << 4
SOFT_ORDERS = 1 << 5
HARD_ORDERS = 1 << 6
ORDERS_BEYOND_BAND = 1 << 7
ANY_SIDE_OF_INTERVAL = 1 << 8
OFFERS = 1 << 9
VAULT = 1 << 10
ADL_BANKRUPT = 1 << 11
ADL_SOLVENT = 1 << 12
WITHDRAW = 1 << 13
WITHDRAW_NORMAL_INTERVAL = 1 << 14
FUNDING = 1 << 15
FRESH_MARKS = 1 << 16
ACCOUNTING = 1 << 17
"""What is allowed. Orders are a liquidation's market orders, soft or harder; a missing ``..._BEYOND_BAND`` keeps a
price within the band, ``NEW_RISK_FULL_LIMITS`` halves the limits, ``REDUCE_ANY_PRICE`` keeps reductions within 10 % of
the last valid index, ``ANY_SIDE_OF_INTERVAL`` keeps soft orders to the conservative side of a fresh interval,
``ADL_SOLVENT`` keeps deleveraging to E_lo < 0, ``WITHDRAW_NORMAL_INTERVAL`` values withdrawals at the widened
interval, ``FRESH_MARKS`` keeps the last marks. ACCOUNTING is margin, deposits, fills and cures: no state takes it."""

EVERYTHING = (1 << 18) - 1

_ORDERS = SOFT_ORDERS | HARD_ORDERS
_LADDER = OFFERS | VAULT | ADL_BANKRUPT | ADL_SOLVENT
_DOUBTFUL_PRICE = NEW_RISK_FULL_LIMITS | HARD_ORDERS | ANY_SIDE_OF_INTERVAL | WITHDRAW_NORMAL_INTERVAL

HALTED_WIDTH_PPM = 100_000
"""With a halted oracle a reduction must be this near the last valid index."""


@rule
def permissions(states: int) -> int:
    """What a market in these states allows: rule R-P4, version 1.

    Formula   everything, less what each state takes away.
    Units     bits: STATE_... in, permissions out.
    Rounding  none.
    Errors    none: a bit without a name takes nothing.
    Source    own table. Divergence (breaker 2) has no row of its own and counts as a degraded oracle, nor has a
              halt by command (breaker 10), which counts as a pause.
    """
    taken = 0
    if states & STATE_LIMIT:
        taken |= NEW_RISK_BEYOND_BAND | ORDERS_BEYOND_BAND
    if states & (STATE_PAUSE | STATE_MANUAL):
        taken |= NEW_RISK | _ORDERS | ADL_SOLVENT
    if states & (STATE_DEGRADED | STATE_DIVERGENCE):
        taken |= _DOUBTFUL_PRICE
    if states & STATE_HALTED:
        taken |= NEW_RISK | REDUCE_ANY_PRICE | _ORDERS | _LADDER | WITHDRAW | FUNDING | FRESH_MARKS
    if states & STATE_OI_JUMP:
        taken |= NEW_RISK
    if states & STATE_VENUE_WIDE:
        taken |= NEW_RISK | _ORDERS | OFFERS | ADL_BANKRUPT | ADL_SOLVENT | WITHDRAW
    return EVERYTHING & ~taken


@rule
def is_within(price: int, centre: int, width_ppm: int) -> bool:
    """Whether a price stays within a band around another: rule R-P4, version 1.

    Formula   |price - centre| <= width x centre: for reductions in a halted market 10 % around the last valid
              index, for new risk in a limit state the breaker's band around its reference.
    Units     both prices in one unit; parts per million.
    Rounding  none: an integer is at most a rational iff it is at most its floor (R-A5).
    Errors    none.
    Source    own rule: a reduction at an absurd price is a withdrawal to a friend.
    """
    return abs(price - centre) <= mul_ppm_floor(centre, width_ppm)
