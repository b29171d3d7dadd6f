"""Mappers, one module a topic. Importing this fills the registry, in the order in which mappers are asked."""

from tests.venues.topics import (
    absent,
    accounts,
    breakers,
    collateral,
    curie,
    deleveraging,
    fees,
    fund,
    funding,
    liquidation_price,
    liquidations,
    margin_tables,
    oracle,
    sizes,
    triggers,
    twap,
)

MODULES = (
    *(margin_tables, accounts, collateral, triggers, liquidation_price, sizes, fees, liquidations, curie),
    *(fund, deleveraging, funding, oracle, twap, breakers, absent),
)
