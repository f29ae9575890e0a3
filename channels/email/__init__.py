"""E-mail: a mailbox read by IMAP, answered by SMTP."""
