/*
 * Functions that cannot be called safely or that hide a shell.  Every file
 * is compiled with this in front, so using one is an error.
 */
#ifndef AIPOD_BANNED_H
#define AIPOD_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's fortify makes a macro of it for clang */
#undef sprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison strtok system popen tmpnam tempnam mktemp atoi atol atoll
#pragma GCC poison strerror_r vfork

#endif
