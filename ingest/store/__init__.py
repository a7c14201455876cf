"""Where readings rest: what any store must do (``protocol``), and the databases that do it."""
