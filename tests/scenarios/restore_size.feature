Feature: The size of a liquidation restores the target, and no lot more

  @T-10
  Scenario: the restore crosses a bracket
    Given a pool settled in USDC, slices of any size, an insurance fund of 10,000
    And the market BTC-PERP
      | lot   | tick |
      | 0.001 | 0.1  |
    And the margin tiers of BTC-PERP
      | above     | maintenance | initial |
      | 0         | 1 %         | 2 %     |
      | 100,000   | 2.5 %       | 5 %     |
      | 1,000,000 | 5 %         | 10 %    |
    And alice has deposited 133,090 and bought 21.818 BTC-PERP at 60,000
    And the depth of BTC-PERP is
      | within | bids |
      | 0.1 %  | 100  |
    And orders in BTC-PERP are filled at 54,945
    When the mark price of BTC-PERP is 55,000
    Then alice had notional 1,199,990, equity 24,000, maintenance margin 33,499.5 and health 0.7164
    And alice is liquidated
      | quantity | price  | why          |
      | 6.214    | 54,945 | health < 0.8 |
    And alice has health 1.100001
    And one lot less would have left health at 1.099942
    And no value is created or lost

  @T-10
  Scenario: inside one bracket
    Given a pool settled in USDC, no soft window, slices of any size, an insurance fund of 10,000
    And the market BTC-PERP
      | lot   | tick |
      | 0.001 | 0.1  |
    And the margin tiers of BTC-PERP
      | above     | maintenance | initial |
      | 0         | 1 %         | 2 %     |
      | 100,000   | 2.5 %       | 5 %     |
      | 1,000,000 | 5 %         | 10 %    |
    And alice has deposited 176,365 and bought 27.273 BTC-PERP at 60,000
    And the depth of BTC-PERP is
      | within | bids |
      | 0.1 %  | 100  |
    And orders in BTC-PERP are filled at 54,945
    When the mark price of BTC-PERP is 55,000
    Then alice had notional 1,500,015, equity 40,000, maintenance margin 48,500.75 and health 0.8247
    And alice is liquidated
      | quantity | price  | why        |
      | 4.954    | 54,945 | health < 1 |
    And alice has health 1.10004
    And one lot less would have left health at 1.09996
    And no value is created or lost

  @T-13
  Scenario: a rest under the dust line is closed with the slice
    Given a pool settled in USDC, no soft window, slices of any size, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance | penalty |
      | 0.001 | 0.1  | 5 %         | 1 %     |
    And alice has deposited 7.85 and bought 0.002 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 59,000
    Then alice had equity 5.85, maintenance margin 5.9 and health 0.991
    And alice is to be liquidated
      | quantity | restore |
      | 0.002    | 0.001   |
    And alice has no position
    And alice has balance 4.67
    And no value is created or lost

  Scenario: a rest at the dust line stays
    Given a pool settled in USDC, no soft window, slices of any size, dust under 59, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance | penalty |
      | 0.001 | 0.1  | 5 %         | 1 %     |
    And alice has deposited 7.85 and bought 0.002 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 59,000
    Then alice is to be liquidated
      | quantity | restore |
      | 0.001    | 0.001   |
    And alice is long 0.001 BTC-PERP
    And no value is created or lost
