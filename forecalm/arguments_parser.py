"""What somebody typed that is no command in; what was wrong with it, and what would be right, out."""

import argparse
from typing import NoReturn

from forecalm.nearest import meant


class Parser(argparse.ArgumentParser):
    """Names what may stand where an action is missing, and the nearest to one that is none."""

    def error(self, message: str) -> NoReturn:
        """Say it, and end with 2."""
        for action in self._actions:
            if not isinstance(action, argparse._SubParsersAction):
                continue
            if message.endswith(f"required: {action.metavar}"):
                message += f", one of {', '.join(action.choices)}: {self.prog} {action.metavar} --help"
            elif message.startswith(f"argument {action.metavar}: invalid choice: "):
                said = message.partition("invalid choice: ")[2].partition(" (")[0].strip("'")
                message += meant(said, action.choices)
        super().error(message)
