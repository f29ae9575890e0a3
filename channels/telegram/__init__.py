"""Telegram: bots by webhook or long polling, private chats and being addressed in groups."""
