from . import controllers
from . import models
from . import wizard
from . import log_guard

log_guard.install()
