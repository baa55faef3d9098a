/* How the table of connections hears of them. */
#pragma once

/* Nothing to be done at run time: calling it makes sure that our versions of the library's
 * functions are linked in. */
void connection_hooks(void);
