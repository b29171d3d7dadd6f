Feature: An order is judged before it is placed, and a refusal says how much would pass

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance | initial | fee     |
      | 0.001 | 0.1  | 1 %         | 2 %     | 500 ppm |
    And the mark price of BTC-PERP is 60,000
    And alice has deposited 2,000

  Scenario: the largest size that passes
    When alice asks to buy 1.562 BTC-PERP at 60,050
    Then the order is accepted
    When alice asks to buy 1.563 BTC-PERP at 60,050
    Then the order is refused: INSUFFICIENT_MARGIN, at most 1.562
    And no value is created or lost

  Scenario: under its initial margin an account may reduce, and nothing else
    When alice buys 1.5 BTC-PERP at 60,000
    And the mark price of BTC-PERP is 59,500
    Then alice has equity 1,205 and initial margin 1,785
    When alice asks to sell 0.2 BTC-PERP at 59,500
    Then the order is accepted
    When alice asks to buy 0.001 BTC-PERP at 59,500
    Then the order is refused: INSUFFICIENT_MARGIN, at most 0
    When alice asks to sell 1.6 BTC-PERP at 59,500, reduce-only
    Then the order is refused: NOT_REDUCING, at most 1.5
    And no value is created or lost

  Scenario: nobody opens an account by asking
    When zoe asks to buy 1 BTC-PERP at 60,000
    Then the order is refused: UNKNOWN_ACCOUNT, at most 0
    And no value is created or lost
