"""The generic webhook: any system that can post JSON, signed as Standard Webhooks says."""
