from . import project_task
from . import mailbox_route
