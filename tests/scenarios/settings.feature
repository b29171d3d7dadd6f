Feature: What a venue sets, the pool keeps

  Scenario Outline: at equity equal to the margin, <setting>, an account is at level <level>
    Given a pool settled in USDC, <setting>
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    When alice has deposited 600 and bought 0.2 BTC-PERP at 60,000
    Then alice has equity 600, maintenance margin 600 and health 1
    And alice is at level <level>
    And no value is created or lost

    Examples:
      | setting                 | level |
      | no fills                | call  |
      | liquidation at equality | soft  |

  Scenario: levels of its own
    Given a pool settled in USDC, levels clear 1.6, call 1.5, target 1.4, hard 0.9, backstop 0.5, dust under 1
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 900 and bought 0.2 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 59,999.9
    Then alice is called
      | level | cure    |
      | call  | 60.0184 |
    When the mark price of BTC-PERP is 57,600
    Then alice is at level partial
    And no value is created or lost

  Scenario: slices, forced volume and the life of offers
    Given a pool settled in USDC, slices of 20 % and at least 100, forced volume of 5 % and 10 % below the hard level, offers that last 30 seconds
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 10,000 and bought 2 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 57,000
    Then alice is to be liquidated
      | quantity | why          |
      | 0.4      | health < 0.8 |
    And alice is offered to liquidators
      | quantity | deadline |
      | 0.797    | 12:00:30 |
    And no value is created or lost

  Scenario: forced volume binds
    Given a pool settled in USDC, slices of 20 % and at least 100, forced volume of 5 % and 10 % below the hard level
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 10,000 and bought 2 BTC-PERP at 60,000
    And 3 BTC-PERP were traded in the last minute
    When the mark price of BTC-PERP is 57,000
    Then alice is to be liquidated
      | quantity | why          |
      | 0.3      | health < 0.8 |
    And no value is created or lost

  Scenario: a vault's caps
    Given a pool settled in USDC, a vault of 2,000 that holds 4 times its equity, a vault share of 50 % a market
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 1,001 and bought 0.2 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 55,000
    Then the vault takes over from alice
      | quantity | share | reason |
      | 0.072    | 0.36  | part   |
    And no value is created or lost

  Scenario: a loss that all share, and a gate that stays closed for ten minutes
    Given a pool settled in USDC, losses shared by all, withdrawals closed for 10 minutes after a deficit
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And bob has deposited 20,000
    And carol has deposited 5,000
    And alice has deposited 50,000
    And alice has bought 1 BTC-PERP at 60,000 from bob
    When bob buys 1 BTC-PERP at 51,000 from carol
    # Nobody has a position left: those without bear it, by their equity.
    Then the loss is socialized
      | account    | charge      |
      | the market | 3,999.99684 |
      | bob        | 0.00116     |
      | alice      | 0.002       |
    When it is 12:09:59
    Then withdrawals are closed
    When it is 12:10:00
    Then withdrawals are open
    And no value is created or lost
