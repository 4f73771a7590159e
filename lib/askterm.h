/*
 * Asking on a terminal.
 */
#ifndef AIPOD_ASKTERM_H
#define AIPOD_ASKTERM_H

struct ask;
struct buf;

/*
 * Show the question on the terminal fd, page by page, and read an answer;
 * what was typed before the prompt appeared is dropped.  Ctrl-C, an empty line
 * and the end of input are no.  Returns 0 with the answer's line in the
 * buffer, or -1 with errno when fd is no terminal or it went away; ECANCELED
 * when somebody else answered meanwhile.  The terminal is put back.  seconds
 * is what is left to answer; when they are over, ETIMEDOUT.
 */
int	askterm(int fd, const struct ask *, int seconds, struct buf *line);

#endif
