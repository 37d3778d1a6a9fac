"""Writers: a guest's policy in the words of another system, and what that can't say."""
