/* Words of moods and activities. */
#include "translate/vocabulary.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* RFC 4480 section 3.5 without other and unknown, in order; XEP-0107 has all of them. */
static const char *const common_moods[] = {
	"afraid",      "amazed",    "angry",       "annoyed",      "anxious",    "ashamed",
	"bored",       "brave",     "calm",        "cold",         "confused",   "contented",
	"cranky",      "curious",   "depressed",   "disappointed", "disgusted",  "distracted",
	"embarrassed", "excited",   "flirtatious", "frustrated",   "grumpy",     "guilty",
	"happy",       "hot",       "humbled",     "humiliated",   "hungry",     "hurt",
	"impressed",   "in_awe",    "in_love",     "indignant",    "interested", "invincible",
	"jealous",     "lonely",    "mean",        "moody",        "nervous",    "neutral",
	"offended",    "playful",   "proud",       "relieved",     "remorseful", "restless",
	"sad",         "sarcastic", "serious",     "shocked",      "shy",        "sick",
	"sleepy",      "stressed",  "surprised",   "thirsty",      "worried",
};

/* What XEP-0107 has beside them (RPR-020), in order. */
static const char *const more_moods[] = {
	"amorous",  "aroused",  "cautious", "confident",   "contemplative",
	"crazy",    "creative", "dejected", "dismayed",    "envious",
	"grateful", "grieving", "hopeful",  "intoxicated", "lost",
	"lucky",    "outraged", "relaxed",  "satisfied",   "spontaneous",
	"strong",   "thankful", "tired",    "undefined",   "weak",
};

