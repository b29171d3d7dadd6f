Feature: The bonus of an offer climbs while nobody bids, up to what the account's health can bear

  @T-16
  Scenario: half a minute without a bid
    Given a pool settled in USDC, no soft window, an insurance fund of 10,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 2 %         |
    And alice has deposited 1,974 and bought 1 BTC-PERP at 60,000
    And carol has deposited 10,000
    And BTC-PERP is paused
    When the mark price of BTC-PERP is 59,000
    And 1 second passes
    Then alice had equity 974, maintenance margin 1,180 and health 0.825
    And alice is offered to liquidators
      | time     | quantity | bonus    |
      | 12:00:01 | 0.324    | 1.1228 % |
    # Bids that ask too much tell the bonus, and change nothing.
    When at 12:00:03.9 carol bids for 0.1 of alice's BTC-PERP offer, asking 3 % or more
    And at 12:00:04 carol bids for 0.1 of alice's BTC-PERP offer, asking 3 % or more
    And at 12:00:07 carol bids for 0.1 of alice's BTC-PERP offer, asking 3 % or more
    And at 12:00:10 carol bids for 0.1 of alice's BTC-PERP offer, asking 3 % or more
    And at 12:00:13 carol bids for 0.1 of alice's BTC-PERP offer, asking 3 % or more
    And at 12:00:31 carol bids for 0.1 of alice's BTC-PERP offer, asking 3 % or more
    # The guard: 2 % x health 0.8254 = 1.6508 %, less 0.25 % for the fund, 0.05 % for the venue, 0.05 % in reserve.
    Then the bids are answered
      | time       | answer          | bonus    |
      | 12:00:03.9 | BONUS_BELOW_MIN | 1.1228 % |
      | 12:00:04   | BONUS_BELOW_MIN | 1.1728 % |
      | 12:00:07   | BONUS_BELOW_MIN | 1.2228 % |
      | 12:00:10   | BONUS_BELOW_MIN | 1.2728 % |
      | 12:00:13   | BONUS_BELOW_MIN | 1.3008 % |
      | 12:00:31   | BONUS_BELOW_MIN | 1.3008 % |
    When carol bids for 0.324 of alice's BTC-PERP offer, asking 1.3 % or more
    Then the bid is accepted at a bonus of 1.3008 %
    And no value is created or lost
