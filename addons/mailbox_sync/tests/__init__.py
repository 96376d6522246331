from . import test_crypto
from . import test_import
from . import test_faults
from . import test_oauth
from . import test_token
