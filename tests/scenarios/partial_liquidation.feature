Feature: A liquidation closes as much as restores the account, and no more

  Background:
    Given a pool settled in USDC, no soft window, slices of any size, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance | target health | penalty | to fund |
      | 0.001 | 0.1  | 5 %         | 1.25          | 1 %     | 50 %    |
    And alice has deposited 1,000 and bought 0.2 BTC-PERP at 60,000

  Scenario: the price falls through the margin line
    When the mark price of BTC-PERP is 57,500
    Then alice had equity 500, maintenance margin 575 and health 0.869
    And alice is liquidated
      | market   | side | quantity | price  | penalty | why        |
      | BTC-PERP | sell | 0.073    | 57,500 | 41.975  | health < 1 |
    And alice has equity 458.025, maintenance margin 365.125 and health 1.254
    And one lot less would have left health at 1.246
    And the insurance fund holds 10,020.9875
    And no value is created or lost
