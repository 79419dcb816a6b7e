"""What instruments are reached through: HTTP, MQTT, clocks, and what answers are made of."""
