"""How near simulated people come to recorded ones: sessions, features of windows, a judge, a report."""
