"""The feature sets that others use, over windows of recordings; nothing looks ahead."""
