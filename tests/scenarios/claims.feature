Feature: A deficit is paid step by step, and a later step pays nothing before all earlier ones are spent

  Scenario: 1,000 are 300 of the market, 400 of the fund, 200 of winners, 80 of the floor and 20 of traders
    Given a pool settled in USDC, an insurance fund of 480 with a floor of 80
    And the market BTC-PERP
      | lot   | tick | maintenance | compartment |
      | 0.001 | 0.1  | 5 %         | 300         |
    And bob has deposited 20,000
    And carol has deposited 20,000
    And gina has deposited 1,900
    And hal has deposited 2,100
    And alice has deposited 9,000
    And alice has bought 1 BTC-PERP at 60,000 from bob
    # Prices far from the mark leave carol with a gain of 200 at 50,000, hal with none, and bob flat.
    And bob has bought 1 BTC-PERP at 50,200 from carol
    And gina has bought 0.1 BTC-PERP at 49,000 from hal
    Then the compartment of BTC-PERP holds 300
    When the mark price of BTC-PERP is 50,000
    Then these events follow
      | event           | account | market   | amount | balance | reason     | fee |
      | bankrupt        | alice   | none     | 1,000  |         |            |     |
      | fund            | alice   | BTC-PERP | -300   | 0       | draw       |     |
      | fund            | alice   | none     | -400   | 80      | draw       |     |
      | adl             | carol   | BTC-PERP | 50,200 |         |            | 200 |
      | fund            | alice   | none     | -80    | 0       | floor-draw |     |
      | socialized-loss | alice   | none     | 20     |         |            |     |
    And the loss is socialized
      | account | charge |
      | gina    | 10     |
      | hal     | 10     |
    And the compartment of BTC-PERP holds 0
    And the insurance fund holds 0
    And alice has balance 0
    And bob is unchanged to the byte
    And no value is created or lost
