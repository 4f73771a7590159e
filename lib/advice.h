/*
 * Commands that are sent back before anybody is asked.
 */
#ifndef AIPOD_ADVICE_H
#define AIPOD_ADVICE_H

#include <stddef.h>

/* Words for the agent on what to do instead, or NULL when it may pass. */
const char *advice(const char *cmd, size_t len);

#endif
