"""Weibo private messages (粉丝服务平台): signed pushes, active and passive replies."""
