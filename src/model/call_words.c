/* The texts, a column a language, in the order of presence_words.c; a test sees that none is
 * missing. A # is where the number or the caller stands. */
#include "model/call_words.h"

#include <string.h>

#include "base/buf.h"

enum { LANGUAGES = 14 };

static const char *const voicemails[LANGUAGES] = {
	"New voicemail",          "Neue Sprachnachricht",
	"Nouveau message vocal",  "Nuevo mensaje de voz",
	"Nuovo messaggio vocale", "Nieuw voicemailbericht",
	"Nova mensagem de voz",   "Nowa wiadomość głosowa",
	"Nytt röstmeddelande",    "Ny besked på telefonsvareren",
	"Ny talemelding",         "Uusi ääniviesti",
	"Nová hlasová zpráva",    "Новое голосовое сообщение"};

static const char *const freshes[LANGUAGES] = {
	": # new",   ": # neu",    " : # non lus", ": nuevos: #", ": nuovi: #",
	": # nieuw", ": novas: #", ": nowe: #",    ": # nya",     ": # nye",
	": # nye",   ": uusia #",  ": nové: #",    ": новых: #"};

static const char *const urgents[LANGUAGES] = {
	" (# urgent)",   " (# dringend)",     " (urgents : #)", " (urgentes: #)",  " (urgenti: #)",
	" (# dringend)", " (urgentes: #)",    " (pilne: #)",    " (# brådskande)", " (# vigtige)",
	" (# viktige)",  " (kiireellisiä #)", " (naléhavé: #)", " (срочных: #)"};

static const char *const olds[LANGUAGES] = {
	", # old",   ", # alt",      ", # lus",    ", antiguos: #", ", vecchi: #",
	", # oud",   ", antigas: #", ", stare: #", ", # gamla",     ", # gamle",
	", # gamle", ", vanhoja #",  ", staré: #", ", старых: #"};

static const char *const misseds[LANGUAGES] = {
	"Missed call",    "Verpasster Anruf",  "Appel manqué",    "Llamada perdida",
	"Chiamata persa", "Gemiste oproep",    "Chamada perdida", "Nieodebrane połączenie",
	"Missat samtal",  "Mistet opkald",     "Tapt anrop",      "Vastaamaton puhelu",
	"Zmeškaný hovor", "Пропущенный звонок"};

static const char *const callers[LANGUAGES] = {" from #", " von #", " de #", " de #",   " da #",
					       " van #",  " de #",  ": #",   " från #", " fra #",
					       " fra #",  ": #",    ": #",   ": #"};

static void put(const char *text, const char *value, struct buf *out)
{
	size_t before = strcspn(text, "#");

	buf_append(out, text, before);
	if (text[before] == '\0')
		return;
	buf_puts(out, value);
	buf_puts(out, text + before + 1);
}

static void put_number(const char *text, uint32_t number, struct buf *out)
{
	struct buf value = BUF_INIT;

	buf_printf(&value, "%u", (unsigned)number);
	put(text, buf_text(&value), out);
	buf_free(&value);
}

void call_words_voicemail(int language, uint32_t fresh, uint32_t urgent, uint32_t old,
			  struct buf *out)
{
	buf_puts(out, voicemails[language]);
	put_number(freshes[language], fresh, out);
	if (urgent > 0)
		put_number(urgents[language], urgent, out);
	put_number(olds[language], old, out);
}

void call_words_voicemail_uncounted(int language, struct buf *out)
{
	buf_puts(out, voicemails[language]);
}

void call_words_missed(int language, const char *name, const char *number, struct buf *out)
{
	struct buf caller = BUF_INIT;

	buf_puts(&caller, name != NULL ? name : number != NULL ? number : "");
	if (name != NULL && number != NULL && strcmp(name, number) != 0) {
		buf_puts(&caller, " (");
		buf_puts(&caller, number);
		buf_puts(&caller, ")");
	}
	buf_puts(out, misseds[language]);
	if (caller.len > 0)
		put(callers[language], buf_text(&caller), out);
	buf_free(&caller);
}
