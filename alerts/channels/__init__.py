"""A message in; it is handed to whoever carries it on (push services, Apprise, MQTT), or a failure says why, out."""
