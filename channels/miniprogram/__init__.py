"""WeChat mini programs (小程序): the messages of their customer service."""
