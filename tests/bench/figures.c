/* What a measurement found. */
#include "bench/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void latencies_init(struct latencies *latencies, size_t count)
{
	latencies->sent_ns = mem_array(count, sizeof(uint64_t));
	latencies->took_ns = mem_array(count, sizeof(uint64_t));
	memset(latencies->sent_ns, 0, count * sizeof(uint64_t));
	memset(latencies->took_ns, 0, count * sizeof(uint64_t));
	latencies->count = count;
}

void latencies_free(struct latencies *latencies)
{
	mem_free(latencies->sent_ns);
	mem_free(latencies->took_ns);
	memset(latencies, 0, sizeof(*latencies));
}

void latencies_send(struct latencies *latencies, size_t i, uint64_t now_ns)
{
	latencies->sent_ns[i] = now_ns;
}

bool latencies_arrive(struct latencies *latencies, size_t i, uint64_t now_ns)
{
	if (i >= latencies->count || latencies->sent_ns[i] == 0 || latencies->took_ns[i] != 0)
		return false;
	latencies->took_ns[i] = now_ns - latencies->sent_ns[i] + 1;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void latencies_sum_up(struct latencies *latencies, struct figures *out)
{
	size_t first = 0;
	size_t count = 0;

	qsort(latencies->took_ns, latencies->count, sizeof(uint64_t), compare);
	while (first < latencies->count && latencies->took_ns[first] == 0)
		first++;
	count = latencies->count - first;
	if (count == 0)
		return;
	out->p50_us = (double)latencies->took_ns[first + count / 2] / 1000;
	out->p99_us = (double)latencies->took_ns[first + count * 99 / 100] / 1000;
}

void figures_print_head(void)
{
	printf("%-24s %8s %9s %8s %7s %7s %9s %9s %21s %8s\n", "", "sent", "arrived", "rate/s",
	       "cpu us", "x floor", "p50 us", "p99 us", "RSS MiB before/mid/end", "B each");
}

static const char *ratio(char *out, size_t len, const struct figures *figures,
			 const struct figures *floor)
{
	if (floor == NULL || floor->cpu_us <= 0)
		return "-";
	snprintf(out, len, "%.1f", figures->cpu_us / floor->cpu_us);
	return out;
}

void figures_print(const struct figures *f, const struct figures *floor)
{
	char ratio_text[32];
	char each[32] = "-";

	if (f->bytes_each > 0)
		snprintf(each, sizeof(each), "%.0f", f->bytes_each);
	printf("%-24s %8lu %9lu %8.0f %7.1f %7s %9.0f %9.0f %7.1f %6.1f %6.1f  %8s\n", f->name,
	       f->sent, f->delivered, f->seconds > 0 ? (double)f->delivered / f->seconds : 0,
	       f->cpu_us, ratio(ratio_text, sizeof(ratio_text), f, floor), f->p50_us, f->p99_us,
	       (double)f->rss_kib[0] / 1024, (double)f->rss_kib[1] / 1024,
	       (double)f->rss_kib[2] / 1024, each);
	if (f->last_ms > 0)
		printf("    of one change the last was told after %.0f ms\n", f->last_ms);
	if (!figures_are_right(f))
		printf("    WRONG: sent %lu, delivered %lu, repeated %lu, answered %lu, refused "
		       "%lu,"
		       " resent %lu\n",
		       f->sent, f->delivered, f->repeated, f->answered, f->refused, f->resent);
	else if (f->resent > 0)
		printf("    %lu requests were sent again over UDP\n", f->resent);
	if (f->first_wrong[0] != '\0')
		printf("    the first error:\n%s\n", f->first_wrong);
	fflush(stdout);
}

void figures_note(struct figures *figures, const char *data, size_t len)
{
	if (figures->first_wrong[0] == '\0')
		snprintf(figures->first_wrong, sizeof(figures->first_wrong), "%.*s", (int)len,
			 data);
}

bool figures_are_right(const struct figures *f)
{
	return f->sent > 0 && f->delivered == f->sent && f->answered == f->sent &&
	       f->refused == 0 && f->repeated == 0;
}
