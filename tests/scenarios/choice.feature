Feature: The position that frees most margin for its cost goes first

  @T-12
  Scenario: of two positions one is sold, the other is not touched
    Given a pool settled in USDC, no soft window, slices of any size, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance | penalty |
      | 0.001 | 0.1  | 5 %         | 0.6 %   |
    And the market ETH-PERP
      | lot  | tick | maintenance | penalty |
      | 0.01 | 0.01 | 10 %        | 3 %     |
    And alice has deposited 2,000 and bought 0.2 BTC-PERP at 60,000
    And alice has bought 3 ETH-PERP at 3,000
    # Relief per cost: 5 % / 0.6 % against 10 % / 3 %.
    When the mark price of BTC-PERP is 57,500
    Then alice had equity 1,500, maintenance margin 1,475 and health 1.016
    When the mark price of ETH-PERP is 2,980
    Then alice had equity 1,440, maintenance margin 1,469 and health 0.980
    And alice is liquidated
      | market   | side | quantity | price  | why        |
      | BTC-PERP | sell | 0.063    | 57,500 | health < 1 |
    And alice is not being liquidated
    And alice has health 1.101
    And alice is long 3 ETH-PERP with an entry cost of 9,000
    And alice is long 0.137 BTC-PERP
    And no value is created or lost

  @T-12
  Scenario: the order of the markets does not decide
    Given a pool settled in USDC, no soft window, slices of any size, an insurance fund of 10,000, fills at the mark price
    And the market ETH-PERP
      | lot  | tick | maintenance | penalty |
      | 0.01 | 0.01 | 10 %        | 3 %     |
    And the market BTC-PERP
      | lot   | tick | maintenance | penalty |
      | 0.001 | 0.1  | 5 %         | 0.6 %   |
    And alice has deposited 2,000 and bought 0.2 BTC-PERP at 60,000
    And alice has bought 3 ETH-PERP at 3,000
    When the mark price of BTC-PERP is 57,500
    And the mark price of ETH-PERP is 2,980
    Then alice is liquidated
      | market   | side | quantity | price  | why        |
      | BTC-PERP | sell | 0.063    | 57,500 | health < 1 |
    And no value is created or lost

  Scenario: where one is not enough the next one follows
    Given a pool settled in USDC, slices of any size, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance | penalty |
      | 0.001 | 0.1  | 5 %         | 0.6 %   |
    And the market ETH-PERP
      | lot  | tick | maintenance | penalty |
      | 0.01 | 0.01 | 10 %        | 3 %     |
    And alice has deposited 2,000 and bought 0.2 BTC-PERP at 60,000
    And alice has bought 3 ETH-PERP at 3,000
    When the mark price of BTC-PERP is 55,000
    And 1 second passes
    Then alice is liquidated
      | market   | side | quantity | penalty | why          |
      | BTC-PERP | sell | 0.2      | 66      | health < 0.8 |
      | ETH-PERP | sell | 0.24     | 21.6    | target 1.1   |
    And alice has equity 912.4, maintenance margin 828 and health 1.101
    And alice is not being liquidated
    And no value is created or lost
