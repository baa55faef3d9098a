/* What a measurement found: counts that must be right, and times. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct figures {
	const char *name;
	/* correctness */
	unsigned long sent;
	unsigned long delivered; /* at the far side, each counted once */
	unsigned long answered;  /* with success, at the near side */
	unsigned long refused;   /* with an error */
	unsigned long repeated;  /* delivered more than once */
	unsigned long resent;    /* over UDP, for want of an answer, by us or by the daemon */
	char first_wrong[400];   /* the first error that came, for the eye */
	/* times */
	double seconds;
	double cpu_us; /* of the daemon, for one message or subscription */
	double p50_us, p99_us;
	double last_ms;  /* until the last of many was told of one change; 0: not such a kind */
	long rss_kib[3]; /* before, in the middle, after */
	double bytes_each;
};

/* Latencies, one slot for each number; 0: not arrived. */
struct latencies {
	uint64_t *sent_ns;
	uint64_t *took_ns;
	size_t count;
};

void latencies_init(struct latencies *latencies, size_t count);
void latencies_free(struct latencies *latencies);
void latencies_send(struct latencies *latencies, size_t i, uint64_t now_ns);
/* Returns false if i had arrived before, or was never sent. */
bool latencies_arrive(struct latencies *latencies, size_t i, uint64_t now_ns);
/* Sorts, and stores the two percentiles; the latencies are used up. */
void latencies_sum_up(struct latencies *latencies, struct figures *out);

void figures_print_head(void);
/* floor may be NULL. */
void figures_print(const struct figures *figures, const struct figures *floor);
/* Keeps the first of them. */
void figures_note(struct figures *figures, const char *data, size_t len);
/* All that was sent arrived once and was answered with success. */
bool figures_are_right(const struct figures *figures);
