/* Dialog event documents, several to one table and book (separated by a NUL), with time that passes
 * between them: both stay within their limits, every call that waits is due, and what is refused
 * changes nothing. [SEC-055] */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/profile.h"
#include "translate/dialog_info.h"
#include "translate/missed_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int is_true)
{
	if (!is_true)
		abort();
}

static void check_name(const char *name)
{
	expect(name == NULL ||
	       (strlen(name) <= DIALOG_OTHER_BYTES_MAX && utf8_is_valid(name, strlen(name))));
}

static void check_book(struct call_book *book, uint64_t now)
{
	struct call_end *call;

	expect(book->count <= CALL_BOOK_MAX);
	for (size_t i = 0; i < book->count; i++) {
		expect(book->ends[i].id != NULL && book->ends[i].rang_ms != 0);
		expect(book->ends[i].rang_ms <= book->ends[i].ended_ms);
		check_name(book->ends[i].name);
		check_name(book->ends[i].number);
	}
	call = call_book_next(book, now);
	expect((call != NULL) == (call_book_due_ms(book) <= now));
	for (; call != NULL; call = call_book_next(book, now)) {
		expect(!call->is_done);
		call->is_done = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct profile *profile = profile_find(size % 2 == 0 ? "generic" : "freeswitch");
	struct call_book book = {.settle_ms = 2000};
	struct call_table table = {0};
	const char *text = (const char *)data;
	uint64_t now = 1;

	while (size > 0) {
		const char *end = memchr(text, '\0', size);
		size_t len = end == NULL ? size : (size_t)(end - text);
		size_t rows = table.count, ends = book.count;

		if (call_table_apply(&table, &book, text, len, 64 * 1024, profile, now) != 0)
			expect(rows == table.count && ends == book.count);
		expect(table.count <= DIALOG_ROWS_MAX);
		expect((table.rows != NULL) == (table.count > 0));
		now += len % 5 * 1000;
		check_book(&book, now);
		text += end == NULL ? len : len + 1;
		size -= end == NULL ? len : len + 1;
	}
	call_table_clear(&table);
	call_book_clear(&book);
	expect(table.rows == NULL && book.count == 0 && call_book_due_ms(&book) == UINT64_MAX);
	return 0;
}
