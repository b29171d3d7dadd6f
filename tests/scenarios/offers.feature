Feature: Independent liquidators take over what restores an account, for a bonus that grows

  Background:
    Given a pool settled in USDC, an insurance fund of 10,000
    And the market BTC-PERP
      | lot   | tick | maintenance |
      | 0.001 | 0.1  | 5 %         |
    And alice has deposited 3,065 and bought 1 BTC-PERP at 60,000
    And carol has deposited 10,000
    And dave has deposited 10,000
    # Paused, execution gets no orders; offers go on.
    And BTC-PERP is paused

  Scenario: the offer names what restores the target, and a bonus by health
    When at 12:00:30.5 the mark price of BTC-PERP is 59,000
    Then alice had equity 2,065, maintenance margin 2,950 and health 0.7
    And alice is offered to liquidators
      | market   | side | quantity | bonus  | deadline   |
      | BTC-PERP | sell | 0.4      | 1.75 % | 12:01:30.5 |
    And no value is created or lost

  @T-14
  Scenario: two bid at once, and the first wins
    When at 12:00:30.5 the mark price of BTC-PERP is 59,000
    And carol bids for 0.3 of alice's BTC-PERP offer
    And dave bids for 0.3 of alice's BTC-PERP offer
    And dave bids for 0.1 of alice's BTC-PERP offer
    Then the bids are answered
      | account | quantity | answer    | bonus    |
      | carol   | 0.3      | VALID     | 1.75 %   |
      | dave    | 0.3      | OVERSIZED | 0 %      |
      | dave    | 0.1      | VALID     | 1.1285 % |
    And alice is long 0.6 BTC-PERP
    And alice has equity 1,617.8685 and maintenance margin 1,770
    And carol is long 0.3 BTC-PERP with an entry cost of 17,390.25
    And carol has equity 10,309.75
    And dave is long 0.1 BTC-PERP with an entry cost of 5,833.4185
    And the insurance fund holds 10,059
    And the fees hold 11.8
    And no value is created or lost

  @T-14
  Scenario Outline: a bid that cannot be taken is refused by its first reason, <code>, and changes nothing
    Given alice-2, owned by alice, has deposited 10,000
    And erin has deposited 100
    And frank has deposited 800 and sold 0.2 BTC-PERP at 57,000
    When at 12:00:30.5 the mark price of BTC-PERP is 59,000
    And <bid>
    Then the bid is refused: <code>
    And alice is long 1 BTC-PERP
    And no offer-fill event follows
    And no value is created or lost

    Examples:
      | code               | bid                                                                                   |
      | EXPIRED            | at 12:01:30.500000001 carol bids for 0.1 of alice's BTC-PERP offer                    |
      | ZERO_LOTS          | carol bids for 0 of alice's BTC-PERP offer                                            |
      | OVERSIZED          | carol bids for 0.401 of alice's BTC-PERP offer                                        |
      | BELOW_MIN_SLICE    | carol bids for 0.015 of alice's BTC-PERP offer                                        |
      | SELF_DEALING       | alice-2 bids for 0.1 of alice's BTC-PERP offer                                        |
      | BONUS_BELOW_MIN    | carol bids for 0.1 of alice's BTC-PERP offer, asking 1.7501 % or more                 |
      | PRICE_MOVED        | carol bids for 0.1 of alice's BTC-PERP offer, up to a mark of 58,999.9                |
      | LIQUIDATOR_IN_CALL | frank bids for 0.1 of alice's BTC-PERP offer                                          |
      | UNDERFUNDED        | erin bids for 0.1 of alice's BTC-PERP offer                                           |

  Scenario: a bid at the very moment of expiry is in time
    When at 12:00:30.5 the mark price of BTC-PERP is 59,000
    And at 12:01:30.5 carol bids for 0.1 of alice's BTC-PERP offer
    Then the bid is accepted at a bonus of 2.75 %
    And no value is created or lost

  @T-15
  Scenario: the price recovers, the offer is withdrawn, and a late bid finds none
    When at 12:00:30.5 the mark price of BTC-PERP is 59,000
    And at 12:00:40 the mark price of BTC-PERP is 60,500
    Then these events follow
      | event           | account | quantity | reason    | time       |
      | offer-opened    | alice   | 0.4      |           | 12:00:30.5 |
      | offer-withdrawn | alice   | 0.4      | recovered | 12:00:40   |
    When carol bids for 0.1 of alice's BTC-PERP offer
    Then the bid is refused: UNKNOWN_OFFER
    And carol has no position
    And no value is created or lost
