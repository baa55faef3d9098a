/* What the end of a MESSAGE transaction means; see message_result.h. */
#include "sip/message_result.h"

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "base/buf.h"
#include "model/fault.h"
#include "sip/identity.h"
#include "sip/transaction.h"
#include "translate/fault_map.h"

/* The queue brings it again. */
void message_not_sent(struct fault *fault, const char *text)
{
	fault_set(fault, FAULT_REMOTE_SERVER_TIMEOUT, text);
	fault->again = AGAIN_PATH;
}

static void contact_of(const sip_t *sip, struct buf *out)
{
	if (sip->sip_contact != NULL)
		identity_uri(sip->sip_contact->m_url, out);
}

/* ERR-263, E.3: no answer is never a refusal by the user. */
enum outcome message_result_read(const struct transaction_result *result, struct fault *fault)
{
	struct buf contact = BUF_INIT;

	if (result->is_local && result->status == 408) {
		fault_set(fault, FAULT_REMOTE_SERVER_TIMEOUT,
			  "No answer from the SIP side: delivery is uncertain");
		return OUTCOME_UNKNOWN;
	}
	if (result->is_local) {
		message_not_sent(fault, "The SIP side cannot be reached");
		fault->retry_after_s = transaction_retry_after(result);
		return OUTCOME_REFUSED;
	}
	contact_of(result->sip, &contact);
	fault_from_sip(result->status, result->sip->sip_status->st_phrase,
		       contact.len != 0 ? contact.data : NULL, fault);
	fault->retry_after_s = transaction_retry_after(result);
	if (result->status == 491) /* MSG-041 */
		fault->again = AGAIN_FEW;
	buf_free(&contact);
	return OUTCOME_REFUSED;
}
