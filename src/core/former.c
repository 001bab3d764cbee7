/*
 * Former suppliers: see former.h.
 */
#include "core/former.h"

#include "base/vector.h"

#include <assert.h>

static struct sc_former *
find(const struct sc_formers *formers, uint32_t peer, uint32_t subfile)
{
	for (uint32_t i = 0; i < formers->count; i++) {
		if (formers->items[i].peer == peer && formers->items[i].subfile == subfile)
			return &formers->items[i];
	}
	return NULL;
}

static struct sc_former *
former_for(struct sc_formers *formers, uint32_t peer, uint32_t subfile)
{
	struct sc_former *former = find(formers, peer, subfile);

	if (former != NULL)
		return former;
	formers->items = sc_vector_must32(formers->items, formers->count + 1, &formers->capacity,
	    sizeof(*formers->items));
	former = &formers->items[formers->count++];
	*former = (struct sc_former){.peer = peer, .subfile = subfile, .sent = SC_NONE};
	return former;
}

bool
sc_former_is(const struct sc_formers *formers, uint32_t peer, uint32_t subfile)
{
	return find(formers, peer, subfile) != NULL;
}

void
sc_former_decline(struct sc_formers *formers, uint32_t peer, uint32_t subfile)
{
	struct sc_message *message = sc_context_message(formers->context, SC_MESSAGE_DECLINE);

	formers->request = formers->request == UINT32_MAX ? 1 : formers->request + 1;
	message->u.decline = (struct sc_decline){.subfile = subfile, .request = formers->request};
	sc_context_send(formers->context, peer, message);
	former_for(formers, peer, subfile)->request = formers->request;
}

/* Once all that it sent has come, nothing is under way, and its receives can end. */
static void
withdraw_if_ready(struct sc_formers *formers, struct sc_former *former)
{
	struct sc_action *action;

	if (former->withdrawn || former->got != former->sent)
		return;
	former->withdrawn = true;
	if (former->posted == 0)
		return;
	action = sc_context_act(formers->context, SC_ACTION_WITHDRAW);
	action->peer = former->peer;
	action->subfile = former->subfile;
}

static void
drop(struct sc_formers *formers, struct sc_former *former)
{
	*former = formers->items[--formers->count];
}

/* Is it done?  Then it may be asked again. */
static void
settle(struct sc_formers *formers, struct sc_former *former)
{
	withdraw_if_ready(formers, former);
	if (!former->withdrawn || former->posted > 0 || former->request != 0)
		return;
	sc_marks_add_one(&formers->choose, former->subfile);
	drop(formers, former);
}

bool
sc_former_on_sent(struct sc_formers *formers, uint32_t peer, uint32_t subfile, uint32_t sent,
    uint32_t request)
{
	struct sc_former *former = find(formers, peer, subfile);

	if (former == NULL)
		return false;
	if (request == former->request)
		former->request = 0;
	former->sent = sent;
	settle(formers, former);
	return true;
}

void
sc_former_add(struct sc_formers *formers, const struct sc_former *retired)
{
	struct sc_former *former = former_for(formers, retired->peer, retired->subfile);

	assert(retired->peer != formers->context->self && former->posted == 0);
	former->got = retired->got;
	former->sent = retired->sent;
	former->posted = retired->posted;
	withdraw_if_ready(formers, former);
}

void
sc_former_forget(struct sc_formers *formers, uint32_t peer)
{
	for (uint32_t i = formers->count; i-- > 0;) {
		if (formers->items[i].peer == peer)
			drop(formers, &formers->items[i]);
	}
}

/* A chunk, or the end of a receive, of a supplier that is not in force. */
void
sc_former_on_received(struct sc_formers *formers, uint32_t peer, uint32_t subfile, bool chunk)
{
	struct sc_former *former = find(formers, peer, subfile);

	if (former == NULL)
		return;
	assert(former->posted > 0);
	former->posted--;
	former->got += chunk;
	settle(formers, former);
}

void
sc_former_check(const struct sc_formers *formers)
{
	for (uint32_t i = 0; i < formers->count; i++) {
		const struct sc_former *former = &formers->items[i];

		assert(find(formers, former->peer, former->subfile) == former);
		assert(former->sent == SC_NONE || former->got <= former->sent);
		assert(former->request <= formers->request);
	}
}
