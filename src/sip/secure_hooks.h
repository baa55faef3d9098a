/* The functions of OpenSSL that Sofia calls, in between. */
#pragma once

struct ssl_ctx_st;
struct ssl_st;

/* Nothing to be done at run time: calling it makes sure that ours are linked in. */
void secure_hooks(void);
/* SSL_new() of OpenSSL itself. */
struct ssl_st *secure_hooks_new(struct ssl_ctx_st *context);
