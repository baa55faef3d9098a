/* Which of several sockets a request leaves by. */
#pragma once

/* Nothing to be done at run time: calling it makes sure that our tport_primary_by_name() is linked
 * in. */
void way_out_hook(void);
