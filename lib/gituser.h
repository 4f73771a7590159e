/*
 * Who the user is to git: user.name and user.email of their own configuration,
 * read without git, and never from a repository.
 */
#ifndef AIPOD_GITUSER_H
#define AIPOD_GITUSER_H

struct buf;

struct gituser {
	char	*name;			/* NULL: not said */
	char	*email;
};

/*
 * $GIT_CONFIG_GLOBAL, else $XDG_CONFIG_HOME/git/config and ~/.gitconfig, with
 * what they include without a condition.
 */
void	gituser_find(struct gituser *);
void	gituser_free(struct gituser *);
/*
 * Append a configuration file for $GIT_CONFIG_SYSTEM, which everything else
 * goes before: what git needs where it cannot write a repository's
 * configuration, what the image has there, then the user.
 */
void	gituser_write(const struct gituser *, struct buf *);

#endif
