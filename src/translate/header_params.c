/* Parameters of a header value. */
#include "translate/header_params.h"

#include <stdbool.h>
#include <string.h>

#include "translate/text_span.h"

struct text_span header_first_token(const char *value)
{
	struct text_span token = {value, strcspn(value, ";")};

	text_trim(&token.text, &token.len);
	return token;
}

/* The end of a parameter that starts at p: the next ';' outside quotes, or the end. */
static const char *parameter_end(const char *p)
{
	bool is_quoted = false;

	for (; *p != '\0' && (is_quoted || *p != ';'); p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && *p == '\\' && p[1] != '\0')
			p++;
	}
	return p;
}

struct text_span header_parameter(const char *header, const char *name)
{
	const char *p = parameter_end(header);

	while (*p == ';') {
		const char *begin = p + 1;
		const char *equals;
		struct text_span key, value;

		p = parameter_end(begin);
		equals = memchr(begin, '=', (size_t)(p - begin));
		if (equals == NULL)
			continue;
		key = (struct text_span){begin, (size_t)(equals - begin)};
		value = (struct text_span){equals + 1, (size_t)(p - equals) - 1};
		text_trim(&key.text, &key.len);
		text_trim(&value.text, &value.len);
		if (!text_is_like(key.text, key.len, name))
			continue;
		if (value.len >= 2 && value.text[0] == '"' && value.text[value.len - 1] == '"')
			value = (struct text_span){value.text + 1, value.len - 2};
		return value;
	}
	return (struct text_span){"", 0};
}
