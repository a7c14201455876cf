"""The forecalm band profile (docs/gatt.md), bytes to values and back."""
