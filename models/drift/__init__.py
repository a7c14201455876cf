"""What a model sees and says today beside what it was trained on."""
