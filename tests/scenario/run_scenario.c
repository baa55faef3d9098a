/* Runs one script: run_scenario FILE.scn. Each line is done, and what the core then asks of the two
 * sides is compared with the lines that follow it, marked ">". Exit code 0 if all was as written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "scenario/scenario.h"
#include "scenario/scenario_words.h"

enum { LINES_MAX = 2000, LINE_BYTES = 1024 };

struct script {
	const char *file;
	char *lines[LINES_MAX];
	int count;
	struct scenario *scenario;
	bool failed;
};

static void complain(struct script *script, int at, const char *what, const char *text)
{
	printf("%s:%d: %s %s\n", script->file, at + 1, what, text);
	script->failed = true;
}

static bool read_script(struct script *script)
{
	char line[LINE_BYTES];
	FILE *in = fopen(script->file, "re");

	if (in == NULL)
		return false;
	while (script->count < LINES_MAX && fgets(line, sizeof line, in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		script->lines[script->count++] = mem_strdup(line + strspn(line, " \t"));
	}
	fclose(in);
	return true;
}

static bool is_silent(const char *line)
{
	return line[0] == '\0' || line[0] == '#';
}

/* %i becomes the round of the innermost repeat, from 1. */
static char *fill_in(const char *line, int round)
{
	struct buf out = BUF_INIT;
	const char *at;

	for (at = strstr(line, "%i"); at != NULL; at = strstr(line, "%i")) {
		buf_append(&out, line, (size_t)(at - line));
		buf_printf(&out, "%d", round);
		line = at + 2;
	}
	buf_puts(&out, line);
	return buf_take(&out);
}

static void expect(struct script *script, int at, int round)
{
	const char *got = scenario_take(script->scenario);
	char *line = fill_in(script->lines[at], round);
	const char *want = line + 1 + strspn(line + 1, " ");

	if (got == NULL)
		complain(script, at, "missing:", want);
	else if (strcmp(want, got) != 0) {
		complain(script, at, "wanted:", want);
		complain(script, at, "   got:", got);
	}
	mem_free(line);
}

static void expect_nothing_more(struct script *script, int at)
{
	const char *got = scenario_take(script->scenario);

	for (; got != NULL; got = scenario_take(script->scenario))
		complain(script, at, "unexpected:", got);
}

/* "any" behind an action: whatever it brings. "any LEAST MOST": so many lines. */
static void take_all(struct script *script, int at)
{
	char *rest = script->lines[at] + strlen("any");
	long least = strtol(rest, &rest, 10);
	long most = strtol(rest, NULL, 10);
	char text[64];
	long count = 0;

	while (scenario_take(script->scenario) != NULL)
		count++;
	(void)snprintf(text, sizeof text, "%ld", count);
	if (most > 0 && (count < least || count > most))
		complain(script, at, "lines:", text);
}

static void act(struct script *script, int at, int round)
{
	char *line = fill_in(script->lines[at], round);
	char *words[SCENARIO_WORDS_MAX];
	int count = scenario_split(line, words);
	const char *wrong = count <= 0 ? "too many words" : NULL;

	if (wrong == NULL)
		wrong = scenario_do(script->scenario, count, words);
	if (wrong != NULL)
		complain(script, at, "cannot do this:", wrong);
	mem_free(line);
}

/* The "end" of the repeat at line at. */
static int find_end(const struct script *script, int at)
{
	int depth = 0;

	for (; at < script->count; at++) {
		if (strncmp(script->lines[at], "repeat ", 7) == 0)
			depth++;
		if (strcmp(script->lines[at], "end") == 0 && --depth == 0)
			break;
	}
	return at;
}

/* Runs lines [from, to). */
static void run(struct script *script, int from, int to, int round)
{
	int last = from;

	for (int at = from; at < to && !script->failed; at++) {
		const char *line = script->lines[at];

		if (is_silent(line))
			continue;
		if (line[0] == '>') {
			expect(script, at, round);
			continue;
		}
		expect_nothing_more(script, last);
		last = at;
		if (strncmp(line, "repeat ", 7) == 0) {
			int end = find_end(script, at);
			long rounds = strtol(line + 7, NULL, 10);

			for (int i = 1; i <= rounds && !script->failed; i++)
				run(script, at + 1, end, i);
			at = end;
		} else {
			act(script, at, round);
			if (at + 1 < to && strncmp(script->lines[at + 1], "any", 3) == 0)
				take_all(script, ++at);
		}
	}
	if (!script->failed)
		expect_nothing_more(script, last);
}

int main(int argc, char **argv)
{
	struct script script = {.file = argc > 1 ? argv[1] : ""};

	if (argc != 2 || !read_script(&script)) {
		fprintf(stderr, "run_scenario FILE.scn (cannot read %s)\n", script.file);
		return 2;
	}
	scenario_new(&script.scenario);
	run(&script, 0, script.count, 0);
	scenario_free(&script.scenario);
	for (int i = 0; i < script.count; i++)
		mem_free(script.lines[i]);
	return script.failed ? 1 : 0;
}
