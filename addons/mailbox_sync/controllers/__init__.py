from . import mailbox_content
from . import mailbox_frame
from . import mailbox_oauth
from . import mailbox_push
