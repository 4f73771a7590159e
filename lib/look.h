/*
 * What the parts of the content scanner share: the rules, the text that is
 * looked at, and what was found in it.
 */
#ifndef AIPOD_LOOK_H
#define AIPOD_LOOK_H

#include <stddef.h>

#include "ac.h"
#include "assign.h"
#include "pairs.h"
#include "shape.h"

struct look;

enum look_kind {
	LOOK_PLAIN,			/* configuration, or nobody knows */
	LOOK_CODE,			/* a programming language */
	LOOK_PROSE,			/* documentation */
	LOOK_BINARY,
	LOOK_TESTS = 4			/* and it is part of a test */
};

enum rule_how { RULE_SHAPE, RULE_ASSIGNED, RULE_PLACE };
enum rule_check { CHECK_NONE, CHECK_GITHUB, CHECK_JWT, CHECK_LOOSE,
	CHECK_RANDOM, CHECK_MIXED };

struct rule_secret {
	const char	*name;		/* in scan_rules' text */
	enum rule_how	 how;
	struct shape	 shape;
	void		(*place)(struct look *, const struct rule_secret *,
			    size_t at, size_t end);
	int		 arg;		/* of the place */
	int		 floor;		/* entropy, hundredths of a bit */
	enum rule_check	 check;
};

/* A literal and the rule that it leads to. */
struct rule_literal {
	char		*text;
	size_t		 len;
	size_t		 rule;
	int		 coded;		/* 0, or how it is coded: 'b' 'h' '%' */
	int		 begins;	/* it begins a word */
};

struct scan_rules {
	char		*text;		/* the file's */
	struct rule_secret *rule;
	size_t		 n;
	struct rule_literal *lit;
	size_t		 nlit;
	struct ac	*ac;
	struct pairs	 pairs;
};

struct spot {
	size_t		 from;
	size_t		 to;
	const char	*rule;
	int		 rank;		/* 0 is surest */
};

#define LOOK_SPOTS	4096		/* of one window */

/*
 * How far a part of the text was looked at already, so that a literal that
 * stands there again and again does not make anybody look again and again.
 */
struct look_lane {
	struct assign_memo value;
	size_t		 token;		/* end of the last value judged */
	size_t		 password;
	size_t		 call;		/* arguments */
	size_t		 command;	/* switches of a command, */
	int		 letter;	/* and the one looked for */
	size_t		 curl;
	size_t		 header;
	size_t		 scheme;
	size_t		 document;	/* of Kubernetes */
	size_t		 pair;		/* "auth": "x" */
	size_t		 line;		/* the last line asked for: */
	size_t		 line_end;	/* [line, line_end) */
	size_t		 rule;		/* the last shape that was there, */
	size_t		 shape_end;	/* and where it ended */
};

struct look {
	const struct scan_rules *rules;
	const unsigned char *s;
	size_t		 n;
	size_t		 lo;		/* literals are looked at in [lo, hi) */
	size_t		 hi;
	size_t		 part;		/* what is searched at the moment, */
	size_t		 npart;		/* and how many bytes that is */
	enum look_kind	 kind;		/* without LOOK_TESTS, */
	int		 tests;		/* which is here */
	int		 depth;		/* 1 in what was decoded */
	struct spot	*spot;		/* room for LOOK_SPOTS */
	size_t		 nspot;
	struct look_lane lane[AC_LANES];
	struct look_lane *done;		/* of these, where we are */
	int		 overflow;
};

/* Load share/rules/secrets.tsv; exit ST_USAGE where a line of it is wrong. */
struct scan_rules *xscan_rules(const char *file);
void	 scan_rules_free(struct scan_rules *);

/* Look at the text; the spots are sorted, and of two that overlap the surer
 * one stays. */
void	 look_at(struct look *);
void	 look_add(struct look *, const char *rule, size_t from, size_t to,
	    int rank);
/* Add a password that the place tells; in a test only a strong one or one that
 * no person chose: the others are there to be wrong, stored and asked for. */
void	 look_password(struct look *, const char *rule, size_t from,
	    size_t to, int rank);
enum look_kind look_kind(const char *path);

/* 1 when the text at i begins with the word, which is in lower case. */
int	 look_word(const struct look *, size_t i, const char *word);
/* The end of the line; joined: of the lines that a backslash joins. */
size_t	 look_line_end(struct look *, size_t i, int joined);
/* As assign_parse and assign_value. */
int	 look_assign(struct look *, size_t at, size_t end, struct assign *);
int	 look_value(struct look *, size_t at, struct assign *);
/* 1 when what is in [from, to) was generated; level as of guess_random. */
int	 look_random(const struct look *, size_t from, size_t to, int level);

/* The place with this name and argument, for the rules; NULL: no such. */
void	(*place_find(const char *name))(struct look *,
	    const struct rule_secret *, size_t, size_t);

#endif
