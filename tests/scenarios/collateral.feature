Feature: Collateral counts at its low price less a haircut, and debt is paid from it

  Background:
    Given a pool settled in USDC, an insurance fund of 100,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 1 %         |
    And the collateral BTC
      | unit       | above  | maintenance | initial | sale cost |
      | 0.00000001 | 0      | 95 %        | 90 %    | 0.3 %     |
      |            | 50,000 | 80 %        | 75 %    |           |
    And the price of BTC is 59,990 to 60,010
    And alice has deposited 1 BTC

  Scenario: the second tier counts less
    Then alice has equity without haircut 59,990, equity 55,492 and initial equity 52,492.5
    When alice deposits 1 BTC
    Then alice has equity without haircut 119,980 and equity 103,484
    And alice holds 2 BTC as collateral
    And no value is created or lost

  Scenario: a debt beyond the limit is paid by a sale to the fund
    Given alice has bought 1 BTC-PERP at 60,000
    # Closed at a loss of 6,000, the account owes it; beyond 5,000 collateral is sold for what is owed.
    When alice sells 1 BTC-PERP at 54,000
    Then these events follow
      | event           | account | market | quantity   | amount       | price  |
      | collateral-sold | alice   | BTC    | 0.10031763 | 6,000.000459 | 59,990 |
    And the insurance fund holds 0.10031763 BTC
    And alice has balance 0.000459
    And no value is created or lost

  Scenario: a debt under the limit pays interest by the hour
    Given alice has bought 1 BTC-PERP at 60,000
    When alice sells 1 BTC-PERP at 57,000
    Then alice has balance -3,000
    # Next to the balance of the market the debt is nothing: the rate is one ppb an hour, the least there is.
    When it is 13:00:00
    Then alice has balance -3,000.000003
    And no value is created or lost
