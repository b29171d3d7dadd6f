Feature: A position keeps its cost basis, whatever the order of its closing

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 1 %         |

  @T-03
  Scenario: closing in seven odd pieces realizes what one closing does
    Given alice has deposited 10,000 and bought 0.311 BTC-PERP at 60,000.1
    And alice has bought 0.402 BTC-PERP at 60,007.3
    And bob has deposited 10,000 and bought 0.311 BTC-PERP at 60,000.1
    And bob has bought 0.402 BTC-PERP at 60,007.3
    Then alice is long 0.713 BTC-PERP with an entry cost of 42,782.9657
    When alice sells 0.001 BTC-PERP at 61,234.5
    And alice sells 0.013 BTC-PERP at 61,234.5
    And alice sells 0.17 BTC-PERP at 61,234.5
    And alice sells 0.003 BTC-PERP at 61,234.5
    And alice sells 0.299 BTC-PERP at 61,234.5
    And alice sells 0.107 BTC-PERP at 61,234.5
    And alice sells 0.12 BTC-PERP at 61,234.5
    And bob sells 0.713 BTC-PERP at 61,234.5
    Then alice has realized 877.2328
    And bob has realized 877.2328
    And alice has no position
    And alice has balance 10,877.2328 and equity 10,877.2328
    And bob has balance 10,877.2328 and equity 10,877.2328
    And no value is created or lost

  Scenario: a partial closing releases the entry cost in proportion, rounded toward zero
    Given alice has deposited 10 and bought 0.003 BTC-PERP at 10
    And alice has bought 0.004 BTC-PERP at 10.1
    When alice sells 0.002 BTC-PERP at 10.5
    Then alice has realized 0.000886
    And alice is long 0.005 BTC-PERP with an entry cost of 0.050286
    And no value is created or lost

  @T-04
  Scenario: a long flips to a short in one fill
    Given alice has deposited 10,000 and bought 0.2 BTC-PERP at 60,000
    When alice sells 0.5 BTC-PERP at 61,000
    Then alice has realized 200
    And alice is short 0.3 BTC-PERP with an entry cost of 18,300
    And these events follow
      | event    | account    | side | quantity | price  | amount | balance | position |
      | position | the market | buy  | 0.5      | 61,000 | -200   |         | 0.3      |
      | position | alice      | sell | 0.5      | 61,000 | 200    | 10,200  | -0.3     |
    When the mark price of BTC-PERP is 62,000
    Then alice has equity 9,900
    And no value is created or lost
