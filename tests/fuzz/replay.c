/* Runs a fuzz target over every file of the folders named: seeds and old findings, in every build.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	struct buf text = BUF_INIT;
	char block[4096];
	uint8_t *exact;
	size_t got;
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		return 1;
	}
	do {
		got = fread(block, 1, sizeof(block), file);
		buf_append(&text, block, got);
	} while (got > 0);
	fclose(file);
	/* Of exactly this size, so that a read beyond the end is seen. */
	exact = malloc(text.len > 0 ? text.len : 1);
	if (exact == NULL)
		return 1;
	if (text.len > 0)
		memcpy(exact, text.data, text.len);
	LLVMFuzzerTestOneInput(exact, text.len);
	free(exact);
	buf_free(&text);
	return 0;
}

static int run_folder(const char *folder, int *count)
{
	DIR *dir = opendir(folder);
	int failed = 0;

	if (dir == NULL)
		return 0; /* nothing was found by this target yet */
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		failed |= run_file(path);
		(*count)++;
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int count = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= run_folder(argv[i], &count);
	printf("%d inputs\n", count);
	return failed != 0 || count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
