"""QQ's official bots: direct talks, and groups where the bot is addressed."""
