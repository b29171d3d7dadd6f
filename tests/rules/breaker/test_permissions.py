import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.breaker import permissions as p
from flows.rules.breaker.permissions import EVERYTHING, is_within, permissions
from tests.tables import table

compiled = njit(permissions)

STATES = {
    "none": 0,
    "limit": p.STATE_LIMIT,
    "pause": p.STATE_PAUSE,
    "degraded": p.STATE_DEGRADED,
    "halted": p.STATE_HALTED,
    "oi_jump": p.STATE_OI_JUMP,
    "venue": p.STATE_VENUE_WIDE,
    "divergence": p.STATE_DIVERGENCE,
    "manual": p.STATE_MANUAL,
}
COLUMNS = {
    "new": (p.NEW_RISK, {"band": p.NEW_RISK_BEYOND_BAND, "half": p.NEW_RISK_FULL_LIMITS}),
    "reduce": (p.REDUCE, {"near": p.REDUCE_ANY_PRICE}),
    "soft": (p.SOFT_ORDERS, {"band": p.ORDERS_BEYOND_BAND, "side": p.ANY_SIDE_OF_INTERVAL}),
    "hard": (p.HARD_ORDERS, {}),
    "offers": (p.OFFERS, {}),
    "vault": (p.VAULT, {}),
    "adl": (p.ADL_BANKRUPT, {"bankrupt": p.ADL_SOLVENT}),
    "withdraw": (p.WITHDRAW, {"wide": p.WITHDRAW_NORMAL_INTERVAL}),
    "funding": (p.FUNDING, {}),
    "marks": (p.FRESH_MARKS, {}),
    "accounting": (p.ACCOUNTING, {}),
}


@pytest.mark.parametrize(
    ("new", "reduce", "soft", "hard", "offers", "vault", "adl", "withdraw", "funding", "marks", "state"),
    table("""
    on     on     on     on    on    on    on         on     on    on    none
    band   on     band   on    on    on    on         on     on    on    limit
    off    on     off    off   on    on    bankrupt   on     on    on    pause
    half   on     side   off   on    on    on         wide   on    on    degraded
    half   on     side   off   on    on    on         wide   on    on    divergence
    off    near   off    off   off   off   off        off    off   off   halted
    off    on     on     on    on    on    on         on     on    on    oi_jump
    off    on     off    off   off   on    off        off    on    on    venue
    off    on     off    off   on    on    bankrupt   on     on    on    manual
    """),
)
def test_permissions(
    new: str, reduce: str, soft: str, hard: str, offers: str, vault: str, adl: str, withdraw: str,
    funding: str, marks: str, state: str,
) -> None:  # fmt: skip
    allowed = permissions(STATES[state])
    cells = {
        "new": new, "reduce": reduce, "soft": soft, "hard": hard, "offers": offers, "vault": vault,
        "adl": adl, "withdraw": withdraw, "funding": funding, "marks": marks, "accounting": "on",
    }  # fmt: skip
    for column, cell in cells.items():
        whole, limits = COLUMNS[column]
        assert bool(allowed & whole) is (cell != "off"), column
        # An allowed column is unlimited in every way but the one its cell names.
        for name, unlimited in limits.items():
            if cell != "off":
                assert bool(allowed & unlimited) is (cell != name), (column, name)


def test_a_missing_state_takes_nothing_and_every_bit_is_named_once() -> None:
    bits = [bit for whole, limits in COLUMNS.values() for bit in (whole, *limits.values())]
    assert sum(bits) == EVERYTHING == permissions(0)
    assert len(bits) == 18 == EVERYTHING.bit_count()
    assert sorted(STATES.values()) == [0, 1, 2, 4, 8, 16, 32, 64, 128]
    assert permissions(256) == EVERYTHING


def test_no_state_stops_accounting_or_reductions() -> None:
    assert permissions(255) & p.ACCOUNTING
    assert permissions(255) & p.REDUCE


@pytest.mark.parametrize(
    ("price", "within", "why"),
    table("""
    1_100   yes   ten_percent_above
    1_101   no    just_beyond
      900   yes   ten_percent_below
      899   no    just_beyond_below
"""),
)
def test_is_within(price: str, within: str, why: str) -> None:
    assert is_within(int(price), 1_000, p.HALTED_WIDTH_PPM) is (within == "yes")
    assert p.HALTED_WIDTH_PPM == 100_000


@given(st.integers(0, 255), st.integers(0, 255))
def test_two_states_allow_what_both_allow(first: int, second: int) -> None:
    assert permissions(first | second) == permissions(first) & permissions(second)
    assert compiled(first | second) == permissions(first | second)
