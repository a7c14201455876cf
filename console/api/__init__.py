"""Acts and questions of tablets, phones and programs as JSON in, what was done or why not out."""
