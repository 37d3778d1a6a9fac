"""Plain data without rules or IO: policies, domains, hosts, events."""
