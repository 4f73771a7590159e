/*
 * Keys, commands and the event loop of aipod-pick.
 */
#ifndef AIPOD_PICKER_H
#define AIPOD_PICKER_H

#include "pick.h"

/*
 * Run the screen until the user has chosen (1) or left (0).  end is what ends
 * a record, initial the filter to begin with.  Exit ST_SYS when the terminal
 * is gone.
 */
int	 xpicker_run(struct pick *, int end, const char *initial);

#endif
