/*
 * A workspace: a directory, its hash, and the names made from it.
 */
#ifndef AIPOD_WORKSPACE_H
#define AIPOD_WORKSPACE_H

#define WORKSPACE_HASH	13		/* 12 hexadecimal digits and a NUL */
#define SESSION_ID	9		/* 8 hexadecimal digits and a NUL */

struct workspace {
	char	*path;			/* canonical: absolute, no links */
	char	 hash[WORKSPACE_HASH];	/* of the bytes of path, SHA-256 */
	char	 name[33];		/* last component, made fit for a name */
};

/*
 * Resolve dir (NULL: the working directory); 0, or -1 with errno when it is
 * no directory that can be entered.  workspace_free releases it.
 */
int	 workspace_open(struct workspace *, const char *dir);
void	 workspace_free(struct workspace *);
/* For tools: $AIPOD_WORKSPACE, else the working directory; exit ST_USAGE. */
void	 xworkspace_open(struct workspace *, const char *dir);

/* Names by design.md, "Names"; new strings. */
char	*workspace_container(const struct workspace *, const char *session);
char	*workspace_image(const struct workspace *);
char	*workspace_home_volume(const struct workspace *);
char	*workspace_mask_volume(const struct workspace *, const char *dir);

/* STATE/HASH, and STATE/HASH/fact; new strings, nothing made. */
char	*workspace_state(const struct workspace *, const char *fact);
/* Make STATE/HASH (0700) and its fact "path"; exit ST_SYS when it cannot. */
char	*xworkspace_make_state(const struct workspace *);
/* RUNTIME/HASH; a new string, nothing made. */
char	*workspace_runtime(const struct workspace *);

/* 1 when s is n lower-case hexadecimal digits. */
int	 is_hex(const char *s, int n);

#endif
