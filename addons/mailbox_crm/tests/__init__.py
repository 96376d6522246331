from . import test_lead
from . import test_like_gateway
from . import test_suggestions
from . import test_together
from . import test_values
