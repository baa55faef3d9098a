/* How much Sofia reads at once from a stream. */
#pragma once

/* Nothing to be done at run time: calling it makes sure that our su_getmsgsize() is linked in. */
void read_size_hook(void);
