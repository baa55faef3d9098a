/* Names in /etc/hosts; see locate_hosts.h. */
#include "sip/locate_hosts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sip/net_address.h"

enum { HOSTS_LINES_MAX = 20000, HOSTS_LINE_BYTES = 1024 };

static const char blanks[] = " \t\r\n";

static bool names(char *rest, const char *name)
{
	char *place = NULL;

	for (const char *word = strtok_r(rest, blanks, &place); word != NULL;
	     word = strtok_r(NULL, blanks, &place))
		if (strcasecmp(word, name) == 0)
			return true;
	return false;
}

/* "address name alias ..." */
static bool read_line(char *line, const char *name, struct net_address *out)
{
	char *place = NULL;
	const char *address;

	line[strcspn(line, "#")] = '\0';
	address = strtok_r(line, blanks, &place);
	if (address == NULL || place == NULL || !names(place, name))
		return false;
	memset(out, 0, sizeof *out);
	return net_address_parse(out, address);
}

size_t locate_hosts(const char *path, const char *name, struct net_address *out, size_t max)
{
	FILE *file = fopen(path != NULL ? path : "/etc/hosts", "re");
	char line[HOSTS_LINE_BYTES];
	size_t count = 0;

	if (file == NULL)
		return 0;
	for (int i = 0; i < HOSTS_LINES_MAX && count < max; i++) {
		if (fgets(line, sizeof line, file) == NULL)
			break;
		count += read_line(line, name, &out[count]);
	}
	fclose(file);
	return count;
}
