"""The flows' ends and steps over Kafka: one lane a pool, on every topic that is a pool's."""
