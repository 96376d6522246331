from . import test_crypto
