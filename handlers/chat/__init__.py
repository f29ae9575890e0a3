"""What the bot says and asks: one module per reason to answer."""
