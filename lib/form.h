/*
 * Places of a secret that a syntax of its own tells: the address of a service, a
 * key block, a header, a command, a file of accounts.  Each looks at the text
 * around the literal of its rule in [at, end), and adds what it finds.
 */
#ifndef AIPOD_FORM_H
#define AIPOD_FORM_H

#include "look.h"

/* scheme://user:password@host */
void	form_url(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* -----BEGIN PRIVATE KEY-----, to its end */
void	form_pem(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* Bearer x; with the argument 'b', Basic x */
void	form_scheme(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* Authorization: x */
void	form_header(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* curl -u user:password, and its headers */
void	form_curl(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* machine x login y password z */
void	form_netrc(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* kind: Secret, and the base64 below its data: */
void	form_kubernetes(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* "auth": "base64 of user:password" */
void	form_auth64(struct look *, const struct rule_secret *, size_t at,
	    size_t end);

/* echo x | sudo -S; with the argument 'c', echo user:x | chpasswd */
void	form_piped(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* {"kty": x, "d": y}: a key of JSON that is not public */
void	form_jwk(struct look *, const struct rule_secret *, size_t at,
	    size_t end);
/* mnemonic = "twelve to twenty-four words" */
void	form_phrase(struct look *, const struct rule_secret *, size_t at,
	    size_t end);

/* user,password and below it joe,x; | user | password | and so on: a column */
void	form_column(struct look *, const struct rule_secret *, size_t at,
	    size_t end);

#endif
