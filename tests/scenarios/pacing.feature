Feature: One slice an account and market at a time, the next at the first clock after its answer

  Scenario: below the hard level slices of a tenth follow each other second by second
    Given a pool settled in USDC, an insurance fund of 10,000, fills at the mark price
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 10,000 and bought 2 BTC-PERP at 60,000
    When the mark price of BTC-PERP is 57,100
    And 10 seconds pass
    Then alice is liquidated
      | time     | quantity | why          |
      | 12:00:00 | 0.2      | health < 0.8 |
      | 12:00:01 | 0.18     | health < 1   |
      | 12:00:02 | 0.162    | health < 1   |
      | 12:00:03 | 0.146    | health < 1   |
      | 12:00:04 | 0.041    | target 1.1   |
    And alice has health 1.1000
    And no value is created or lost
