/* What the attacker starts from. */
#include "hostile/seeds.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "hostile/torture.h"

enum { SEED_BYTES = 128 * 1024, SEEDS = 4096 };

static void add(struct seed_list *list, const char *data, size_t len)
{
	if (list->count == SEEDS)
		return;
	list->items[list->count].data = mem_strndup(data, len);
	list->items[list->count].len = len;
	list->count++;
}

/* Whole words of the samples' domains, longest first: "sip.test" must not eat "asterisk.sip.test".
 */
static void rename_domains(struct buf *out, const char *data, size_t len, const char *sip_name)
{
	size_t i = 0;

	while (i < len) {
		if (len - i >= 8 && memcmp(data + i, "sip.test", 8) == 0) {
			buf_puts(out, sip_name);
			i += 8;
		} else if (len - i >= 9 && memcmp(data + i, "xmpp.test", 9) == 0) {
			buf_puts(out, "chat.example");
			i += 9;
		} else {
			buf_putc(out, data[i++]);
		}
	}
}

static void add_sample(struct seeds *seeds, const char *data, size_t len)
{
	struct buf text = BUF_INIT;

	if (len > 1 && data[0] == '<' && data[1] != '?') {
		while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
			len--;
		rename_domains(&text, data, len, "sip.chat.example");
		add(&seeds->stanzas, text.data, text.len);
	} else if (memmem(data, len, "SIP/2.0", 7) != NULL) {
		rename_domains(&text, data, len, "pbx.example");
		add(&seeds->sip, text.data, text.len);
	}
	buf_free(&text);
}

static void load_file(struct seeds *seeds, const char *path)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	size_t len = 0;

	if (file == NULL)
		return;
	data = mem_alloc(SEED_BYTES);
	len = fread(data, 1, SEED_BYTES, file);
	fclose(file);
	if (len > 0)
		add_sample(seeds, data, len);
	mem_free(data);
}

static void load_folder(struct seeds *seeds, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort); /* the same order everywhere */

	for (int i = 0; i < count; i++) {
		char path[1024];
		struct stat status;
		const char *name = entries[i]->d_name;

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (name[0] != '.' && strcmp(name, "README.md") != 0 && stat(path, &status) == 0) {
			if (S_ISDIR(status.st_mode))
				load_folder(seeds, path);
			else
				load_file(seeds, path);
		}
		free(entries[i]);
	}
	free(entries);
}

void seeds_load(struct seeds *out, const char *folder)
{
	memset(out, 0, sizeof(*out));
	out->sip.items = mem_array(SEEDS, sizeof(struct seed));
	out->stanzas.items = mem_array(SEEDS, sizeof(struct seed));
	for (const char *const *text = torture_sip(); *text != NULL; text++)
		add(&out->sip, *text, strlen(*text));
	out->torture = out->sip.count;
	for (const char *const *text = torture_stanzas(); *text != NULL; text++)
		add(&out->stanzas, *text, strlen(*text));
	if (folder != NULL)
		load_folder(out, folder);
}

static void list_free(struct seed_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mem_free(list->items[i].data);
	mem_free(list->items);
}

void seeds_free(struct seeds *seeds)
{
	list_free(&seeds->sip);
	list_free(&seeds->stanzas);
}
