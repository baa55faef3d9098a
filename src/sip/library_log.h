/* Sofia's own log goes through ours, held back per call site (SOF-022, REL-053). */
#pragma once

/* Before the first agent. */
void library_log_redirect(void);
