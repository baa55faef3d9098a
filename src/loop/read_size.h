/* How much Sofia reads at once from a stream, and takes for one message of it. */
#pragma once

/* Nothing to be done at run time: calling it makes sure that our su_getmsgsize() and msg_next() are
 * linked in. */
void read_size_hook(void);
