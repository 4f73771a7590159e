/*
 * May this name be reached at this port?  The rules of the files, what the
 * user answered in this session, and the session's mode.
 */
#ifndef AIPOD_JUDGE_H
#define AIPOD_JUDGE_H

#include "addr.h"
#include "buf.h"
#include "rule.h"

#define JUDGE_ANSWERS	512		/* remembered for the session */
#define JUDGE_WHY	256

#define JUDGE_HOST	"host.containers.internal"

enum judge_mode { JUDGE_ASK, JUDGE_DENY, JUDGE_OPEN, JUDGE_RECORD };

struct judge {
	enum judge_mode	 mode;
	struct buf	 text;		/* of the warden; the rules point into it */
	struct rules	 rules;
	const char	*broken;	/* why nothing is allowed; NULL */
	struct judge_answer {
		char	 name[NAME_HOST_MAX];
		int	 port;
		int	 allow;
		long long until;	/* alarm_now; 0: the session's end */
	}		*answer;	/* a ring of JUDGE_ANSWERS */
	size_t		 nanswer;
	struct rules	 seen;		/* in record mode: what was let through */
	const struct rule *told;	/* the rule that telling is of; or NULL */
	char		 telling[JUDGE_WHY];
};

enum judge_verdict { JUDGED_ALLOW, JUDGED_DENY, JUDGED_UNKNOWN };

struct judgement {
	enum judge_verdict verdict;
	int		 named;		/* the rule is this name and this port */
	char		 why[JUDGE_WHY];	/* "FILE:LINE: rule", "no rule", ... */
};

/* "ask", "deny", "open", "record"; -1 when it is none. */
int	 judge_mode(const char *);
const char *judge_mode_name(enum judge_mode);
/*
 * Take the rules from a warden's message, which is emptied.  What cannot be
 * understood leaves nothing allowed.
 */
void	 judge_update(struct judge *, struct buf *);
void	 judge_free(struct judge *);
/* The name must be normalised, kind as name_normalise told. */
void	 judge_name(struct judge *, const char *name, enum name_kind, int port,
	    struct judgement *);
/*
 * May this address be dialled for a name that was allowed?  1, or 0 with why
 * set to a phrase.
 */
int	 judge_addr(const struct judge *, const struct judgement *,
	    const struct addr *, int port, const char **why);
/*
 * What the user said, for as long as the session lives; or, brief, for a while:
 * a no, so that what tries ten times asks once, and a yes until its rule is
 * here, by which alone it can be taken back.
 */
#define JUDGE_BRIEF_MS	30000
int	 judge_remember(struct judge *, const char *name, int port, int allow,
	    int brief);
/*
 * Record mode: note what was reached; the smallest rules that would have let
 * it through.
 */
void	 judge_note(struct judge *, const char *name, int port);
int	 judge_recorded(const struct judge *, struct buf *);

#endif
