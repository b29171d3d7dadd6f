Feature: Nobody leaves while a loss is nobody's yet

  @T-26
  Scenario: withdrawals wait for a deficit, reductions do not
    Given a pool settled in USDC, an insurance fund of 10,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And the market ETH-PERP
      | lot  | tick | maintenance |
      | 0.01 | 0.01 | 5 %         |
    And bob has deposited 10,000 and sold 2 ETH-PERP at 2,000
    And alice has deposited 1,000 and bought 0.1 BTC-PERP at 60,000
    And alice has bought 4 ETH-PERP at 2,000
    When the index of BTC-PERP is halted
    And the mark price of ETH-PERP is 1,700
    Then alice has equity -200 and maintenance margin 640
    And withdrawals are closed
    When bob withdraws 1,000
    Then the withdrawal is refused: GATE_CLOSED, at most 0
    When bob asks to buy 1 ETH-PERP at 1,700
    Then the order is accepted
    When bob buys 1 ETH-PERP at 1,700
    And bob deposits 500
    Then bob is short 1 ETH-PERP
    And bob has equity 11,100
    When at 12:00:59.5 the index of BTC-PERP is ok
    And it is 12:01:00
    Then these events follow
      | event    | time     | account | amount | reason |
      | bankrupt | 12:01:00 | alice   | 200    |        |
    And alice has no position
    When at 12:02:00 bob withdraws 1,000
    Then the withdrawal is refused: GATE_CLOSED, at most 0
    When it is 12:02:00
    Then these events follow
      | event | time     | reason |
      | gate  | 12:02:00 | open   |
    And withdrawals are open
    When bob withdraws 1,000
    Then the withdrawal is accepted
    And bob has equity 10,100
    And no value is created or lost

  Scenario: a withdrawal leaves a tenth of the notional, and the pool says how much would pass
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 2 %         |
    And alice has deposited 12,000 and bought 1.333 BTC-PERP at 60,000
    When alice withdraws 4,002.000001
    Then the withdrawal is refused: INSUFFICIENT_MARGIN, at most 4,002
    When alice withdraws 4,002
    Then the withdrawal is accepted
    And no value is created or lost
