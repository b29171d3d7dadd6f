Feature: An isolated position can lose its own margin, and nothing else

  @T-24
  Scenario: an isolated position goes bankrupt beside a rich cross account
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And the market ETH-PERP
      | lot  | tick | maintenance |
      | 0.01 | 0.01 | 5 %         |
    And bob has deposited 100,000
    And alice has deposited 100,000 and bought 10 ETH-PERP at 2,000
    And alice has moved 5,000 to alice/BTC-PERP
    And alice/BTC-PERP has bought 1 BTC-PERP at 60,000 from bob
    When the mark price of BTC-PERP is 54,000
    Then alice/BTC-PERP had equity -1,000 and maintenance margin 2,700
    And winners are deleveraged
      | account | side | quantity | amount | haircut | bankrupt       |
      | bob     | buy  | 1        | 55,000 | 1,000   | alice/BTC-PERP |
    And alice/BTC-PERP has no position
    And alice/BTC-PERP has balance 0
    And alice is unchanged to the byte
    And alice has balance 95,000
    And no value is created or lost

  Scenario: a closed isolated position gives its margin back
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 10,000
    And alice has moved 5,000 to alice/BTC-PERP
    And alice/BTC-PERP has bought 0.5 BTC-PERP at 60,000
    When alice/BTC-PERP sells 0.5 BTC-PERP at 61,000
    Then alice/BTC-PERP has balance 0
    And alice has balance 10,500
    And no value is created or lost

  Scenario: what the position needs does not leave it
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 10,000
    And alice has moved 5,000 to alice/BTC-PERP
    And alice/BTC-PERP has bought 0.5 BTC-PERP at 60,000
    When alice/BTC-PERP moves 2,000.000001 to alice
    Then the transfer is refused: INSUFFICIENT_MARGIN, at most 2,000
    When alice/BTC-PERP moves 2,000 to alice
    Then the transfer is accepted
    And alice has balance 7,000
    And no value is created or lost

  @T-25
  Scenario: one pool is insolvent, and the other does not know
    Given a pool a settled in USDC
    And the market BTC-PERP of pool a
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And a pool b settled in USDC, an insurance fund of 1,000, fills at the mark price
    And the market ETH-PERP of pool b
      | lot  | tick | maintenance |
      | 0.01 | 0.01 | 5 %         |
    And alice has deposited 50,000 in pool a
    And bob has deposited 50,000 in pool a
    And carol has deposited 5,000 in pool a
    And dave has deposited 1,000 in pool b
    And dave has bought 4 ETH-PERP at 2,000
    And alice has bought 1 BTC-PERP at 60,000 from bob
    And 5 seconds pass
    When bob buys 1 BTC-PERP at 51,000 from carol
    Then pool a is insolvent for 4,000
    And bob has balance 59,000
    When alice asks to buy 0.1 BTC-PERP at 60,000
    Then the order is refused: HALTED
    When the mark price of ETH-PERP is 1,840
    And 10 seconds pass
    And dave withdraws 1
    Then dave is liquidated
      | market   | side |
      | ETH-PERP | sell |
    And pool b is bit-identical to a run without pool a
    And no value is created or lost
