/* RFC 3339 section 5.6. */
#include "translate/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "translate/text_span.h"

enum { DAYS_TO_1970 = 719468, DAYS_IN_ERA = 146097, YEARS_IN_ERA = 400 };

#define LATEST_MS INT64_C(253402300799999) /* end of the year 9999 */

struct cursor {
	const char *at;
	const char *end;
};

/* Exactly count digits. */
static bool take_number(struct cursor *c, int count, int *out)
{
	*out = 0;
	for (int i = 0; i < count; i++) {
		if (c->at == c->end || *c->at < '0' || *c->at > '9')
			return false;
		*out = *out * 10 + (*c->at++ - '0');
	}
	return true;
}

static bool take_char(struct cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March so that the leap day is
 * the last one. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / YEARS_IN_ERA;
	int64_t year_of_era = y - era * YEARS_IN_ERA;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_IN_ERA + day_of_era - DAYS_TO_1970;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + DAYS_TO_1970;
	int64_t era = z / DAYS_IN_ERA;
	int64_t doe = z - era * DAYS_IN_ERA;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * YEARS_IN_ERA + (*month <= 2));
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool take_date(struct cursor *c, int64_t *out_days)
{
	int year, month, day;

	if (!take_number(c, 4, &year))
		return false;
	bool has_dash = take_char(c, '-');
	if (!take_number(c, 2, &month) || (has_dash && !take_char(c, '-')) ||
	    !take_number(c, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	*out_days = days_from_date(year, month, day);
	return true;
}

/* Any number of fraction digits (X0082-1); what is finer than a millisecond is cut. */
static bool take_fraction(struct cursor *c, int *out_ms)
{
	int scale = 100;

	*out_ms = 0;
	if (!take_char(c, '.'))
		return true;
	if (c->at == c->end || *c->at < '0' || *c->at > '9')
		return false;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, scale /= 10)
		*out_ms += (*c->at - '0') * scale;
	return true;
}

static bool take_time(struct cursor *c, int64_t *out_ms)
{
	int hour, minute, second, ms;

	if (!take_number(c, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, &minute) ||
	    !take_char(c, ':') || !take_number(c, 2, &second) || !take_fraction(c, &ms))
		return false;
	if (hour > 24 || minute > 59 || second > 60) /* 60: a leap second, 24: end of the day */
		return false;
	*out_ms = (((int64_t)hour * 60 + minute) * 60 + second) * 1000 + ms;
	return true;
}

static bool take_zone(struct cursor *c, int64_t *out_ms)
{
	int hour, minute;
	int64_t sign;

	*out_ms = 0;
	if (c->at == c->end || take_char(c, 'Z') || take_char(c, 'z'))
		return true;
	sign = *c->at == '-' ? -1 : 1;
	if (!take_char(c, '+') && !take_char(c, '-'))
		return false;
	if (!take_number(c, 2, &hour))
		return false;
	(void)take_char(c, ':');
	if (!take_number(c, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*out_ms = sign * (hour * 60 + minute) * 60 * 1000;
	return true;
}

int timestamp_parse(const char *text, size_t len, int64_t *out_ms)
{
	struct cursor c;
	int64_t days, time_ms, zone_ms, ms;

	text_trim(&text, &len);
	c = (struct cursor){text, text + len};
	if (!take_date(&c, &days))
		return EBADMSG;
	if (!take_char(&c, 'T') && !take_char(&c, 't') && !take_char(&c, ' '))
		return EBADMSG;
	if (!take_time(&c, &time_ms) || !take_zone(&c, &zone_ms) || c.at != c.end)
		return EBADMSG;
	ms = days * 24 * 3600 * 1000 + time_ms - zone_ms;
	if (ms <= 0 || ms > LATEST_MS)
		return EBADMSG;
	*out_ms = ms;
	return 0;
}

void timestamp_format(int64_t ms, char out[TIMESTAMP_CHARS])
{
	int year, month, day;
	int64_t seconds = ms / 1000;
	int rest = (int)(seconds % 86400);
	int millis = (int)(ms % 1000);
	int n;

	out[0] = '\0';
	if (ms <= 0 || ms > LATEST_MS)
		return;
	date_from_days(seconds / 86400, &year, &month, &day);
	n = snprintf(out, TIMESTAMP_CHARS, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)year % 10000u,
		     (unsigned)month % 100u, (unsigned)day % 100u, (unsigned)rest / 3600u % 24u,
		     (unsigned)rest / 60u % 60u, (unsigned)rest % 60u);
	if (millis != 0)
		n += snprintf(out + n, TIMESTAMP_CHARS - (size_t)n, ".%03u",
			      (unsigned)millis % 1000u);
	(void)snprintf(out + n, TIMESTAMP_CHARS - (size_t)n, "Z");
}
