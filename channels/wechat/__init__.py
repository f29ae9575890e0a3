"""WeChat official accounts (公众号): plain and encrypted pushes, active and passive replies."""
