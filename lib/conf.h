/*
 * Where things live and what the user has set: aipod(7), FILES.
 * Strings returned are the caller's to free.
 */
#ifndef AIPOD_CONF_H
#define AIPOD_CONF_H

/*
 * $XDG_CONFIG_HOME/aipod, $XDG_STATE_HOME/aipod: absolute, not made.  A
 * relative value is ignored, as the XDG base directory specification wants.
 * Exit ST_USAGE when there is no home directory to fall back on.
 */
char	*xconf_config_dir(void);
char	*xconf_state_dir(void);
/*
 * $XDG_RUNTIME_DIR/aipod, else /run/aipod (root), else /run/user/UID/aipod
 * where that can be had, else /tmp/aipod-UID.
 */
char	*xconf_runtime_dir(void);
/*
 * The same, made where missing and checked to be this user's alone (0700);
 * exit ST_SYS when that cannot be had.
 */
char	*xconf_make_state_dir(void);
char	*xconf_make_runtime_dir(void);

/* A file or directory below share/, e.g. "agents/claude". */
char	*xconf_share(const char *rel);
/*
 * The path of one of our own programs: $AIPOD_EXEC_PATH, the libexec
 * directory, $PATH.  Exit ST_NOTFOUND when it is nowhere.
 */
char	*xconf_tool(const char *name);
/* The same, NULL when it is nowhere. */
char	*conf_tool(const char *name);

/*
 * A setting: the environment's AIPOD_KEY, else KEY=VALUE in the
 * configuration file; NULL when it is set in neither.  The file is read at
 * the first call; exit ST_USAGE when it can be written by others or a line of
 * it is no setting.
 */
char	*xconf_get(const char *key);
/* yes/no, true/false, 1/0, on/off; dflt when unset; else exit ST_USAGE. */
int	 xconf_bool(const char *key, int dflt);

#endif
