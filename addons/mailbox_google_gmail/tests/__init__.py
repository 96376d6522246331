from . import test_token_status
