Feature: A price band stops liquidation orders, and nothing else

  Background:
    Given a pool settled in USDC, no soft window, an insurance fund of 10,000, a vault of 50,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And carol has deposited 50,000
    And alice has deposited 4,000 and bought 1 BTC-PERP at 60,000
    And bob has deposited 6,520 and bought 1 BTC-PERP at 60,000

  @T-35
  Scenario: limit state, pause, opening
    When at 12:00:10 BTC-PERP is in limit state between 58,200 and 61,800
    And the mark price of BTC-PERP is 58,600
    # Without the band the limit would be where the order costs 5 % x health.
    Then alice is to be liquidated
      | side | quantity | limit  | why        |
      | sell | 0.1      | 58,200 | health < 1 |
    When it is 12:00:24
    And at 12:00:25 BTC-PERP is paused
    Then alice is at level partial
    When it is 12:00:31
    And the mark price of BTC-PERP is 58,000
    Then no liquidation-order event follows
    When it is 12:00:40
    Then no liquidation-order event follows
    # Offers, the vault, deposits, reductions and withdrawals go on; new risk does not.
    When carol bids for 0.2 of alice's BTC-PERP offer
    Then the bid is accepted
    When the mark price of BTC-PERP is 56,000
    Then the vault takes over from alice
      | market   | side | quantity | reason           |
      | BTC-PERP | sell | 0.8      | all that is left |
    When carol asks to buy 0.1 BTC-PERP at 56,000
    Then the order is refused: HALTED
    When bob asks to sell 0.1 BTC-PERP at 56,000
    Then the order is accepted
    When carol withdraws 1,000
    Then the withdrawal is accepted
    When 1 BTC-PERP were traded in the last minute
    And it is 12:05:25
    Then bob has equity 2,520, maintenance margin 2,800 and health 0.9
    And bob is at level partial
    And no liquidation-order event follows
    # Half of 10 % of what was traded, for a minute.
    When BTC-PERP opens again
    And 1 second passes
    Then bob is to be liquidated
      | time     | side | quantity | why        |
      | 12:05:26 | sell | 0.05     | health < 1 |
    And no value is created or lost
