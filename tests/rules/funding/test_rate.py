import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.funding.rate import (
    DAMPER_PPB,
    INTEREST_PPB,
    SAMPLES_AN_HOUR,
    eight_hour_rate_ppb,
    hourly_rate_ppb,
    mean_premium_ppb,
)
from tests.tables import table


@pytest.mark.parametrize(
    ("total", "invalid", "mean", "why"),
    table("""
     648_000_000     0    900_000   nine_hundred_ppm
             719     0          0   toward_zero_from_above
            -719     0          0   toward_zero_from_below
            -720     0         -1   a_whole_one_below
             720   360          1   half_invalid_still_counts
             720   361          0   more_than_half_invalid
"""),
)
def test_mean_premium(total: str, invalid: str, mean: str, why: str) -> None:
    assert mean_premium_ppb(int(total), int(invalid), SAMPLES_AN_HOUR) == int(mean)


@pytest.mark.parametrize(
    ("premium", "rate", "why"),
    table("""
     900_000     400_000   rulebook_R-N2_example_far_above
     300_000     100_000   rulebook_R-N2_example_near
     600_000     100_000   where_the_damper_ends
     600_001     100_001   one_beyond
    -400_000     100_000   where_it_ends_below
    -400_001      99_999   one_beyond_below
           0     100_000   no_premium_pays_the_interest
"""),
)
def test_eight_hour_rate(premium: str, rate: str, why: str) -> None:
    assert eight_hour_rate_ppb(int(premium), INTEREST_PPB) == int(rate)


@pytest.mark.parametrize(
    ("eight_hours", "listed", "start", "hour", "why"),
    table("""
     400_000     0   100   50_000   rulebook_R-N2_example_an_eighth
         407     0   100       50   toward_zero_from_above
        -407     0   100      -50   toward_zero_from_below
     400_000   100   100   50_000   listed_as_the_hour_began
     400_000   101   100        0   the_first_part_of_an_hour
"""),
)
def test_hourly_rate(eight_hours: str, listed: str, start: str, hour: str, why: str) -> None:
    assert hourly_rate_ppb(int(eight_hours), int(listed), int(start)) == int(hour)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6))
def test_the_rate_is_odd_around_the_interest_and_near_the_premium(premium: int, interest: int) -> None:
    above = eight_hour_rate_ppb(interest + premium, interest) - interest
    below = eight_hour_rate_ppb(interest - premium, interest) - interest
    assert above == -below
    assert abs(above - premium) <= DAMPER_PPB
    assert hourly_rate_ppb(premium, 0, 1) == -hourly_rate_ppb(-premium, 0, 1)
