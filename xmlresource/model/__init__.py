"""What is declared, what a host has, what was promised: plain data without rules or IO."""