/* XEP-0108, each with its activity of RFC 4480 and the place-type it names. In order. */
static const struct xmpp_activity {
	const char *path;
	enum activity activity;
	const char *place;
} activities[] = {
	{"doing_chores", ACTIVITY_OTHER, NULL},
	{"doing_chores/buying_groceries", ACTIVITY_SHOPPING, NULL},
	{"doing_chores/cleaning", ACTIVITY_OTHER, NULL},
	{"doing_chores/cooking", ACTIVITY_OTHER, NULL},
	{"doing_chores/doing_maintenance", ACTIVITY_OTHER, NULL},
	{"doing_chores/doing_the_dishes", ACTIVITY_OTHER, NULL},
	{"doing_chores/doing_the_laundry", ACTIVITY_OTHER, NULL},
	{"doing_chores/gardening", ACTIVITY_OTHER, NULL},
	{"doing_chores/running_an_errand", ACTIVITY_OTHER, NULL},
	{"doing_chores/walking_the_dog", ACTIVITY_OTHER, NULL},
	{"drinking", ACTIVITY_OTHER, NULL},
	{"drinking/having_a_beer", ACTIVITY_OTHER, NULL},
	{"drinking/having_coffee", ACTIVITY_OTHER, NULL},
	{"drinking/having_tea", ACTIVITY_OTHER, NULL},
	{"eating", ACTIVITY_MEAL, NULL},
	{"eating/having_a_snack", ACTIVITY_MEAL, NULL},
	{"eating/having_breakfast", ACTIVITY_BREAKFAST, NULL},
	{"eating/having_dinner", ACTIVITY_DINNER, NULL},
	{"eating/having_lunch", ACTIVITY_LUNCH, NULL},
	{"exercising", ACTIVITY_OTHER, NULL},
	{"exercising/cycling", ACTIVITY_OTHER, NULL},
	{"exercising/dancing", ACTIVITY_OTHER, NULL},
	{"exercising/hiking", ACTIVITY_OTHER, NULL},
	{"exercising/jogging", ACTIVITY_OTHER, NULL},
	{"exercising/playing_sports", ACTIVITY_OTHER, NULL},
	{"exercising/running", ACTIVITY_OTHER, NULL},
	{"exercising/skiing", ACTIVITY_OTHER, NULL},
	{"exercising/swimming", ACTIVITY_OTHER, NULL},
	{"exercising/working_out", ACTIVITY_OTHER, NULL},
	{"grooming", ACTIVITY_OTHER, NULL},
	{"grooming/at_the_spa", ACTIVITY_OTHER, NULL},
	{"grooming/brushing_teeth", ACTIVITY_OTHER, NULL},
	{"grooming/getting_a_haircut", ACTIVITY_OTHER, NULL},
	{"grooming/shaving", ACTIVITY_OTHER, NULL},
	{"grooming/taking_a_bath", ACTIVITY_OTHER, NULL},
	{"grooming/taking_a_shower", ACTIVITY_OTHER, NULL},
	{"having_appointment", ACTIVITY_APPOINTMENT, NULL},
	{"inactive", ACTIVITY_OTHER, NULL},
	{"inactive/day_off", ACTIVITY_OTHER, NULL},
	{"inactive/hanging_out", ACTIVITY_OTHER, NULL},
	{"inactive/hiding", ACTIVITY_OTHER, NULL},
	{"inactive/on_vacation", ACTIVITY_VACATION, NULL},
	{"inactive/praying", ACTIVITY_WORSHIP, NULL},
	{"inactive/scheduled_holiday", ACTIVITY_HOLIDAY, NULL},
	{"inactive/sleeping", ACTIVITY_SLEEPING, NULL},
	{"inactive/thinking", ACTIVITY_OTHER, NULL},
	{"relaxing", ACTIVITY_OTHER, NULL},
	{"relaxing/fishing", ACTIVITY_OTHER, NULL},
	{"relaxing/gaming", ACTIVITY_PLAYING, NULL},
	{"relaxing/going_out", ACTIVITY_SPECTATOR, NULL},
	{"relaxing/partying", ACTIVITY_OTHER, NULL},
	{"relaxing/reading", ACTIVITY_OTHER, NULL},
	{"relaxing/rehearsing", ACTIVITY_OTHER, NULL},
	{"relaxing/shopping", ACTIVITY_SHOPPING, NULL},
	{"relaxing/smoking", ACTIVITY_OTHER, NULL},
	{"relaxing/socializing", ACTIVITY_OTHER, NULL},
	{"relaxing/sunbathing", ACTIVITY_OTHER, NULL},
	{"relaxing/watching_a_movie", ACTIVITY_OTHER, NULL},
	{"relaxing/watching_tv", ACTIVITY_TV, NULL},
	{"talking", ACTIVITY_OTHER, NULL},
	{"talking/in_real_life", ACTIVITY_OTHER, NULL},
	{"talking/on_the_phone", ACTIVITY_ON_THE_PHONE, NULL},
	{"talking/on_video_phone", ACTIVITY_ON_THE_PHONE, NULL},
	{"traveling", ACTIVITY_IN_TRANSIT, NULL},
	{"traveling/commuting", ACTIVITY_IN_TRANSIT, NULL},
	{"traveling/cycling", ACTIVITY_IN_TRANSIT, "bicycle"},
	{"traveling/driving", ACTIVITY_STEERING, NULL},
	{"traveling/in_a_car", ACTIVITY_IN_TRANSIT, "automobile"},
	{"traveling/on_a_bus", ACTIVITY_IN_TRANSIT, "bus"},
	{"traveling/on_a_plane", ACTIVITY_IN_TRANSIT, "aircraft"},
	{"traveling/on_a_train", ACTIVITY_IN_TRANSIT, "train"},
	{"traveling/on_a_trip", ACTIVITY_TRAVEL, NULL},
	{"traveling/walking", ACTIVITY_IN_TRANSIT, NULL},
	{"undefined", ACTIVITY_UNKNOWN, NULL},
	{"working", ACTIVITY_WORKING, NULL},
	{"working/coding", ACTIVITY_WORKING, NULL},
	{"working/in_a_meeting", ACTIVITY_MEETING, NULL},
	{"working/studying", ACTIVITY_WORKING, NULL},
	{"working/writing", ACTIVITY_WORKING, NULL},
};

