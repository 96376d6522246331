from . import mailbox_content
from . import mailbox_oauth
