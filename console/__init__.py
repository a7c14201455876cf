"""What people see: the carers' board, served to tablets."""
