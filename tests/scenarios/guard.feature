Feature: No forced step lowers health; what cannot be sold so goes to the vault

  Background:
    Given a pool settled in USDC, slices of any size, dust under 1, an insurance fund of 10,000, a vault of 100,000
    And the market BTC-PERP
      | lot   | tick | maintenance | penalty |
      | 0.001 | 0.1  | 1 %         | 0.5 %   |
    And alice has deposited 500 and bought 0.2 BTC-PERP at 60,000

  @T-11
  Scenario: the penalty is cut to what health leaves room for
    Given the depth of BTC-PERP is
      | within | bids |
      | 0.5 %  | 10   |
    And orders in BTC-PERP are filled at 57,650.3
    When the mark price of BTC-PERP is 57,940
    # Closing may cost 1 % x health, 0.7594 %; 0.5 % of it is expected to slip. What costs as much as it frees restores
    # nothing, so all of the position goes.
    Then alice had equity 88, maintenance margin 115.88 and health 0.7594
    And alice is to be liquidated
      | market   | side | quantity | restore | limit    | penalty  | why          |
      | BTC-PERP | sell | 0.2      | 0.2     | 57,649.6 | 0.2594 % | health < 0.8 |
    And alice is liquidated
      | quantity | price    | penalty   |
      | 0.2      | 57,650.3 | 29.908976 |
    And alice has balance 0.151024
    And no value is created or lost

  @T-11
  Scenario: a step that would lower health is refused, and the vault takes over
    Given the depth of BTC-PERP is
      | within | bids |
      | 1 %    | 10   |
    When the mark price of BTC-PERP is 57,940
    Then alice had equity 88, maintenance margin 115.88 and health 0.7594
    And no liquidation-order event follows
    And these events follow
      | event             | account | side | quantity | fee | reason           |
      | liquidation-stuck | alice   |      |          |     |                  |
    When 5 seconds pass
    Then the vault takes over from alice
      | market   | side | quantity | share | reason           |
      | BTC-PERP | sell | 0.2      | 0     | all that is left |
    And alice has no position
    And alice has balance 0
    And the vault is long 0.2 BTC-PERP with an entry cost of 11,588
    And the vault has equity 100,088
    And no value is created or lost
