Feature: A deficit is paid in order: the fund to its floor, winners, the floor, traders

  @T-19
  Scenario: a gap of 20 %
    Given a pool settled in USDC, an insurance fund of 5,000 with a floor of 1,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And bob has deposited 20,000
    And alice has deposited 6,000
    And alice has bought 1 BTC-PERP at 60,000 from bob
    When the mark price of BTC-PERP is 48,000
    Then alice had equity -6,000 and maintenance margin 2,400
    And these events follow
      | event    | account | amount | balance | reason | fee   |
      | bankrupt | alice   | 6,000  |         |        |       |
      | fund     | alice   | -4,000 | 1,000   | draw   |       |
      | adl      | bob     | 50,000 |         |        | 2,000 |
    And winners are deleveraged
      | account | side | quantity | amount | haircut | bankrupt |
      | bob     | buy  | 1        | 50,000 | 2,000   | alice    |
    And the insurance fund holds 1,000
    And alice has no position
    And alice has balance 0
    And bob has no position
    And bob has balance 30,000
    And no value is created or lost

  @T-19
  Scenario: the same gap against a short
    Given a pool settled in USDC, an insurance fund of 5,000 with a floor of 1,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And bob has deposited 20,000
    And alice has deposited 6,000
    And alice has sold 1 BTC-PERP at 60,000 to bob
    When the mark price of BTC-PERP is 72,000
    Then winners are deleveraged
      | account | side | quantity | amount  | haircut | bankrupt |
      | bob     | sell | 1        | -70,000 | 2,000   | alice    |
    And the insurance fund holds 1,000
    And alice has balance 0
    And bob has balance 30,000
    And no value is created or lost

  @T-22
  Scenario: two positions and collateral in BTC
    Given a pool settled in USDC, an insurance fund of 60,000 with a floor of 10,010
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And the market ETH-PERP
      | lot  | tick | maintenance |
      | 0.01 | 0.01 | 5 %         |
    And the collateral BTC
      | maintenance | initial | sale cost |
      | 95 %        | 90 %    | 0.3 %     |
    And the price of BTC is 49,990 to 50,010
    And bob has deposited 500,000
    And alice has deposited 67,008.765433
    And alice has deposited 1 BTC
    And alice has bought 19.4 BTC-PERP at 55,000 from bob
    And alice has bought 100 ETH-PERP at 2,200 from bob
    And the mark price of ETH-PERP is 2,000
    When the mark price of BTC-PERP is 50,000
    # The deficit of 1.234567 is shared by margin, 48,500 to 10,000.
    Then alice had equity without haircut -1.234567 and maintenance margin 58,500
    And these events follow
      | event           | account | market   | quantity | amount         | fee      |
      | collateral-sold | alice   | BTC      | 1        | 49,990         |          |
      | adl             | bob     | BTC-PERP | 19.4     | 970,001.02353  | 1.02353  |
      | adl             | bob     | ETH-PERP | 100      | 200,000.211037 | 0.211037 |
    And alice has no position
    And alice has balance 0
    And alice holds 0 BTC as collateral
    And the insurance fund holds 1 BTC
    And the insurance fund holds 10,010
    And bob has balance 616,998.765433
    And no value is created or lost

  @T-23
  Scenario: winners have gained less than the deficit, and traders of the market bear the rest
    Given a pool settled in USDC, an insurance fund of 500 with a floor of 500
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And the market ETH-PERP
      | lot  | tick | maintenance |
      | 0.01 | 0.01 | 5 %         |
    And bob has deposited 20,000
    And carol has deposited 20,000
    And gina has deposited 1,100
    And erin has deposited 1,000 and bought 1 ETH-PERP at 2,000
    And alice has deposited 5,000
    And alice has bought 1 BTC-PERP at 60,000 from bob
    # Bob takes his gain early, at a price far from the mark, and is flat from then on.
    And bob has bought 1 BTC-PERP at 51,000 from carol
    And gina has bought 0.1 BTC-PERP at 51,000 from carol
    When the mark price of BTC-PERP is 50,000
    Then these events follow
      | event           | account | amount | balance | reason     | fee   |
      | bankrupt        | alice   | 5,000  |         |            |       |
      | adl             | carol   | 51,100 |         |            | 1,100 |
      | fund            | alice   | -500   | 0       | floor-draw |       |
      | socialized-loss | alice   | 3,400  |         |            |       |
    And the loss is socialized
      | account | charge       |
      | carol   | 3,238.095238 |
      | gina    | 161.904762   |
    And alice has balance 0
    And bob is unchanged to the byte
    And bob has balance 29,000
    And erin is unchanged to the byte
    And carol has equity 16,761.904762
    And gina has equity 838.095238
    And no value is created or lost
