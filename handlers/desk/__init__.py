"""What agents, departments and supervisors do."""
