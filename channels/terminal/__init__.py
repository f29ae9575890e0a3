"""One developer at a keyboard, without an account anywhere."""
