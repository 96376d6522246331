from . import crm_lead
from . import mailbox_route
