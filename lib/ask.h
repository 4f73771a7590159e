/*
 * Questions to the user that are pending: a directory each, asks/ID below the
 * session's directory (or below RUNTIME/HASH where there is no session), with
 * one fact a file.  Whoever links `answer` first has answered.
 */
#ifndef AIPOD_ASK_H
#define AIPOD_ASK_H

#include "buf.h"

#define ASK_ID		9		/* 8 hexadecimal digits and a NUL */
#define ASK_PENDING	8		/* questions at a time in a session */
#define ASK_RATE	30		/* questions a minute in a session */
#define ASK_MESSAGE	1000		/* bytes of the agent's words shown */

enum ask_choice { ASK_FAILED, ASK_ONCE, ASK_ALWAYS, ASK_DOMAIN, ASK_NO };

struct ask {
	char		 id[ASK_ID];
	char		*dir;		/* .../asks/ID */
	int		 lock;		/* held by the asker; -1 elsewhere */
	char		*kind;		/* command, host, service */
	struct buf	 subject;
	char		*workspace;
	char		*session;	/* NULL: none */
	char		*agent;		/* NULL: unknown */
	char		*message;	/* the agent's words, or NULL */
	char		*changes;	/* why an always-rule is void, or NULL */
	char		*unbound;	/* why always means once, or NULL */
	long long	 at;		/* when it was asked */
};

struct ask_answer {
	enum ask_choice	 choice;
	int		 silence;	/* no to all of this session */
	char		 reason[512];	/* words for the agent; "" for a yes */
};

const char *ask_choice_name(enum ask_choice);
/*
 * Read an answer: once (yes, y), always (a), always-domain (d) where the
 * question has one, no (n) [1|2|3|words], 1, 2, 3, silence (s).  0, or -1 when
 * it is none; then the choice is ASK_FAILED.
 */
int	 ask_parse(const struct ask *, struct ask_answer *, const char *line);
/*
 * For a host's question on the n bytes NAME:PORT: the pattern of the rule that
 * always makes, "NAME" or "NAME:PORT".  1, or 0 when they are none: an address
 * is not asked about.
 */
#define ASK_PATTERN	272
int	 ask_host(const char *subject, size_t n, char pattern[ASK_PATTERN]);
/*
 * The same of always-domain: all names beside this one, "*.DOMAIN" or
 * "*.DOMAIN:PORT".  0 when there is none to be had, too: DOMAIN would be a
 * top-level domain, or like co.uk.
 */
int	 ask_domain(const char *kind, const char *subject, size_t n,
	    char pattern[ASK_PATTERN]);
/* A no that nobody gave, with the words that the agent is to read. */
void	 ask_refuse(struct ask_answer *, const char *reason);

/*
 * Register a question whose kind, subject and so on are filled in, below the
 * private directory top.  0, or -1 with errno and *why set to words for the
 * agent when it may not be asked (silenced, too many).
 */
int	 ask_open(struct ask *, const char *top, const char **why);
/* Take it back and release it. */
void	 ask_close(struct ask *);

/* Load what is pending; all sessions of all workspaces. */
int	 asks_list(struct ask **);
void	 asks_free(struct ask *, int n);

/* Answer: 0, or -1 with errno EEXIST when somebody did before. */
int	 ask_put(const struct ask *, const char *line);
/*
 * Wait until the asker has acted on an answer that was put: 1 when it has, 0
 * when it is gone and has not, or is still at it after ms.
 */
int	 ask_taken(const struct ask *, int ms);
/* The answer if there is one: 1, else 0. */
int	 ask_get(const struct ask *, struct ask_answer *);
/* From now on every question of this session is answered with no. */
int	 ask_silence(const struct ask *);

/*
 * The question in words, safe to be shown anywhere; each line of the subject
 * stands behind "  | ", of what has changed behind "  ~ ", of the agent's own
 * words behind "  : ".
 */
int	 ask_render(const struct ask *, struct buf *);
/*
 * The n bytes of such a text wrapped to so many columns: a line that goes on
 * does so behind "  > ", so that nothing in it can pass for a line of its own.
 */
#define ASK_COLUMNS	76		/* what is in the file `text` */
int	 ask_wrap(struct buf *, const char *, size_t n, int cols);

#endif
