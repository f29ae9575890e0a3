"""The chat on the firm's own website: our own protocol, no platform in between."""
