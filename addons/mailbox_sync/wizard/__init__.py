from . import mailbox_form
from . import mailbox_disconnect
from . import mailbox_new
from . import mailbox_test
from . import mailbox_backtest
from . import mailbox_move
from . import mailbox_push_setup
from . import mailbox_push_setup_steps
