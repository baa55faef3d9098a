/* Is a stanza well-formed? */
#include "hostile/well_formed.h"

#include <expat.h>

static const char header[] = "<stream:stream xmlns='jabber:component:accept' "
			     "xmlns:stream='http://etherx.jabber.org/streams'>";

bool well_formed(const char *text, size_t len)
{
	XML_Parser parser = XML_ParserCreateNS("UTF-8", '|');
	bool result = XML_Parse(parser, header, sizeof(header) - 1, 0) == XML_STATUS_OK &&
		      XML_Parse(parser, text, (int)len, 0) == XML_STATUS_OK &&
		      XML_Parse(parser, "</stream:stream>", 16, 1) == XML_STATUS_OK;

	XML_ParserFree(parser);
	return result;
}
