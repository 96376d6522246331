from . import helpdesk_ticket
from . import mailbox_route
