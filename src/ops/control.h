/* The control socket (settings.md): one line in, text out, then end of file. The protocol is on one
 * page in docs/CONTROL.md. Commands are a table; each module's part stands in commands.c. */
#pragma once

#include <stddef.h>

struct buf;
struct control;
struct loop;

/* Runs a command: argv[0..argc) are the words after its name; appends text or (as_json) JSON to
 * *out. Returns 0, or an errno value with the reason in *out: EINVAL wrong words, ENOENT no such
 * thing. */
typedef int control_run_fn(int argc, const char *const *argv, int as_json, struct buf *out,
			   void *arg);

struct control_command {
	const char *name;      /* "show pairs" */
	const char *arguments; /* "[ADDRESS]" */
	const char *help;
	control_run_fn *run;
};

/* commands: table ended by a NULL name, borrowed. Makes the socket with mode 0660, replacing a
 * stale one. Returns 0 or errno with a sentence in error (EADDRINUSE: another daemon answers
 * there). */
int control_new(struct control **out, struct loop *loop, const char *path,
		const struct control_command *commands, void *arg, char *error, size_t error_len);
/* Closes connections and removes the socket file. */
void control_free(struct control **control);
