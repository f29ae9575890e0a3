"""WeCom customer service (微信客服): the accounts of one company."""
