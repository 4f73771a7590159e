/*
 * Where a question is put to the user, and how the answer comes back.
 */
#ifndef AIPOD_ASKFRONT_H
#define AIPOD_ASKFRONT_H

struct ask;
struct ask_answer;

/*
 * Ask through the best front end that there is (the setting APPROVER, the
 * session's terminal, tmux, the desktop, the controlling terminal) and take
 * the first answer, wherever it comes from; no after ASK_TIMEOUT seconds [60]
 * on display, and no when there is nobody to ask.  The question must be open.
 */
void	ask_user(struct ask *, struct ask_answer *);

#endif
