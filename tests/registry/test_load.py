"""Each fault of a venue's file is one readable line; what stands at a bound is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from flows.registry.errors import ConfigurationError
from flows.registry.load import load, parse
from tests.registry.world import TEXT, changed, fault, small

VENUES = sorted((Path(__file__).parents[2] / "venues").glob("*.toml"))


def faults() -> Iterator[ParameterSet]:
    """Each block of faults.txt: lines taken out (-), lines put in (+), what the registry says (=)."""
    for block in (Path(__file__).parent / "faults.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        old, new, said = ("\n".join(line[2:] for line in lines if line[0] == mark) for mark in "-+=")
        if lines:
            yield pytest.param(old, new, said, id=f"{new or 'without ' + old}: {said[:40]}")


@pytest.mark.parametrize(("old", "new", "line"), list(faults()))
def test_a_fault_is_one_line_that_says_where_what_and_what_is_allowed(old: str, new: str, line: str) -> None:
    assert fault(old, new) == f"venue.toml, {line}"


TAKEN = [
    (
        'max_position = "100000"\nmax_open_interest = "500000"',
        'max_position = "4311686.018"\nmax_open_interest = "4311686.018"',
    ),
    ('max_holding = "100000"', 'max_holding = "3911686.01842738"'),
    ('max_position = "100000"', 'max_position = "500000"'),
    ('rate = "1 %", initial = "2 %"', 'rate = "0.5 %", initial = "1 %"'),
    ('rate = "0.5 %", initial = "1 %"', 'rate = "0.5 %", initial = "0.59 %"'),
    ('rate = "2.5 %", initial = "5 %"', 'rate = "79.9999 %", initial = "100 %"'),
    ('limit = "12000000"', 'limit = "3000000.000001"'),
    ('rebate = "50 ppm"', 'rebate = "450 ppm"'),
    ('cap_share = "75 %"', 'cap_share = "100 %"'),
    ('target = "110 %"', 'target = "125 %"'),
    ('target = "110 %"', 'target = "100.0001 %"'),
    ('clear = "135 %"', 'clear = "200 %"'),
    ('hard = "80 %"', 'hard = "99.9999 %"'),
    ('first_part = "10 %"', 'first_part = "100 %"'),
    ('first_part = "10 %"', 'first_part = "0 %"'),
    ('pacing = "5 s"', 'pacing = "1000 ms"'),
    ('least = "30 s"', 'least = "300 s"'),
    ('floor = "250000"', 'floor = "1000000"'),
    ('soft = "10 %"', 'soft = "20 %"'),
    ('maintenance = "80 %", initial = "75 %"', 'maintenance = "90 %", initial = "90 %"'),
    ('twap_gap = "30 s"', 'twap_gap = "5 min"'),
    ('lot = "0.001"', 'lot = "0.00001"'),
]


@pytest.mark.parametrize(("old", "new"), TAKEN, ids=[new for _, new in TAKEN])
def test_what_stands_at_a_bound_is_taken(old: str, new: str) -> None:
    small(old, new)


def test_the_whole_pool_is_bound_and_not_each_market_alone() -> None:
    """Open interest that fits alone does not fit beside the collateral."""
    change = (
        'max_position = "100000"\nmax_open_interest = "500000"',
        'max_position = "1"\nmax_open_interest = "{}"',
    )
    small(change[0], change[1].format("4311686.018"))
    assert "its markets and collateral can come to" in fault(change[0], change[1].format("4311686.019"))


def test_a_ninth_source_is_refused() -> None:
    names = [f"s{row}" for row in range(9)]
    producers = "".join(f'{name} = ["oracle-prices"]\n' for name in names)
    for count in (8, 9):
        sources = ", ".join(
            f'{{ source = "{name}", weight = 1, heartbeat = "1 s" }}' for name in names[:count]
        )
        start, end = TEXT.index("sources = ["), TEXT.index("[assets.USDT]")
        text = f"{TEXT[:start]}sources = [{sources}]\n\n{TEXT[end:]}".replace(
            "[producers]\n", f"[producers]\n{producers}"
        )
        if count == 8:
            assert parse(text, "venue.toml").pools[0].markets[0].sources == tuple(names[:8])
        else:
            with pytest.raises(ConfigurationError, match=r"panels\.all\.sources: .* at most 8 items"):
                parse(text, "venue.toml")


def test_figures_become_integers() -> None:
    venue = small()
    pool = venue.pool("majors")
    market = pool.markets[0]
    assert (market.lot_scale, market.tick_scale, market.lot_tick_quanta) == (1000, 10, 100)
    assert (market.max_price_ticks, market.max_position_lots) == (10_000_000, 100_000_000)
    assert market.tier_floor_quanta == (0, 300_000_000_000, 3_000_000_000_000)
    assert market.tier_maintenance_ppm == (5_000, 10_000, 25_000)
    assert market.tier_maintenance_amount_quanta == (0, 1_500_000_000, 46_500_000_000)
    assert market.tier_initial_amount_quanta == (0, 3_000_000_000, 93_000_000_000)
    assert market.funding_cap_ppb == 3_750_000  # 75 % of the first tier's 0.5 %, the least gap
    assert market.heartbeat_ns == (10**9, 2 * 10**9, 5 * 10**8)
    assert (pool.assets[0].id, pool.assets[0].unit_scale, pool.assets[0].max_price_quanta) == (
        "USDT",
        10**6,
        10**6,
    )
    assert (pool.assets[1].unit_scale, pool.assets[1].max_units) == (10**8, 10**13)
    assert pool.assets[1].maintenance_floor_quanta == (0, 800_000_000_000)
    assert (pool.backstop_ppm, pool.window_ns, pool.debt_rate_optimal_ppb) == (666_667, 300 * 10**9, 11_416)
    assert (pool.vault_leverage_ppm, pool.fund_floor_quanta, pool.loss_scope) == (
        5_000_000,
        250_000 * 10**6,
        0,
    )
    assert (venue.version, pool.version, venue.quanta_scale, venue.settlement) == (3, 3, 10**6, "USDT")
    assert venue.market_stage("majors").clamp_ppm == (0,)
    assert venue.market_stage("alts").clamp_ppm == (100_000, 100_000)
    assert venue.market_stage("alts").interest_ppb == 100_000


def test_the_least_gap_bounds_funding_wherever_it_is() -> None:
    """R-N3: a gap that narrows in the last tier is seen at its upper end, the position limit."""
    venue = small('rate = "2.5 %", initial = "5 %"', 'rate = "4.9 %", initial = "5 %"')
    assert venue.pools[0].markets[0].funding_cap_ppb == 3_125 * 750  # 507,000 - 469,500 of 12,000,000


def test_a_venue_knows_its_pools_and_producers() -> None:
    venue = small()
    home = venue.pool_of("MINI-PERP")
    assert home is not None
    assert (home.id, home.market_row("MINI-PERP"), venue.pool_of("XRP-PERP")) == ("alts", 1, None)
    mini = venue.market("MINI-PERP")
    assert mini is not None
    assert (mini.lot_scale, venue.market("XRP-PERP")) == (2, None)
    sends = dict(zip(venue.producers, venue.producer_topics, strict=True))
    assert ("depth" in sends["one"], "depth" in sends["two"]) == (True, False)
    with pytest.raises(KeyError):
        venue.pool("none")
    with pytest.raises(KeyError):
        venue.market_stage("none")
    assert venue.pools[0].producers == venue.producers == ("one", "two", "three", "wallet")


def test_coarse_funding_is_worth_a_warning() -> None:
    """R-N4: even at max_price, 1 bp of a lot is under 100 quanta."""
    change = ('max_price = "100"', 'max_price = "0.9999"')
    assert small().warnings == ()
    assert small('max_price = "100"', 'max_price = "1"').warnings == ()
    assert [line[:21] for line in small(*change).warnings] == ["markets.ADA-PERP.lot:"]


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    def line(path: Path) -> str:
        with pytest.raises(ConfigurationError) as error:
            load(path)
        return str(error.value)

    missing, binary, broken = tmp_path / "missing.toml", tmp_path / "binary.toml", tmp_path / "broken.toml"
    binary.write_bytes(b"\xff\xfe")
    broken.write_text("name = \n")
    assert line(missing) == f"{missing}: cannot be read: No such file or directory."
    assert line(tmp_path) == f"{tmp_path}: cannot be read: Is a directory."
    assert line(binary) == f"{binary}: is not UTF-8 text."
    assert line(broken).startswith("broken.toml: is not TOML: ")
    assert "\n" not in line(broken)
    (tmp_path / "empty.toml").write_text("")
    assert line(tmp_path / "empty.toml") == (
        "empty.toml, name: missing; every setting is written out, none has a default."
    )


@pytest.mark.parametrize("path", VENUES, ids=lambda path: path.stem)
def test_the_venues_that_ship_are_taken_without_a_warning(path: Path) -> None:
    venue = load(path)
    assert venue.name == path.stem
    assert venue.warnings == ()
    assert [pool.id for pool in venue.pools] == ["majors", "alts"]


def test_the_order_of_the_file_is_the_order_of_the_rows() -> None:
    turned = parse(
        changed('markets = ["ADA-PERP", "MINI-PERP"]', 'markets = ["MINI-PERP", "ADA-PERP"]'), "venue.toml"
    )
    assert [market.id for market in turned.pools[1].markets] == ["MINI-PERP", "ADA-PERP"]


def test_a_market_without_a_gap_between_its_margins_cannot_be_funded() -> None:
    text = changed('rate = "2 %", initial = "5 %"', 'rate = "2 %", initial = "2 %"').replace("0.045 %", "0 %")
    with pytest.raises(
        ConfigurationError, match=r"ADA-PERP\.tiers: initial and maintenance margin meet: .*R-N3"
    ):
        parse(text.replace("50 ppm", "0 ppm"), "venue.toml")


def test_prices_fit_in_billionths_too() -> None:
    """The wire's nine decimals bound prices where a short TWAP window no longer does."""
    text = changed(
        'max_position = "100000"\nmax_open_interest = "500000"', 'max_position = "1"\nmax_open_interest = "1"'
    )
    text = text.replace('twap_window = "5 min"\ntwap_gap = "30 s"', 'twap_window = "1 ms"\ntwap_gap = "1 ms"')
    most = 4_611_686_018  # 2^62 over 10^9
    parse(
        text.replace('max_price = "1000000"\nmax_position', f'max_price = "{most}"\nmax_position'),
        "venue.toml",
    )
    with pytest.raises(
        ConfigurationError, match=f"{most + 1} in billionths leaves 2.62 .R-A2.; at most {most}"
    ):
        parse(
            text.replace('max_price = "1000000"\nmax_position', f'max_price = "{most + 1}"\nmax_position'),
            "venue.toml",
        )
