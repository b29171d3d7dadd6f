Feature: Funding moves whole quanta a lot, sums to nothing, and owes nobody a fraction

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 1 %         |
    And alice has deposited 100
    And bob has deposited 100
    And carol has deposited 100
    And dave has deposited 100
    And alice has bought 0.003 BTC-PERP at 60,000.1 from carol
    And bob has bought 0.002 BTC-PERP at 60,000.1 from carol
    And bob has bought 0.002 BTC-PERP at 60,000.1 from dave

  @T-28
  Scenario: odd positions
    When a funding instant of BTC-PERP passes at 12,345 ppb
    Then these events follow
      | event   | market   | amount  | reason |
      | funding | BTC-PERP | 0.00074 | paid   |
    And the balance of alice has fallen by 0.00222
    And the balance of bob has fallen by 0.00296
    And the balance of carol has risen by 0.0037
    And the balance of dave has risen by 0.00148
    And all balances together are unchanged
    When a funding instant of BTC-PERP passes at 12,345 ppb
    Then these events follow
      | event   | market   | amount   | reason |
      | funding | BTC-PERP | 0.000741 | paid   |
    And all balances together are unchanged
    And no value is created or lost

  @T-28
  Scenario: a thousand instants
    When 1,000 funding instants of BTC-PERP pass at 12,345 ppb, 1 second apart
    # 740.7012345 quanta a lot each.
    Then the balance of alice has fallen by 2.222103
    And the balance of carol has risen by 3.703505
    And a lot of BTC-PERP has paid its funding to within one quantum
    And all balances together are unchanged
    And no value is created or lost

  Scenario: settled at once or later, the same quanta
    When 10 funding instants of BTC-PERP pass at -33,333 ppb, 1 second apart
    And alice sells 0.003 BTC-PERP at 60,000.1
    Then alice has no position
    And alice has balance 100.059997
    And no value is created or lost

  @T-29
  Scenario: a halted index over a funding time
    When the index of BTC-PERP is halted
    And a funding instant of BTC-PERP passes at 12,345 ppb
    Then these events follow
      | event   | market   | amount | reason  |
      | funding | BTC-PERP | 0      | skipped |
    And the balance of alice has risen by 0
    When the index of BTC-PERP is ok
    And 10 seconds pass
    Then no funding event follows
    When a funding instant of BTC-PERP passes at 12,345 ppb
    Then these events follow
      | event   | market   | amount  | reason |
      | funding | BTC-PERP | 0.00074 | paid   |
    And the balance of alice has fallen by 0.00222
    And no value is created or lost
