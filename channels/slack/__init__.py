"""Slack: customers in direct messages, mentions and threads, by HTTP or Socket Mode."""
