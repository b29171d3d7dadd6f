Feature: Winners give up exactly the deficit, in proportion to their gains

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 2 %         |
    And alice has deposited 530.765433
    And ben has deposited 1,000
    And cat has deposited 1,000

  @T-20
  Scenario: three winners with gains of 5 to 3 to 2, one of them capped by its position
    Given ann has deposited 1,000
    And alice has bought 0.7 BTC-PERP at 5,450 from ann
    And alice has bought 0.1 BTC-PERP at 6,890 from ben
    And alice has bought 0.2 BTC-PERP at 5,140 from cat
    And cat has sold 0.7 BTC-PERP at 5,140
    When the mark price of BTC-PERP is 5,000
    Then alice had equity -1.234567
    And winners are deleveraged
      | account | side | quantity | amount       | haircut  |
      | ben     | buy  | 0.1      | 500.123457   | 0.123457 |
      | cat     | buy  | 0.257    | 1,285.317284 | 0.317284 |
      | ann     | buy  | 0.643    | 3,215.793826 | 0.793826 |
    And ann is short 0.057 BTC-PERP
    And ben has no position
    And cat is short 0.643 BTC-PERP
    And alice has balance 0
    And no value is created or lost

  @T-20
  Scenario: one winner's gains held in two accounts
    Given ann has deposited 1,000
    And ann-2, owned by ann, has deposited 1,000
    And alice has bought 0.42 BTC-PERP at 5,450 from ann
    And alice has bought 0.28 BTC-PERP at 5,450 from ann-2
    And alice has bought 0.1 BTC-PERP at 6,890 from ben
    And alice has bought 0.2 BTC-PERP at 5,140 from cat
    And cat has sold 0.7 BTC-PERP at 5,140
    When the mark price of BTC-PERP is 5,000
    Then alice had equity -1.234567
    # 386 + 257 = 643 lots; ben and cat close what they did before.
    And winners are deleveraged
      | account | side | quantity |
      | ben     | buy  | 0.1      |
      | cat     | buy  | 0.257    |
      | ann     | buy  | 0.386    |
      | ann-2   | buy  | 0.257    |
    And alice has balance 0
    And no value is created or lost
