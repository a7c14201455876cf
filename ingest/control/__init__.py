"""What gateways say of themselves and are asked to do: everything on the broker that is no reading."""
