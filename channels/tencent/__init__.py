"""What WeChat's and WeCom's adapters share: sealed calls, guarded XML, tokens, codes, menus."""
