Feature: The vault takes what fits it, the rest goes on, and winners bear what is left

  Background:
    Given a pool settled in USDC, a vault of 22,400
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And bob has deposited 20,000

  @T-17
  Scenario: the vault at its cap takes 60 %, the rest goes on, then winners are deleveraged
    Given alice has deposited 4,060
    And alice has bought 1 BTC-PERP at 60,000 from bob
    And 0.1 BTC-PERP were traded in the last minute
    # The vault may hold 30 % of five times its equity in one market: 33,600.
    When the mark price of BTC-PERP is 56,000
    Then alice had equity 60, maintenance margin 2,800 and health 0.021
    And the vault takes over from alice
      | market   | side | quantity | share | reason |
      | BTC-PERP | sell | 0.6      | 36    | part   |
    And the vault is long 0.6 BTC-PERP with an entry cost of 33,564
    And the vault has equity 22,436
    And alice is long 0.4 BTC-PERP
    And alice has equity 24 and maintenance margin 1,120
    # 20 % of what was traded, twice the share of a soft liquidation; the penalty is cut to 5 % x health.
    And alice is to be liquidated
      | side | quantity | restore | penalty  | why               |
      | sell | 0.02     | 0.4     | 0.1071 % | health < 0.666667 |
    When the mark price of BTC-PERP is 55,000
    Then alice had equity -376
    And winners are deleveraged
      | account | side | quantity | amount | haircut | bankrupt |
      | bob     | buy  | 0.4      | 22,376 | 376     | alice    |
    And alice has no position
    And alice has balance 0
    And bob is short 0.6 BTC-PERP with an entry cost of 36,000
    And the vault is long 0.6 BTC-PERP
    And the vault has equity 21,836
    And no value is created or lost

  Scenario: with room enough the vault takes all, and what is left of the equity
    Given alice has deposited 1,200
    And alice has bought 0.2 BTC-PERP at 60,000 from bob
    When the mark price of BTC-PERP is 55,000
    Then alice had equity 200, maintenance margin 550 and health 0.363
    And the vault takes over from alice
      | market   | side | quantity | share | reason           |
      | BTC-PERP | sell | 0.2      | 0     | all that is left |
    And alice has no position
    And alice has balance 0
    And the vault has equity 22,600
    And no value is created or lost

  Scenario: offers that nobody takes for two minutes below the hard level go to the vault
    Given BTC-PERP is paused
    And alice has deposited 1,420
    And alice has bought 0.2 BTC-PERP at 60,000 from bob
    When at 12:00:10 the mark price of BTC-PERP is 55,000
    Then alice had equity 420, maintenance margin 550 and health 0.763
    And alice is offered to liquidators
      | quantity |
      | 0.068    |
    When it is 12:02:09
    Then no takeover event follows
    When it is 12:02:10
    Then the vault takes over from alice
      | market   | side | quantity | reason           |
      | BTC-PERP | sell | 0.2      | all that is left |
    And no value is created or lost

  Scenario: the vault unwinds in equal parts over half an hour
    Given orders are filled at the mark price
    And alice has deposited 1,200
    And alice has bought 0.2 BTC-PERP at 60,000 from bob
    When the mark price of BTC-PERP is 55,000
    And 10 seconds pass
    Then these events follow
      | event       | time     | account   | side | quantity | price  |
      | vault-order | 12:00:01 | the vault | sell | 0.002    | 54,450 |
    When 30 minutes pass
    Then the vault has no position
    And the vault has equity 22,600
    And no value is created or lost
