"""What each command does, in the words of its user; the arguments themselves are in ``forecalm.arguments``."""
