"""What operators see of a running flow: metrics, health, logs. Nothing here decides anything."""
