Feature: A trade pays the venue, and a maker out of what the taker pays

  Background:
    Given a pool settled in USDC
    And the market BTC-PERP
      | lot   | tick | maintenance | fee     | rebate |
      | 0.001 | 0.1  | 1 %         | 450 ppm | 50 ppm |
    And alice has deposited 1,000
    And bob has deposited 1,000

  Scenario: the taker's fee and the maker's rebate
    When alice buys 1 BTC-PERP at 55,000 from bob
    Then alice has balance 975.25
    And bob has balance 1,002.75
    And the fees hold 22
    And alice is long 1 BTC-PERP with an entry cost of 55,000
    And no value is created or lost

  Scenario: a part of an hour's fees goes to the insurance fund
    When alice buys 1 BTC-PERP at 55,000 from bob
    And it is 13:00:00
    Then the fees hold 19.8
    And the insurance fund holds 2.2
    And no value is created or lost
