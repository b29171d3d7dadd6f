Feature: People give orders, and what adds risk waits

  Background:
    Given a pool majors settled in USDC, no soft window, an insurance fund of 10,000, a vault of 50,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And the market ETH-PERP
      | lot  | tick | maintenance |
      | 0.01 | 0.01 | 5 %         |
    And carol has deposited 50,000 and bought 1 ETH-PERP at 2,000
    And alice has deposited 4,000 and bought 1 BTC-PERP at 60,000
    # Delays count from the clock: before the first one there is none.
    And 1 second passes

  Scenario: a halt stops new risk and forced orders, and nothing else
    When people order a halt of BTC-PERP
    Then these events follow
      | event             | command | market   |
      | command-taken     | halt    | BTC-PERP |
      | command-effective | halt    | BTC-PERP |
      | market-status     |         | BTC-PERP |
    When carol asks to buy 0.1 BTC-PERP at 60,000
    Then the order is refused: HALTED
    When carol asks to buy 0.1 ETH-PERP at 2,000
    Then the order is accepted
    # The price falls through alice's margin line: she is offered to liquidators, no order goes to the market.
    When the mark price of BTC-PERP is 58,600
    And 20 seconds pass
    Then alice is at level partial
    And no liquidation-order event follows
    # She may reduce, and pay in: a cure counts.
    When alice asks to sell 0.5 BTC-PERP at 58,600
    Then the order is accepted
    When alice sells 0.5 BTC-PERP at 58,600
    And alice deposits 2,000
    Then alice is at level ok
    # No market-state ends it.
    When the index of BTC-PERP is degraded
    And the index of BTC-PERP is ok
    And carol asks to buy 0.1 BTC-PERP at 58,600
    Then the order is refused: HALTED
    And no value is created or lost

  Scenario: a release waits ten minutes, then forced orders resume with half their budget
    Given people order a halt of BTC-PERP
    And the mark price of BTC-PERP is 58,600
    When at 12:00:10 people order a release of BTC-PERP
    Then these events follow
      | event         | command | market   | deadline |
      | command-taken | release | BTC-PERP | 12:10:09 |
    When it is 12:10:08
    Then no command-effective event follows
    And no liquidation-order event follows
    When 1 BTC-PERP were traded in the last minute
    And it is 12:10:14
    Then these events follow
      | event             | time     | command | market   |
      | command-effective | 12:10:09 | release | BTC-PERP |
      | market-status     | 12:10:09 |         | BTC-PERP |
    # Half of 10 % of what was traded, for a minute.
    And alice is to be liquidated
      | time     | side | quantity | why        |
      | 12:10:12 | sell | 0.05     | health < 1 |
    And no value is created or lost

  Scenario: whoever disagrees cancels
    Given people order a halt of BTC-PERP
    And people order a release of BTC-PERP
    When people cancel their last order
    Then these events follow
      | event             | command | market   |
      | command-taken     | cancel  |          |
      | command-cancelled | release | BTC-PERP |
    When 20 minutes pass
    And carol asks to buy 0.1 BTC-PERP at 60,000
    Then the order is refused: HALTED
    When people cancel their last order
    Then these events follow
      | event        | command | reason        |
      | command-void | cancel  | nothing waits |
    And no value is created or lost

  Scenario: a second incident withdraws a release that waits
    Given people order a halt of pool majors
    And people order a release of pool majors
    When 5 minutes pass
    And people order a halt of ETH-PERP
    Then these events follow
      | event             | command | market   |
      | command-taken     | halt    | ETH-PERP |
      | command-effective | halt    | ETH-PERP |
      | command-cancelled | release | none     |
    When 20 minutes pass
    And carol asks to buy 0.1 BTC-PERP at 60,000
    Then the order is refused: HALTED
    And no value is created or lost

  Scenario: new margins bind everybody, at a clock that all know beforehand
    When carol asks to buy 5 BTC-PERP at 60,000
    Then the order is accepted
    When people order the margin tiers of BTC-PERP
      | above   | maintenance | initial |
      | 0       | 6 %         | 12 %    |
      | 100,000 | 10 %        | 20 %    |
    Then these events follow
      | event         | command    | deadline |
      | command-taken | parameters | 12:10:01 |
    When it is 12:10:00
    Then alice is at level ok
    When it is 12:10:01
    Then these events follow
      | event             | time     | command    | account |
      | command-effective | 12:10:01 | parameters |         |
      | level             | 12:10:01 |            | alice   |
    And alice has equity 4,000, maintenance margin 3,600
    And alice is called
      | level | cure |
      | call  | 860  |
    # New risk is judged by them, too: 52,000 of initial margin instead of 30,000.
    When carol asks to buy 5 BTC-PERP at 60,000
    Then the order is refused: INSUFFICIENT_MARGIN
    And no value is created or lost
