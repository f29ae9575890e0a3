"""Douyin's open platform: private messages, and comments under the account's own videos."""
