Feature: Margin follows the position, and the engine acts at the printed price

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick |
      | 0.001 | 0.1  |
    And the margin tiers of BTC-PERP
      | above      | maintenance | initial |
      | 0          | 0.4 %       | 0.8 %   |
      | 50,000     | 0.5 %       | 1 %     |
      | 600,000    | 0.65 %      | 1.3 %   |
      | 3,000,000  | 1 %         | 2 %     |
      | 12,000,000 | 2 %         | 4 %     |

  @T-01
  Scenario: a long drifts down tick by tick
    Given alice has deposited 5,000 and bought 1 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 55,240
    Then the liquidation price of alice in BTC-PERP is 55,226.1
    And alice is at level call
    When the mark price of BTC-PERP moves tick by tick to 55,226.2
    Then alice has equity 226.2, maintenance margin 226.131 and health 1.00030
    And alice is not being liquidated
    When the mark price of BTC-PERP is 55,226.1
    Then alice has equity 226.1, maintenance margin 226.1305 and health 0.99986
    And alice is being liquidated
    And alice is at level soft
    And no value is created or lost

  @T-01
  Scenario: a short drifts up tick by tick
    Given alice has deposited 5,000 and sold 1 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 64,710
    Then the liquidation price of alice in BTC-PERP is 64,726.4
    When the mark price of BTC-PERP moves tick by tick to 64,726.3
    Then alice has equity 273.7 and maintenance margin 273.6315
    And alice is not being liquidated
    When the mark price of BTC-PERP is 64,726.4
    Then alice has equity 273.6 and maintenance margin 273.632
    And alice is being liquidated
    And no value is created or lost

  @T-02
  Scenario: a position crosses two brackets upward, and its margin has no jump
    Given alice has deposited 100,000 and bought 1 BTC-PERP at 50,000
    When the mark price of BTC-PERP is 49,999.9
    Then alice has notional 49,999.9 and maintenance margin 199.9996
    When the mark price of BTC-PERP is 50,000
    Then alice has notional 50,000 and maintenance margin 200
    When the mark price of BTC-PERP is 50,000.1
    Then alice has notional 50,000.1 and maintenance margin 200.0005
    When the mark price of BTC-PERP is 50,000
    And alice buys 10.999 BTC-PERP at 50,000
    Then alice has notional 599,950 and maintenance margin 2,949.75
    When alice buys 0.001 BTC-PERP at 50,000
    Then alice has notional 600,000 and maintenance margin 2,950
    When alice buys 0.001 BTC-PERP at 50,000
    Then alice has notional 600,050 and maintenance margin 2,950.325
    And no value is created or lost
