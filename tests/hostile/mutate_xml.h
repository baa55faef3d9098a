/* Damage for stanzas that leaves them well-formed. */
#pragma once

#include "base/buf.h"
#include "hostile/rng.h"
#include "hostile/seeds.h"

/* Changes one place of text, a single element, which stays a single well-formed element. */
void mutate_xml(struct buf *text, struct rng *rng, const struct seed_list *seeds);
