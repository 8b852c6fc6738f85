"""What tests of every part share: polling, real servers, a whole suite."""

from tests.support.polling import eventually

__all__ = ["eventually"]
