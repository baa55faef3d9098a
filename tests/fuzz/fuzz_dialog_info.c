/* Dialog event documents, several to one table (separated by a NUL): it stays within its limits,
 * says something once it has heard something, and what is refused changes nothing. [SEC-055] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/phone.h"
#include "model/profile.h"
#include "translate/dialog_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void check_phone(const struct dialog_table *table)
{
	struct phone phone = {0};

	dialog_table_phone(table, &phone);
	expect(table->is_heard == (phone.state != PHONE_UNKNOWN));
	expect((phone.state > PHONE_IDLE) == (table->count > 0));
	expect((table->rows != NULL) == (table->count > 0));
	expect(table->count <= DIALOG_ROWS_MAX);
	if (phone.other != NULL) {
		size_t len = strlen(phone.other);

		expect(len > 0 && len <= DIALOG_OTHER_BYTES_MAX && utf8_is_valid(phone.other, len));
		expect(strpbrk(phone.other, "\r\n\t") == NULL);
	}
	phone_clear(&phone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct profile *profile = profile_find(size % 2 == 0 ? "generic" : "freeswitch");
	struct dialog_table table = {0};
	const char *text = (const char *)data;

	while (size > 0) {
		const char *end = memchr(text, '\0', size);
		size_t len = end == NULL ? size : (size_t)(end - text);
		struct dialog_table before = table;
		bool wants_full = false;

		if (dialog_info_apply(&table, text, len, 64 * 1024, profile, &wants_full) != 0)
			expect(before.rows == table.rows && before.count == table.count &&
			       before.version == table.version &&
			       before.is_heard == table.is_heard);
		else
			expect(table.is_heard);
		check_phone(&table);
		text += end == NULL ? len : len + 1;
		size -= end == NULL ? len : len + 1;
	}
	dialog_table_clear(&table);
	expect(table.rows == NULL && table.count == 0);
	return 0;
}
