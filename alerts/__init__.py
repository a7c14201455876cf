"""Risk in, a carer told: pure situation logic, its journal and the words it uses."""
