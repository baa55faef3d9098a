/* What the settings own: texts and arrays that live and die together. */
#include "settings_private.h"

#include <string.h>

#include "base/mem.h"

struct block {
	struct block *next;
	size_t size;
	/* max_align_t: what follows may be anything. */
	_Alignas(max_align_t) char bytes[];
};

struct memory {
	struct block *blocks;
};

struct memory *memory_new(void)
{
	return mem_zalloc(sizeof(struct memory));
}

void memory_free(struct memory **out)
{
	struct memory *memory = *out;

	*out = NULL;
	if (memory == NULL)
		return;
	while (memory->blocks != NULL) {
		struct block *block = memory->blocks;

		memory->blocks = block->next;
		mem_wipe(block->bytes, block->size); /* SEC-091 */
		mem_free(block);
	}
	mem_free(memory);
}

static void *add_block(struct memory *memory, size_t size)
{
	struct block *block = mem_zalloc(sizeof(*block) + size);

	block->size = size;
	block->next = memory->blocks;
	memory->blocks = block;
	return block->bytes;
}

const char *memory_text(struct memory *memory, const char *text)
{
	char *copy;

	if (text == NULL)
		return NULL;
	copy = add_block(memory, strlen(text) + 1);
	memcpy(copy, text, strlen(text) + 1);
	return copy;
}

void *memory_array(struct memory *memory, size_t count, size_t size)
{
	return add_block(memory, count * size);
}