/* X0108-2, X0108-3. Away and busy are a show, performance and permanent-absence have no word. */
static const char *const to_xmpp[ACTIVITY_COUNT] = {
	[ACTIVITY_APPOINTMENT] = "having_appointment",
	[ACTIVITY_BREAKFAST] = "eating/having_breakfast",
	[ACTIVITY_DINNER] = "eating/having_dinner",
	[ACTIVITY_HOLIDAY] = "inactive/scheduled_holiday",
	[ACTIVITY_IN_TRANSIT] = "traveling",
	[ACTIVITY_LOOKING_FOR_WORK] = "working",
	[ACTIVITY_LUNCH] = "eating/having_lunch",
	[ACTIVITY_MEAL] = "eating",
	[ACTIVITY_MEETING] = "working/in_a_meeting",
	[ACTIVITY_ON_THE_PHONE] = "talking/on_the_phone",
	[ACTIVITY_PLAYING] = "relaxing/gaming",
	[ACTIVITY_PRESENTATION] = "working/in_a_meeting",
	[ACTIVITY_SHOPPING] = "relaxing/shopping",
	[ACTIVITY_SLEEPING] = "inactive/sleeping",
	[ACTIVITY_SPECTATOR] = "relaxing/going_out",
	[ACTIVITY_STEERING] = "traveling/driving",
	[ACTIVITY_TRAVEL] = "traveling/on_a_trip",
	[ACTIVITY_TV] = "relaxing/watching_tv",
	[ACTIVITY_VACATION] = "inactive/on_vacation",
	[ACTIVITY_WORKING] = "working",
	[ACTIVITY_WORSHIP] = "inactive/praying",
};

static int compare_words(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_among(const char *word, const char *const *words, size_t count)
{
	return bsearch(word, words, count, sizeof *words, compare_words) != NULL;
}

bool vocabulary_is_rpid_mood(const char *word)
{
	return is_among(word, common_moods, COUNT(common_moods));
}

bool vocabulary_is_xmpp_mood(const char *word)
{
	return is_among(word, common_moods, COUNT(common_moods)) ||
	       is_among(word, more_moods, COUNT(more_moods));
}

static int compare_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct xmpp_activity *)item)->path);
}

static const struct xmpp_activity *find_path(const char *path)
{
	return bsearch(path, activities, COUNT(activities), sizeof *activities, compare_path);
}

bool vocabulary_is_xmpp_activity(const char *path)
{
	return find_path(path) != NULL;
}

const char *vocabulary_to_xmpp_activity(enum activity activity, const char *place)
{
	for (size_t i = 0; place != NULL && i < COUNT(activities); i++) {
		if (activities[i].activity == activity && activities[i].place != NULL &&
		    strcmp(activities[i].place, place) == 0)
			return activities[i].path;
	}
	return to_xmpp[activity];
}

enum activity vocabulary_from_xmpp_activity(const char *path)
{
	const struct xmpp_activity *found = find_path(path);

	return found == NULL ? ACTIVITY_OTHER : found->activity;
}

static bool is_last_part(const char *path, const char *word)
{
	const char *last = strrchr(path, '/');

	last = last == NULL ? path : last + 1;
	for (; *last != '\0' && *word != '\0'; last++, word++) {
		if (*last != *word && !(*last == '_' && *word == ' '))
			return false;
	}
	return *last == *word;
}

const char *vocabulary_find_xmpp_activity(const char *word)
{
	for (size_t i = 0; i < COUNT(activities); i++) {
		if (is_last_part(activities[i].path, word))
			return activities[i].path;
	}
	return NULL;
}

const char *vocabulary_place_of_activity(const char *path)
{
	const struct xmpp_activity *found = find_path(path);

	return found == NULL ? NULL : found->place;
}
