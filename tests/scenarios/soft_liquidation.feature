Feature: While the window runs, only a growing part of what restores the account is sold

  Background:
    Given a pool settled in USDC, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 10,000 and bought 2 BTC-PERP at 60,000

  Scenario: slices follow the clock: a tenth of 0.395 at once, the rest over five minutes
    When the mark price of BTC-PERP is 57,600
    Then alice had equity 5,200, maintenance margin 5,760 and health 0.902
    And alice is liquidated
      | time     | side | quantity | price  | penalty | why        |
      | 12:00:00 | sell | 0.039    | 57,600 | 11.232  | health < 1 |
    When 10 seconds pass
    Then alice is liquidated
      | time     | side | quantity | price  | penalty | why        |
      | 12:00:05 | sell | 0.006    | 57,600 | 1.728   | health < 1 |
      | 12:00:10 | sell | 0.006    | 57,600 | 1.728   | health < 1 |
    And no value is created or lost

  @T-08
  Scenario: the owner reduces between two slices, without a penalty, and it counts as done
    When the mark price of BTC-PERP is 57,600
    And 30 seconds pass
    Then alice is long 1.925 BTC-PERP
    When alice sells 0.2 BTC-PERP at 57,600
    And 3 minutes pass
    Then no liquidation-order event follows for alice
    When 5 seconds pass
    Then alice is liquidated
      | time     | quantity | why        |
      | 12:03:35 | 0.004    | target 1.1 |
    When 2 minutes pass
    Then alice is not being liquidated
    And alice is at level call
    And alice is long 1.625 BTC-PERP
    And alice has equity 5,149.6, maintenance margin 4,680 and health 1.100
    And the insurance fund holds 10,040.32
    And the fees hold 10.08
    And no value is created or lost

  Scenario: a small shortfall is sold for at once
    Given bob has deposited 100 and bought 0.02 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 57,600
    Then bob is liquidated
      | side | quantity | price  | penalty | why        |
      | sell | 0.004    | 57,600 | 1.152   | health < 1 |
    And bob is at level call
    And no value is created or lost

  @T-09
  Scenario: a fall through the hard level ends the window and opens an offer at once
    Given orders are not filled
    When the mark price of BTC-PERP is 57,600
    Then alice is at level soft
    And no offer-opened event follows for alice
    When it is 12:01:39
    And the mark price of BTC-PERP is 57,000
    Then alice has equity 4,000, maintenance margin 5,700 and health 0.701
    # 0.797 restores the target; 0.152 of it still stands in the order of 12:01:35.
    And these events follow
      | event        | time     | account | reason     | level   | restore | quantity |
      | window-over  | 12:01:39 | alice   | hard level |         |         |          |
      | level        | 12:01:39 | alice   |            | partial |         |          |
      | offer-opened | 12:01:39 | alice   |            |         | 0.797   | 0.645    |
    And no value is created or lost
