/*
 * Rules, aipod-rules(5): what the user has allowed or denied, one a line.
 * The last match wins; nothing matching is no answer.
 */
#ifndef AIPOD_RULE_H
#define AIPOD_RULE_H

#include <stddef.h>

enum rule_kind { RULE_COMMAND, RULE_SERVICE, RULE_HOST };
enum rule_verdict { RULE_NONE, RULE_ALLOW, RULE_DENY };

struct rule {
	enum rule_verdict verdict;
	enum rule_kind	  kind;
	char		 *pattern;	/* host: without port; command:
					   without a trailing " *" */
	int		  port;		/* host: 0 is the default ports */
	int		  more;		/* command: " *" stood at the end */
	char		**rest;		/* words after the pattern, NULL at end */
	struct rules	*preset;	/* the hosts of "allow preset NAME" */
	const char	 *file;		/* name given to rules_load */
	int		  line;
};

struct rules {
	struct rule	*r;
	size_t		 n;
	char		 why[256];	/* after failure: file, line, reason */
};

#define RULES_INIT	{ NULL, 0, "" }

/*
 * Append the rules of a file; a file that does not exist has none.  Returns
 * 0, or -1 with why set: unreadable, writable by others, or a line that is no
 * rule (nothing is skipped: a rule that cannot be understood might have been
 * a denial).
 */
int	 rules_load(struct rules *, const char *path);
int	 rules_parse(struct rules *, const char *name, char *text);
void	 rules_free(struct rules *);

/*
 * The last rule that matches, or NULL.  A command is compared as bytes; a
 * trailing " *" stands for one or more plain words, never for shell syntax; in
 * a denial it stands for anything at all.  Words "digest HEX" in rest are
 * given back, not judged.
 */
const struct rule *rules_command(const struct rules *, const char *cmd,
	    size_t len);
/*
 * The name must have been normalised by name_normalise.  A rule without port
 * holds for the ports 80 and 443.  "*.example.com" matches names below
 * example.com, not example.com itself.
 */
const struct rule *rules_host(const struct rules *, const char *name, int port);
/*
 * keys: NULL-terminated, sorted; NULL is none.  A denial without keys holds
 * for the image with any.
 */
const struct rule *rules_service(const struct rules *, const char *image,
	    char *const *keys);

/* The digest that a command's rule is bound to, or NULL. */
const char *rule_digest(const struct rule *);

/* 1 when the n bytes are plain words with one space between. */
int	 rule_plain(const char *, size_t n);

/*
 * Append the bytes as one word that rules_parse reads back.  With exact, a
 * trailing " *" stands for itself.
 */
struct buf;
int	 rule_quote(struct buf *, const char *, size_t n, int exact);

/* A rule as one line without newline, quoted so that rules_parse reads it. */
int	 rule_show(struct buf *, const struct rule *);

#endif
