Feature: With a doubtful price less is allowed, but accounting never stops

  Background:
    Given a pool settled in USDC, a soft window of 5 minutes and at least 1 minute, an insurance fund of 10,000
    And the market BTC-PERP
      | lot   | tick | maintenance | limit   |
      | 0.001 | 0.1  | 5 %         | 100,000 |
    And carol has deposited 50,000 and bought 0.1 BTC-PERP at 60,000
    And alice has deposited 3,400 and bought 1 BTC-PERP at 60,000

  Scenario: a degraded index halves limits and stops orders below the hard level; offers go on
    When the index of BTC-PERP is degraded
    And the mark price of BTC-PERP is 58,800, its index 58,900
    Then alice had equity 2,200, maintenance margin 2,940 and health 0.748
    And no liquidation-order event follows
    And alice is offered to liquidators
      | market   | side | quantity |
      | BTC-PERP | sell | 0.352    |
    When carol asks to buy 0.751 BTC-PERP at 58,800
    Then the order is refused: POSITION_LIMIT, at most 0.75
    When the index of BTC-PERP is ok
    And carol asks to buy 1.6 BTC-PERP at 58,800
    Then the order is accepted
    And no value is created or lost

  Scenario: a halted index stops offers, vault and withdrawals; reductions stay near the last valid index
    When the index of BTC-PERP is halted
    And the mark price of BTC-PERP is 58,800
    Then alice is at level partial
    And no offer-opened event follows
    And no liquidation-order event follows
    When alice withdraws 1
    Then the withdrawal is refused: INSUFFICIENT_MARGIN, at most 0
    When carol asks to sell 0.1 BTC-PERP at 53,999.9
    Then the order is refused: PRICE_BAND, at most 0
    When carol asks to sell 0.1 BTC-PERP at 54,000
    Then the order is accepted
    When alice asks to sell 1 BTC-PERP at 58,800
    Then the order is accepted
    When alice deposits 2,000
    Then alice is at level ok
    And no value is created or lost
