/* Where a request goes, from what a URI and the records of a DNS say (src/sip/locate_rules.c): the
 * first line is a URI, the others are NAPTR ("n ORDER PREFERENCE FLAGS SERVICES REPLACEMENT") and
 * SRV records ("s PRIORITY WEIGHT PORT TARGET"). [SEC-110] */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sip/locate_rules.h"
#include "sip/net_address.h"

enum { FIELDS_MAX = 6, NUMBERS_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct records {
	struct locate_naptr naptr[LOCATE_RECORDS_MAX];
	size_t naptr_count;
	struct locate_srv srv[LOCATE_RECORDS_MAX];
	size_t srv_count;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* As random as the bound: enough to see that nothing depends on it. */
static uint64_t half(uint64_t bound)
{
	check(bound > 0);
	return bound / 2;
}

static uint16_t number(const char *text)
{
	return (uint16_t)(strtoul(text, NULL, 10) % NUMBERS_MAX);
}

static size_t cut(char *line, char *fields[FIELDS_MAX])
{
	char *rest = line;
	size_t count = 0;

	while (count < FIELDS_MAX && rest != NULL)
		fields[count++] = strsep(&rest, " ");
	return count;
}

static void read_record(struct records *records, char *line)
{
	char *fields[FIELDS_MAX];
	size_t count = cut(line, fields);

	if (count == 6 && *fields[0] == 'n' && records->naptr_count < LOCATE_RECORDS_MAX)
		records->naptr[records->naptr_count++] = (struct locate_naptr){
			number(fields[1]), number(fields[2]), fields[3], fields[4], "", fields[5]};
	if (count >= 5 && *fields[0] == 's' && records->srv_count < LOCATE_RECORDS_MAX) {
		struct locate_srv *srv = &records->srv[records->srv_count++];

		*srv = (struct locate_srv){.priority = number(fields[1]),
					   .weight = number(fields[2]),
					   .port = number(fields[3])};
		snprintf(srv->target, sizeof srv->target, "%s", fields[4]);
	}
}

static void check_steps(const struct locate_step *steps, size_t count, unsigned served)
{
	check(count <= LOCATE_STEPS_MAX);
	for (size_t i = 0; i < count; i++) {
		check(memchr(steps[i].name, '\0', sizeof steps[i].name) != NULL);
		check((served & locate_bit(steps[i].transport)) != 0);
	}
}

static void try_uri(const char *text, unsigned served)
{
	struct uri_parts parts;
	struct locate_plan plan;

	if (!uri_parts_read(&parts, text) || !locate_plan(&plan, &parts, served))
		return;
	check((served & locate_bit(plan.transport)) != 0);
	check_steps(plan.steps, plan.step_count, served);
}

static void try_records(struct records *records, unsigned served)
{
	struct locate_step steps[LOCATE_STEPS_MAX];
	bool is_sips = (served & locate_bit(LOCATE_TLS)) != 0;
	size_t count =
		locate_read_naptr(records->naptr, records->naptr_count, is_sips, served, steps);

	check_steps(steps, count, served);
	locate_order(records->srv, records->srv_count, half);
	for (size_t i = 1; i < records->srv_count; i++)
		check(records->srv[i - 1].priority <= records->srv[i].priority);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records records;
	char *text;
	char *rest;
	unsigned served;

	if (size == 0)
		return 0;
	served = data[0] & 7;
	if (served == 0) /* there is no bridge without a listener */
		served = locate_bit(LOCATE_UDP);
	text = mem_strndup((const char *)data + 1, size - 1);
	rest = text;
	memset(&records, 0, sizeof records);
	try_uri(strsep(&rest, "\n"), served);
	while (rest != NULL)
		read_record(&records, strsep(&rest, "\n"));
	try_records(&records, served);
	mem_free(text);
	return 0;
}
