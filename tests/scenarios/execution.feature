Feature: Execution answers an order in full, in part, or not at all

  Background:
    Given a pool settled in USDC, no soft window, slices of any size, an insurance fund of 10,000, no fills
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And carol has deposited 10,000
    And alice has deposited 1,000 and bought 0.2 BTC-PERP at 60,000

  Scenario: a part is filled, and the rest lapses
    When the mark price of BTC-PERP is 57,500
    Then alice is to be liquidated
      | quantity | limit    |
      | 0.047    | 55,276.4 |
    When at 12:00:02.5 the order of alice is filled for 0.02 at 57,450 by carol
    Then alice is liquidated
      | other | side | quantity | price  | penalty |
      | carol | sell | 0.02     | 57,450 | 5.745   |
    And carol is long 0.02 BTC-PERP with an entry cost of 1,149
    When it is 12:00:05
    Then these events follow
      | event              | time     | account | side | quantity |
      | liquidation-lapsed | 12:00:05 | alice   | sell | 0.027    |
    And no value is created or lost

  Scenario: execution takes over in the middle
    When the mark price of BTC-PERP is 57,500
    Then no liquidation-fill event follows
    When orders are filled at the mark price
    And 5 seconds pass
    Then alice is liquidated
      | time     | side | quantity | price  | why        |
      | 12:00:05 | sell | 0.047    | 57,500 | health < 1 |
    And alice is not being liquidated
    And no value is created or lost

  Scenario: a short is bought back, and a bid on it names the lowest mark it wants
    Given BTC-PERP is paused
    And bob has deposited 3,060 and sold 1 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 61,000
    Then bob had equity 2,060, maintenance margin 3,050 and health 0.675
    And bob is offered to liquidators
      | market   | side | quantity | bonus    |
      | BTC-PERP | buy  | 0.425    | 1.8729 % |
    When carol bids for 0.425 of bob's BTC-PERP offer, down to a mark of 61,000.1
    Then the bid is refused: PRICE_MOVED, the bonus being 1.8729 %
    When carol bids for 0.425 of bob's BTC-PERP offer, down to a mark of 61,000
    Then the bid is accepted at a bonus of 1.8729 %
    And carol is short 0.425 BTC-PERP with an entry cost of 26,410.549325
    And no value is created or lost
