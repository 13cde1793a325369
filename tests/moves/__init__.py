"""Stand-ins of Kafka clusters whose offsets a test sets."""
