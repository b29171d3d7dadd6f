"""What the insurance fund receives of the fees."""

from flows.rules.exact import PPM, mul_ppm_floor, rule


@rule
def split_fee(fee_quanta: int, fund_share_ppm: int) -> tuple[int, int]:
    """The fund's and the venue's part of a fee: rule R-K1, version 1.

    Formula   venue = fee x (1 - fund_share); fund = fee - venue. The default share is 10 %.
    Units     quanta of the settlement asset; the share in parts per million.
    Rounding  the venue's part down; the fund owns the remainder (R-A4, split among shares).
    Errors    a negative fee or a share outside 0..1 is a caller's bug and asserts.
    Source    own choice; venues publish that fees feed their funds, seldom how much.
    """
    assert fee_quanta >= 0, "a fee is not negative"
    assert 0 <= fund_share_ppm <= PPM, "a share lies between nothing and all"
    venue_quanta = mul_ppm_floor(fee_quanta, PPM - fund_share_ppm)
    return fee_quanta - venue_quanta, venue_quanta
