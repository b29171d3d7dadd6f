Feature: A margin call gives time, and says exactly how much and how long

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 1,000 and bought 0.2 BTC-PERP at 60,000

  Scenario: the call names its cure, its deadline and the level
    When the mark price of BTC-PERP is 57,600
    Then alice is called
      | level | cure  | deadline | equity | maintenance margin |
      | soft  | 257.6 | 12:05:00 | 520    | 576                |
    And no value is created or lost

  Scenario: the cure clears, a quantum less does not
    When the mark price of BTC-PERP is 57,600
    And alice deposits 257.599999
    Then alice is at level call
    When alice deposits 0.000001
    Then alice is at level ok
    And alice has had 1 call-cleared event
    And no value is created or lost

  @T-06
  Scenario: a deposit at the very deadline is in time
    When the mark price of BTC-PERP is 57,600
    And at 12:05:00.000000000 alice deposits 257.6
    Then alice is at level ok
    And no offer-opened event follows for alice
    When 10 seconds pass
    Then no window-over event follows for alice
    And alice has had 0 window-over events
    And no value is created or lost

  @T-06
  Scenario: a deposit one nanosecond later is not
    When the mark price of BTC-PERP is 57,600
    And at 12:05:00.000000001 alice deposits 257.6
    Then these events follow
      | event           | time               | account | reason    |
      | window-over     | 12:05:00           | alice   | time      |
      | offer-opened    | 12:05:00           | alice   |           |
      | offer-withdrawn | 12:05:00.000000001 | alice   | recovered |
    And alice is at level ok
    And no value is created or lost

  @T-06
  Scenario: a deposit of the deadline's time behind its clock is late, too
    When the mark price of BTC-PERP is 57,600
    And it is 12:05:00
    And at 12:05:00 alice deposits 257.6
    Then these events follow
      | event       | time     | account | reason |
      | window-over | 12:05:00 | alice   | time   |
    And no value is created or lost

  Scenario: a second call inside the window does not extend it
    When the mark price of BTC-PERP is 57,600
    And 2 minutes pass
    And the mark price of BTC-PERP is 58,400
    And 1 minute passes
    And the mark price of BTC-PERP is 57,600
    Then alice has had 1 margin-call event
    When it is 12:05:00
    Then these events follow
      | event       | time     | account | reason |
      | window-over | 12:05:00 | alice   | time   |
    And no value is created or lost

  Scenario: a window that ends above the margin forces nothing, and there is no second one
    When the mark price of BTC-PERP is 58,400
    Then alice is at level call
    When it is 12:05:01
    Then these events follow
      | event       | time     | account | reason |
      | window-over | 12:05:00 | alice   | time   |
    And alice is at level call
    When the mark price of BTC-PERP is 57,600
    Then alice is at level partial
    And no margin-call event follows
    And no value is created or lost

  Scenario: a volatile market shortens the window to what one sigma leaves
    Given the volatility of BTC-PERP is 40 % a day
    When the mark price of BTC-PERP is 57,600
    Then alice is called
      | level | cure  | deadline |
      | soft  | 257.6 | 12:00:30 |
    And no value is created or lost

  @T-07
  Scenario: health swings around the call level for an hour
    When for 1 hour the mark price of BTC-PERP swings between 58,590 and 58,680 every 30 seconds
    Then alice has had 1 margin-call event
    And alice has had 0 call-cleared events
    And alice is at level call
    When the mark price of BTC-PERP is 58,981.2
    Then alice is at level call
    When the mark price of BTC-PERP is 58,981.3
    Then alice is at level ok
    And alice has had 1 margin-call event
    And alice has had 1 call-cleared event
    And no liquidation-order event follows
    And no value is created or lost
