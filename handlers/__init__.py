"""Handlers decide: one turn of a conversation (chat), and what agents and clocks do (desk)."""
