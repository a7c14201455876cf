"""What certificates raise on purpose."""

from forecalm.config import ConfigError


class CertificateError(ConfigError):
    """A certificate cannot be had, or used; the message names the file or the setting, and what would be right."""
